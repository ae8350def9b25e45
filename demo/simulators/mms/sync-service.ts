/** What both sides of the sync service do with their objects, rule by rule as edge-sync-service 1.12.8 (core/base/apiModule.go). */
import { type MetaData, needsVerification } from './meta-data.ts';
import type { ObjectStore } from './object-store.ts';
import { names, type ServiceIdentity } from './service-access.ts';
import { verifyData } from './signature.ts';
import { type Delivery, hidesData, isOwn, keyOf, type ObjectKey, type StoredObject } from './stored-object.ts';
import { internalError, invalidRequest, SyncError } from './sync-error.ts';
import { acceptUpdate, type Side } from './validate-update.ts';

/** Where this side tells the other about its objects. Nothing here waits for the other side unless it says so. */
export interface Outbox {
  /** Whatever was still to be said about earlier versions no longer matters. */
  superseded(key: ObjectKey): void;
  /** A new version is there, for every node that the object goes to. */
  updated(object: StoredObject): void;
  /** The object is gone, for every node that it went to. */
  deleted(object: StoredObject): void;
  /** The object no longer goes to these nodes. */
  withdrawn(object: StoredObject, from: readonly Delivery[]): void;
  /** The last consumer has finished with the object, or with its deletion: its origin is told, and waited for. */
  acknowledge(object: StoredObject, what: 'consumed' | 'deleted'): Promise<void>;
}

/** A part of uploaded data, as Content-Range describes it. */
export interface ChunkRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

export const CHUNK_SIZE = 5_242_880;

export class SyncService {
  readonly store: ObjectStore;
  readonly side: Side;
  readonly #outbox: Outbox;

  constructor(store: ObjectStore, side: Side, outbox: Outbox) {
    this.store = store;
    this.side = side;
    this.#outbox = outbox;
  }

  /** A new object, or a new version of one. @throws SyncError */
  update(key: ObjectKey, given: MetaData, givenData: Uint8Array | undefined): void {
    const accepted = acceptUpdate(key, given, givenData, this.side);
    const existing = this.store.get(key);
    if (existing !== undefined && !isOwn(existing.status)) {
      throw invalidRequest("Can't update object of the receiving side");
    }

    const data = accepted.metaOnly || accepted.noData ? undefined : givenData;
    const meta = this.#completed(accepted, existing, data);
    const removed =
      data !== undefined && needsVerification(meta)
        ? this.#putVerified(key, meta, data)
        : this.store.put(meta, data, this.#statusOf(meta, data));

    this.#outbox.superseded(keyOf(meta));
    const stored = this.store.get(keyOf(meta));
    if (stored === undefined || stored.status !== 'ready' || stored.meta.inactive) return;
    if (removed.length > 0) this.#outbox.withdrawn(stored, removed);
    this.#outbox.updated(stored);
  }

  #completed(meta: MetaData, existing: StoredObject | undefined, data: Uint8Array | undefined): MetaData {
    const sized = {
      ...meta,
      chunkSize: CHUNK_SIZE,
      ...(data === undefined ? {} : { objectSize: data.length }),
    };
    if (meta.noData) return { ...sized, link: '', sourceDataUri: '', publicKey: '', signature: '' };
    if (!meta.metaOnly || meta.link !== '' || existing === undefined) return sized;
    const { hashAlgorithm, publicKey, signature } = existing.meta;
    return { ...sized, hashAlgorithm, publicKey, signature };
  }

