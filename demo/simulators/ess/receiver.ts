/** How a node takes what the cloud side has for it (edge-sync-service core/communications/notificationHandler.go). */
import { type Writable, writeGoJson } from '../mms/go-json-write.ts';
import { type MetaData, needsVerification, printable } from '../mms/meta-data.ts';
import { isDeliverableName } from '../mms/names.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { removedFromPolicy, sameService } from '../mms/service-access.ts';
import { verifyData } from '../mms/signature.ts';
import { type ObjectVersion, SPI, spiPath } from '../mms/spi-path.ts';
import { isOwn, keyOf, keyText, type ObjectKey, type StoredObject } from '../mms/stored-object.ts';
import { CHUNK_SIZE } from '../mms/sync-service.ts';
import type { Webhooks } from '../mms/webhooks.ts';
import type { Gate } from './gate.ts';
import type { Link } from './link.ts';
import { readMessages } from './read-messages.ts';

/** What one look at the cloud side brought. */
export interface Poll {
  readonly messages: number;
  /** Messages about objects that the node cannot name to the cloud side: they come again with every poll. */
  readonly stalled: readonly ObjectKey[];
  /** The cloud side does not know the node. */
  readonly unknown: boolean;
}

/** Which version of an object the node has been told of. */
interface Receipt {
  readonly instanceID: bigint;
  readonly dataID: bigint;
  readonly failed: boolean;
}

class Undeliverable extends Error {}
class Vanished extends Error {}

const INTERNAL_ERROR = 1;

export class Receiver {
  readonly #store: ObjectStore;
  readonly #link: Link;
  readonly #webhooks: Webhooks;
  readonly #gate: Gate;
  readonly #receipts = new Map<string, Receipt>();

  /** @param gate passed between the moment in which old data goes and the one in which new data is fetched */
  constructor(store: ObjectStore, link: Link, webhooks: Webhooks, gate: Gate) {
    this.#store = store;
    this.#link = link;
    this.#webhooks = webhooks;
    this.#gate = gate;
  }

  /** Fetches what is waiting and takes it, one message after another. @throws LinkDown */
  async poll(): Promise<Poll> {
    const reply = await this.#link.try({ method: 'GET', path: `${SPI}objects/` });
    const messages = reply.status === 200 ? readMessages(reply.body.toString()) : [];
    const stalled: ObjectKey[] = [];
    for (const { type, meta } of messages) {
      try {
        await this.#take(type, meta);
      } catch (error) {
        if (!(error instanceof Undeliverable)) throw error;
        stalled.push(keyOf(meta));
      }
    }
    return { messages: messages.length, stalled, unknown: reply.status === 424 };
  }

  /** The node starts anew: what it has half of goes, and with it what it was told. */
  forget(): void {
    this.#receipts.clear();
    for (const { meta, status } of this.#store.all())
      if (status === 'partiallyreceived') this.#store.remove(keyOf(meta));
  }

  /** The object is used up or its deletion acknowledged: a next version is as new. */
  forgetObject(key: ObjectKey): void {
    this.#receipts.delete(keyText(key));
  }

  async #take(type: string, meta: MetaData): Promise<void> {
    switch (type) {
      case 'update':
        return this.#update(meta);
      case 'delete':
        return this.#delete(meta);
      case 'consumed':
        return this.#consumedAbove(meta);
      case 'deleted':
        await this.#say(meta, 'ackDeleted');
        return;
      default:
    }
  }

  async #update(meta: MetaData): Promise<void> {
    const key = keyOf(meta);
    const receipt = this.#receipts.get(keyText(key));
    if (receipt !== undefined && this.#isOld(receipt, meta)) return this.#repeat(meta);
    if (receipt?.instanceID === meta.instanceID) this.#store.removeData(key);
    this.#receipts.set(keyText(key), { instanceID: meta.instanceID, dataID: meta.dataID, failed: false });
    try {
      await this.#receive(meta, receipt?.dataID ?? -1n);
    } catch (error) {
      if (error instanceof Vanished) {
        this.#store.remove(key);
        this.#receipts.delete(keyText(key));
        return;
      }
      // Anything else is reported, and the cloud side will offer the same version again; so it is not old then.
      this.#receipts.set(keyText(key), { instanceID: meta.instanceID, dataID: meta.dataID, failed: true });
      await this.#report(meta, error instanceof Error ? error.message : String(error));
    }
  }

