import type { ObjectStore } from '../mms/object-store.ts';
import { type Delivery, keyOf, type ObjectKey, type StoredObject } from '../mms/stored-object.ts';
import type { Outbox } from '../mms/sync-service.ts';
import type { Notifications } from './notifications.ts';

/** The cloud side's word to its nodes: records that they fetch. */
export class CssOutbox implements Outbox {
  readonly #store: ObjectStore;
  readonly #notifications: Notifications;

  constructor(store: ObjectStore, notifications: Notifications) {
    this.#store = store;
    this.#notifications = notifications;
  }

  superseded(key: ObjectKey): void {
    this.#notifications.deleteObject(key);
  }

  updated(object: StoredObject): void {
    const key = keyOf(object.meta);
    this.#store.change(key, (stored) => ({
      ...stored,
      deliveries: stored.deliveries.map((delivery) => ({ ...delivery, status: 'delivering' })),
    }));
    this.placed(object, object.deliveries);
  }

  /** The object goes to more nodes: they stay `pending` until they have it. */
  placed({ meta }: StoredObject, to: readonly Delivery[]): void {
    for (const { destination } of to) this.#notifications.set(keyOf(meta), destination, 'updatePending', meta);
  }

  /** Nodes that have not been sent the object are not told either, and still fetch it when they were to. */
  withdrawn({ meta }: StoredObject, from: readonly Delivery[]): void {
    for (const { destination, status } of from) {
      if (status !== 'pending' && status !== 'deleted') {
        this.#notifications.set(keyOf(meta), destination, 'deletePending', meta);
      }
    }
  }

  deleted({ meta, deliveries }: StoredObject): void {
    for (const { destination } of deliveries) {
      this.#notifications.set(keyOf(meta), destination, 'deletePending', meta);
    }
  }

  async acknowledge({ meta }: StoredObject, what: 'consumed' | 'deleted'): Promise<void> {
    const origin = { org: meta.destinationOrgID, type: meta.originType, id: meta.originID };
    this.#notifications.set(keyOf(meta), origin, what === 'consumed' ? 'consumedPending' : 'deletedPending', meta);
  }
}