  #statusOf(meta: MetaData, data: Uint8Array | undefined): 'ready' | 'notReady' {
    if (meta.link !== '' || meta.noData || data !== undefined) return 'ready';
    return meta.metaOnly && this.store.data(keyOf(meta)) !== undefined ? 'ready' : 'notReady';
  }

  /** Stores first and checks afterwards: data of a bad signature is taken away again. */
  #putVerified(key: ObjectKey, meta: MetaData, data: Uint8Array): readonly Delivery[] {
    const removed = this.store.put(meta, undefined, meta.link === '' ? 'notReady' : 'ready');
    // The status is looked for in the organisation of the path, where an object of another one is not (§C.1).
    this.store.setStatus(key, 'verifying');
    this.#verify(key, meta, data);
    return removed;
  }

  #verify(key: ObjectKey, meta: MetaData, data: Uint8Array): void {
    try {
      this.store.putData(key, data);
      verifyData(meta, data);
    } catch (error) {
      this.store.removeData(key);
      this.store.setStatus(key, 'verificationFailed');
      throw error;
    }
    this.store.setStatus(key, 'ready');
  }

  /** Data of an object whose metadata is there. @returns whether it is @throws SyncError */
  putData(key: ObjectKey, data: Uint8Array): boolean {
    const object = this.store.get(key);
    if (object === undefined) return false;
    this.#refuseForeignData(object);
    if (needsVerification(object.meta)) {
      this.store.setStatus(key, 'verifying');
      try {
        this.#verify(key, object.meta, data);
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        throw internalError(`Failed to verify and store data, Error: ${error.message}`);
      }
    } else {
      this.store.putData(key, data);
    }
    this.#announce(key);
    return true;
  }

  /**
   * One chunk of data. A bolt store expects every chunk to be empty and so takes none (reference/exchange-mms.md §0),
   * but keeps what it was sent. @returns whether the object is there @throws SyncError
   */
  putChunk(key: ObjectKey, chunk: Uint8Array, { start }: ChunkRange): boolean {
    const object = this.store.get(key);
    if (object === undefined) return false;
    this.#refuseForeignData(object);
    this.store.appendData(key, chunk, start, 0);
    return true;
  }

  #refuseForeignData({ status, meta }: StoredObject): void {
    if (!isOwn(status)) throw invalidRequest("Can't update data of the receiving side");
    if (meta.noData) throw invalidRequest("Can't update data, the NoData flag is set to true");
  }

  #announce(key: ObjectKey): void {
    const stored = this.store.get(key);
    if (stored !== undefined && !stored.meta.inactive) this.#outbox.updated(stored);
  }

  /** Data as readers get it; `undefined` while there is none for them. */
  data(key: ObjectKey): Buffer | undefined {
    const object = this.store.get(key);
    return object === undefined || hidesData(object.status) ? undefined : this.store.data(key);
  }

  activate(key: ObjectKey): void {
    const object = this.store.get(key);
    if (object === undefined) throw invalidRequest('Object not found');
    if (!isOwn(object.status)) throw invalidRequest("Can't activate object on the receiving side");
    this.store.change(key, (stored) => ({ ...stored, meta: { ...stored.meta, inactive: false } }));
    if (object.status === 'ready') this.#outbox.updated(object);
  }

  /** The agbot has read the object's policy. */
  policyReceived(key: ObjectKey): void {
    this.store.mustChange(key, (object) => ({ ...object, policyReceived: true }));
  }

  /** @throws SyncError; its message ends in a line of its own where the sync service's does */
  received(key: ObjectKey): void {
    this.#refuseUnreceived(key, 'received');
    this.store.change(key, (object) => {
      const remainingReceivers = object.remainingReceivers - 1;
      return { ...object, remainingReceivers, status: remainingReceivers === 0 ? 'objreceived' : object.status };
    });
  }

  async consumed(key: ObjectKey): Promise<void> {
    const object = this.#refuseUnreceived(key, 'consumed');
    if (this.#countDown(key) !== 0) return;
    this.store.setStatus(key, 'objconsumed');
    await this.#outbox.acknowledge(object, 'consumed');
  }

  #refuseUnreceived(key: ObjectKey, what: 'received' | 'consumed'): StoredObject {
    const object = this.store.get(key);
    if (object === undefined) throw invalidRequest(`Failed to find object to mark as ${what}`);
    if (object.status !== 'completelyReceived' && object.status !== 'objreceived') {
      throw invalidRequest(`Invalid attempt to mark object in status ${object.status} as ${what}\n`);
    }
    return object;
  }

  /**
   * A deletion is acknowledged: of the object, or, by a service that an update took out of its policy, of what looks
   * like a deletion to that service. @throws SyncError
   */
  async deletionSeen(key: ObjectKey, by: ServiceIdentity | undefined): Promise<void> {
    const object = this.store.get(key);
    if (object === undefined) throw invalidRequest('Failed to find object to confirm deletion');
    if (!object.meta.deleted) {
      this.#removalSeen(key, object, by);
      return;
    }
    if (object.status !== 'objdeleted') {
      throw invalidRequest(`Invalid attempt to confirm deletion of object in status ${object.status}\n`);
    }
    if (this.#countDown(key) === 0) await this.#outbox.acknowledge(object, 'deleted');
  }

  #removalSeen(key: ObjectKey, { removedServices }: StoredObject, by: ServiceIdentity | undefined): void {
    const what = 'Invalid attempt to confirm deletion of object';
    if (removedServices.length === 0) throw invalidRequest(`${what} with empty lastRemovedPolicyServices list\n`);
    const seen = by && removedServices.find((service) => names(service, by));
    if (seen === undefined) throw invalidRequest(`${what} for service not in lastRemovedPolicyServices\n`);
    this.store.change(key, (object) => ({
      ...object,
      removedServices: removedServices.filter((service) => service !== seen),
    }));
  }

  #countDown(key: ObjectKey): number {
    let remaining = 0;
    this.store.change(key, (object) => {
      remaining = object.remainingConsumers - 1;
      return { ...object, remainingConsumers: remaining };
    });
    return remaining;
  }

  /** @throws SyncError */
  remove(key: ObjectKey): void {
    const object = this.store.get(key);
    if (object === undefined) throw invalidRequest('Object not found');
    if (!isOwn(object.status)) {
      if (this.side.kind === 'ESS') throw invalidRequest("Can't delete object on the receiving side for ESS");
      this.store.remove(key);
      return;
    }
    if (this.side.kind === 'CSS' && object.deliveries.length === 0) {
      this.store.remove(key);
      return;
    }
    this.store.removeData(key);
    this.store.change(key, (stored) => ({
      ...stored,
      status: 'objdeleted',
      meta: { ...stored.meta, deleted: true },
    }));
    this.#outbox.deleted(object);
  }
}