  #isOld(receipt: Receipt, meta: MetaData): boolean {
    return receipt.instanceID > meta.instanceID || (!receipt.failed && receipt.instanceID === meta.instanceID);
  }

  /** A version that is there already, or on its way: only the word to the cloud side was lost. */
  async #repeat(meta: MetaData): Promise<void> {
    const object = this.#store.get(keyOf(meta));
    const complete = object?.status === 'completelyReceived' || object?.status === 'objreceived';
    await this.#say(meta, complete && object.meta.instanceID === meta.instanceID ? 'received' : 'updated');
  }

  async #receive(meta: MetaData, knownDataId: bigint): Promise<void> {
    const key = keyOf(meta);
    const before = this.#store.get(key);
    const dataIsHere = meta.metaOnly && (meta.dataID === knownDataId || meta.dataID === 0n);
    const complete = meta.link !== '' || meta.noData || dataIsHere;
    if (before !== undefined && isOwn(before.status)) {
      throw new Error('Error in handleUpdate: cannot update object from the receiver side.');
    }
    this.#store.put(meta, undefined, complete ? 'completelyReceived' : 'partiallyreceived');
    this.#rememberRemovedServices(key, before, meta);
    if (complete) {
      await this.#say(meta, 'received');
      return;
    }
    await this.#say(meta, 'updated');
    await this.#gate.pass();
    await this.#fetchData(meta);
    await this.#say(meta, 'received');
    void this.#webhooks.call(meta);
  }

  /** Services that the new policy no longer names see the object as deleted until they acknowledge it. */
  #rememberRemovedServices(key: ObjectKey, before: StoredObject | undefined, meta: MetaData): void {
    const old = before?.meta.destinationPolicy;
    if (before === undefined || !old || meta.destinationPolicy === null) return;
    const removed = removedFromPolicy(old, meta.destinationPolicy).filter(
      (service) => !before.removedServices.some((known) => sameService(known, service)),
    );
    this.#store.change(key, (object) => ({ ...object, removedServices: [...before.removedServices, ...removed] }));
  }

  async #fetchData(meta: MetaData): Promise<void> {
    const key = keyOf(meta);
    const data = meta.objectSize > CHUNK_SIZE ? await this.#fetchChunks(meta) : await this.#fetchWhole(meta);
    if (needsVerification(meta)) {
      this.#store.setStatus(key, 'receiverVerifying');
      try {
        verifyData(meta, data);
      } catch (error) {
        this.#store.removeData(key);
        this.#store.setStatus(key, 'receiverVerificationFailed');
        throw error;
      }
    }
    this.#store.putData(key, data);
    this.#store.setStatus(key, 'completelyReceived');
  }

  async #fetchWhole(meta: MetaData): Promise<Buffer> {
    const reply = await this.#link.try({ method: 'GET', path: spiPath(versionOf(meta), 'data') });
    if (reply.status === 404) throw new Vanished();
    if (reply.status === 200) return reply.body;
    throw new Error(`Error in GetData: failed to receive data from the other side. Error code: ${reply.status}, `);
  }

  async #fetchChunks(meta: MetaData): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let start = 0; start < meta.objectSize; start += CHUNK_SIZE) {
      const end = Math.min(start + CHUNK_SIZE, meta.objectSize) - 1;
      const headers = { range: `bytes=${start}-${end}` };
      const reply = await this.#link.try({ method: 'GET', path: spiPath(versionOf(meta), 'data'), headers });
      if (reply.status === 404) throw new Vanished();
      if (reply.status !== 206) throw new Error(`failed to receive data. Error code: ${reply.status}`);
      chunks.push(reply.body);
    }
    return Buffer.concat(chunks);
  }

  async #delete(meta: MetaData): Promise<void> {
    const key = keyOf(meta);
    if (this.#store.get(key) === undefined) {
      this.#store.put({ ...meta, deleted: true }, undefined, 'objdeleted');
    } else {
      this.#store.change(key, (object) => ({
        ...object,
        status: 'objdeleted',
        remainingConsumers: object.meta.consumers,
        meta: { ...object.meta, deleted: true },
      }));
      this.#store.removeData(key);
    }
    this.forgetObject(key);
    await this.#say(meta, 'ackDelete');
  }

  /** What a service here had sent up was used up there. */
  async #consumedAbove(meta: MetaData): Promise<void> {
    const key = keyOf(meta);
    if (this.#store.get(key) !== undefined) {
      this.#store.removeData(key);
      this.#store.setStatus(key, 'consumedByDest');
    }
    await this.#say(meta, 'ackconsumed');
  }

  async #report(meta: MetaData, reason: string): Promise<void> {
    await this.#say(meta, 'feedback', { Code: INTERNAL_ERROR, RetryInterval: 0, Reason: reason });
  }

  /** @throws Undeliverable for names that cannot be put into a request */
  async #say(meta: MetaData, topic: string, body?: Writable): Promise<void> {
    const { org, type, id } = keyOf(meta);
    if (![org, type, id].every(isDeliverableName)) throw new Undeliverable();
    await this.#link.insist({
      method: 'PUT',
      path: spiPath(versionOf(meta), topic),
      ...(body === undefined ? {} : { body: writeGoJson(body) }),
    });
  }
}

/** Metadata as a body between the two sides. */
export const metaBody = (meta: MetaData): string => writeGoJson(printable(meta));

export const versionOf = (meta: MetaData): ObjectVersion => ({
  key: keyOf(meta),
  instanceID: meta.instanceID,
  dataID: meta.dataID,
});
