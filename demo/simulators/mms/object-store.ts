/** The objects of one side, stored as the sync service's bolt store does: quirks and order included (reference/exchange-mms.md §C.9). */
import { DataFiles } from './data-files.ts';
import type { MetaData } from './meta-data.ts';
import {
  type Delivery,
  isOwn,
  keyOf,
  keyText,
  type ObjectKey,
  type ObjectStatus,
  type StoredObject,
} from './stored-object.ts';
import { internalError, invalidRequest } from './sync-error.ts';

/** Which nodes a new version without a destination policy goes to, and which it no longer goes to. */
export type Deliver = (
  meta: MetaData,
  current: readonly Delivery[],
) => { readonly deliveries: readonly Delivery[]; readonly removed: readonly Delivery[] };

const POLICY_FIXED = "Can't update the existence of Destination Policy";

export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #files = new DataFiles();
  readonly #deliver: Deliver;
  // Nanoseconds since 1970, counted up: two versions that follow one another are equal once rounded to a double.
  #lastId = BigInt(Date.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000));

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(keyText(key));
  }

  /** All objects in the order of the store. */
  all(): StoredObject[] {
    return [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /**
   * Stores metadata, with data when given. Without data, and unless it is about the metadata only, old data goes.
   * Data is written or removed before it is known whether the update is allowed: a refused update has changed it.
   *
   * @returns nodes that the object no longer goes to
   */
  put(given: MetaData, data: Uint8Array | undefined, status: ObjectStatus): readonly Delivery[] {
    const { meta, deliveries, removed } = this.#prepare(given, data, status);
    const existing = this.get(keyOf(meta));
    if (meta.metaOnly && existing !== undefined) {
      this.#putMetaOnly(meta, existing, status, deliveries);
      return removed;
    }

    const file = fileOf(meta);
    if (!meta.noData && data !== undefined) this.#files.store(file, data);
    else if (!meta.metaOnly) this.#files.remove(file);

    if (existing !== undefined) refuseChangedPolicy(existing.meta, meta);
    this.#set({
      meta,
      status,
      policyReceived: false,
      remainingConsumers: meta.consumers,
      remainingReceivers: meta.consumers,
      dataFile: !meta.noData && data !== undefined ? file : '',
      deliveries: meta.destinationPolicy !== null && existing !== undefined ? existing.deliveries : deliveries,
      removedServices: [],
    });
    return removed;
  }

  #prepare(
    given: MetaData,
    data: Uint8Array | undefined,
    status: ObjectStatus,
  ): { meta: MetaData; deliveries: readonly Delivery[]; removed: readonly Delivery[] } {
    const policy = given.destinationPolicy && { ...given.destinationPolicy, timestamp: nanoseconds() };
    if (!isOwn(status)) return { meta: { ...given, destinationPolicy: policy }, deliveries: [], removed: [] };
    const instanceID = this.#nextId();
    const withData = data !== undefined && !given.noData && !given.metaOnly;
    const meta = {
      ...given,
      instanceID,
      dataID: withData ? instanceID : given.dataID,
      destinationPolicy: policy,
    };
    const current = this.get(keyOf(meta))?.deliveries ?? [];
    return { meta, ...(policy === null ? this.#deliver(meta, current) : { deliveries: [], removed: [] }) };
  }

  #putMetaOnly(meta: MetaData, existing: StoredObject, status: ObjectStatus, deliveries: readonly Delivery[]): void {
    if (existing.status === 'consumedByDest') {
      throw invalidRequest("Can't update only the meta data of consumed object");
    }
    refuseChangedPolicy(existing.meta, meta);
    const { dataID, publicKey, signature } = existing.meta;
    this.#set({
      ...existing,
      meta: { ...meta, dataID, publicKey, signature },
      status,
      policyReceived: false,
      remainingConsumers: meta.consumers,
      remainingReceivers: meta.consumers,
      ...(meta.destinationPolicy === null ? { deliveries } : {}),
    });
  }

  /** Stores data for an object that is there. @returns whether it is */
  putData(key: ObjectKey, data: Uint8Array): boolean {
    const file = DataFiles.nameFor(key.org, key.type, key.id);
    const objectSize = this.#files.store(file, data);
    return this.change(key, (object) => this.#withNewData({ ...object, dataFile: file }, objectSize));
  }

  /** Appends a chunk of `expected` bytes to the data on its way. */
  appendData(key: ObjectKey, chunk: Uint8Array, offset: number, expected: number): void {
    const object = this.get(key);
    if (object === undefined) throw internalError('Object not found');
    if (object.dataFile === '' && offset !== 0) throw internalError('No path to store data');
    const dataFile = object.dataFile === '' ? fileOf(object.meta) : object.dataFile;
    this.#set({ ...object, dataFile });
    this.#files.append(dataFile, chunk, offset, expected);
  }

  /** The appended chunks become the object's data. */
  finishData(key: ObjectKey): void {
    const object = this.get(key);
    if (object !== undefined) this.#files.finish(object.dataFile);
  }

  #withNewData(object: StoredObject, objectSize: number): StoredObject {
    const status = object.status === 'notReady' ? 'ready' : object.status;
    if (status !== 'ready' && status !== 'verifying') {
      return { ...object, status, meta: { ...object.meta, objectSize } };
    }
    const id = this.#nextId();
    return { ...object, status, meta: { ...object.meta, objectSize, instanceID: id, dataID: id } };
  }

  data(key: ObjectKey): Buffer | undefined {
    const file = this.get(key)?.dataFile ?? '';
    return file === '' ? undefined : this.#files.read(file);
  }

  /** @returns whether the object is there */
  change(key: ObjectKey, how: (object: StoredObject) => StoredObject): boolean {
    const object = this.get(key);
    if (object === undefined) return false;
    this.#set(how(object));
    return true;
  }

  /** As `change`, for what the sync service expects to be there. @throws SyncError (500) */
  mustChange(key: ObjectKey, how: (object: StoredObject) => StoredObject): void {
    if (!this.change(key, how)) throw internalError('Object not found');
  }

  setStatus(key: ObjectKey, status: ObjectStatus): void {
    this.mustChange(key, (object) => ({ ...object, status }));
  }

  removeData(key: ObjectKey): void {
    const file = this.get(key)?.dataFile ?? '';
    if (file === '') return;
    this.#files.removeTemporary(file);
    this.#files.remove(file);
    this.change(key, (object) => ({ ...object, dataFile: '' }));
  }

  remove(key: ObjectKey): void {
    const file = this.get(key)?.dataFile ?? '';
    if (file !== '') this.#files.remove(file);
    this.#objects.delete(keyText(key));
  }

  #set(object: StoredObject): void {
    this.#objects.set(keyText(keyOf(object.meta)), object);
  }

  #nextId(): bigint {
    this.#lastId += 1n;
    return this.#lastId;
  }
}

const fileOf = (meta: MetaData): string => DataFiles.nameFor(meta.destinationOrgID, meta.objectType, meta.objectID);

const nanoseconds = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;

function refuseChangedPolicy(before: MetaData, after: MetaData): void {
  if ((before.destinationPolicy === null) !== (after.destinationPolicy === null)) throw invalidRequest(POLICY_FIXED);
}
