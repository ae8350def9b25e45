import type { MetaData } from '../mms/meta-data.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { type Delivery, keyOf, type ObjectKey, type StoredObject } from '../mms/stored-object.ts';
import type { Outbox } from '../mms/sync-service.ts';
import type { NotificationStatus, Notifications } from './notifications.ts';
import type { WorkQueue } from './work-queue.ts';

/** The cloud side's word to its nodes: records that they fetch. Most are made after the publisher has its answer. */
export class CssOutbox implements Outbox {
  readonly #store: ObjectStore;
  readonly #notifications: Notifications;
  readonly #queue: WorkQueue;

  constructor(store: ObjectStore, notifications: Notifications, queue: WorkQueue) {
    this.#store = store;
    this.#notifications = notifications;
    this.#queue = queue;
  }

  /** Of an update these go before its answer. */
  superseded(key: ObjectKey): void {
    this.#notifications.deleteObject(key);
  }

  updated({ meta }: StoredObject): void {
    const key = keyOf(meta);
    this.#queue.add(() => {
      this.#store.change(key, (stored) => ({
        ...stored,
        deliveries: stored.deliveries.map((delivery) => ({ ...delivery, status: 'delivering' })),
      }));
      this.#tell(meta, this.#store.get(key)?.deliveries ?? [], 'updatePending');
    });
  }

  /** The object goes to more nodes: they stay `pending` until they have it. */
  placed({ meta }: StoredObject, to: readonly Delivery[]): void {
    this.#queue.add(() => this.#tell(meta, to, 'updatePending'));
  }

  /** Nodes that have not been sent the object are not told either, and still fetch it when they were to. */
  withdrawn({ meta }: StoredObject, from: readonly Delivery[]): void {
    const told = from.filter(({ status }) => status !== 'pending' && status !== 'deleted');
    this.#queue.add(() => this.#tell(meta, told, 'deletePending'));
  }

  deleted({ meta }: StoredObject): void {
    this.#queue.add(() => this.#tell(meta, this.#store.get(keyOf(meta))?.deliveries ?? [], 'deletePending'));
  }

  #tell(meta: MetaData, to: readonly Delivery[], status: NotificationStatus): void {
    for (const { destination } of to) this.#notifications.set(keyOf(meta), destination, status, meta);
  }

  async acknowledge({ meta }: StoredObject, what: 'consumed' | 'deleted'): Promise<void> {
    const origin = { org: meta.destinationOrgID, type: meta.originType, id: meta.originID };
    this.#notifications.set(keyOf(meta), origin, what === 'consumed' ? 'consumedPending' : 'deletedPending', meta);
  }
}
