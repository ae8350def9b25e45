/** Objects that nodes send up: how the cloud side takes them (reference/exchange-mms.md §0, "A service container can publish upwards"). */
import { type MetaData, needsVerification } from '../mms/meta-data.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { verifyData } from '../mms/signature.ts';
import { isOwn, keyOf, type ObjectKey } from '../mms/stored-object.ts';
import { ignored, internalError, invalidRequest, SyncError } from '../mms/sync-error.ts';
import type { ChunkRange } from '../mms/sync-service.ts';
import type { Webhooks } from '../mms/webhooks.ts';
import type { Report } from './deliveries.ts';
import type { Notifications } from './notifications.ts';

export class Arrivals {
  readonly #store: ObjectStore;
  readonly #notifications: Notifications;
  readonly #webhooks: Webhooks;

  constructor(store: ObjectStore, notifications: Notifications, webhooks: Webhooks) {
    this.#store = store;
    this.#notifications = notifications;
    this.#webhooks = webhooks;
  }

  /** Metadata of a new version. An id that a publisher has taken stays the publisher's. @throws SyncError */
  update(meta: MetaData): void {
    const key = keyOf(meta);
    const origin = { org: meta.destinationOrgID, type: meta.originType, id: meta.originID };
    const known = this.#notifications.get(key, origin);
    if (known !== undefined && known.instanceID >= meta.instanceID) throw ignored('Ignore object update');
    this.#notifications.set(key, origin, 'handleUpdate', meta);
    const existing = this.#store.get(key);
    if (existing !== undefined && isOwn(existing.status)) {
      throw internalError('Error in handleUpdate: cannot update object from the receiver side.');
    }
    const sameData = meta.metaOnly && (meta.dataID === known?.dataID || meta.dataID === 0n);
    const complete = meta.link !== '' || meta.noData || sameData;
    this.#store.put(meta, undefined, complete ? 'completelyReceived' : 'partiallyreceived');
    if (complete) this.#notifications.set(key, origin, 'received', meta);
  }

  /** All of the data. Data of a bad signature is thrown away, and the node is told that all is well. */
  data(key: ObjectKey, data: Uint8Array): void {
    const object = this.#store.get(key);
    if (object === undefined) throw invalidRequest('Failed to find object to set data');
    try {
      if (needsVerification(object.meta)) this.#verify(key, object.meta, data);
      else this.#store.putData(key, data);
      this.#store.setStatus(key, 'completelyReceived');
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
    }
    const stored = this.#store.get(key);
    if (stored === undefined) return;
    const { meta } = stored;
    const origin = { org: meta.destinationOrgID, type: meta.originType, id: meta.originID };
    this.#notifications.set(key, origin, 'received', meta);
    void this.#webhooks.call(meta);
  }

  #verify(key: ObjectKey, meta: MetaData, data: Uint8Array): void {
    this.#store.setStatus(key, 'receiverVerifying');
    try {
      this.#store.putData(key, data);
      verifyData(meta, data);
    } catch (error) {
      this.#store.removeData(key);
      this.#store.setStatus(key, 'receiverVerificationFailed');
      throw error;
    }
  }

  /** A part of the data. A bolt store never sees that it was the last: such an object does not become complete. */
  chunk(key: ObjectKey, chunk: Uint8Array, { start, end }: ChunkRange): void {
    if (this.#store.get(key) === undefined) throw invalidRequest('Failed to find object to set data');
    this.#store.appendData(key, chunk, start, end - start + 1);
  }

  /** The node has deleted the object: it stays as a tombstone until somebody acknowledges it. */
  deleted(meta: MetaData): void {
    const key = keyOf(meta);
    this.#store.change(key, (object) => ({
      ...object,
      status: 'objdeleted',
      remainingConsumers: object.meta.consumers,
      meta: { ...object.meta, deleted: true },
    }));
    this.#store.removeData(key);
    this.#notifications.deleteObject(key);
  }

  /** The node knows that the object was used up here: it goes. @throws SyncError */
  consumptionKnown(report: Report): void {
    this.#settled(report, 'consumedPending', 'handleAckConsumed');
  }

  /** The node knows that its deletion was acknowledged here: the tombstone goes. @throws SyncError */
  deletionKnown(report: Report): void {
    this.#settled(report, 'deletedPending', 'handleAckObjectDeleted');
  }

  #settled({ key, node, instanceID }: Report, expected: 'consumedPending' | 'deletedPending', where: string): void {
    const notification = this.#notifications.get(key, node);
    if (notification === undefined) throw internalError(`Error in ${where}: no notification to update.`);
    if (notification.instanceID !== instanceID || notification.status !== expected) throw ignored('Ignored');
    this.#store.remove(key);
    this.#notifications.deleteObject(key);
  }
}
