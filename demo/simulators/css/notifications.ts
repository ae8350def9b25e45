/** What the cloud side still has to tell its nodes about objects, and how far they have come (one record for each object and node). */
import type { MetaData } from '../mms/meta-data.ts';
import { type Destination, keyText, type ObjectKey } from '../mms/stored-object.ts';

export type NotificationStatus =
  // To be fetched by the node.
  | 'updatePending'
  | 'deletePending'
  | 'consumedPending'
  | 'deletedPending'
  // Where the node has come with an object sent to it.
  | 'updated'
  | 'receivedByDest'
  | 'consumedByDest'
  | 'ackDelete'
  | 'error'
  // An object that the node sent up.
  | 'handleUpdate'
  | 'received'
  | 'ackConsumed';

export interface Notification {
  readonly key: ObjectKey;
  readonly node: Destination;
  readonly status: NotificationStatus;
  readonly instanceID: bigint;
  readonly dataID: bigint;
}

/** Word of a pending notification in the protocol between the two sides. */
export const PENDING: ReadonlyMap<NotificationStatus, string> = new Map([
  ['updatePending', 'update'],
  ['deletePending', 'delete'],
  ['consumedPending', 'consumed'],
  ['deletedPending', 'deleted'],
]);

export class Notifications {
  readonly #records = new Map<string, Notification>();

  get(key: ObjectKey, node: Destination): Notification | undefined {
    return this.#records.get(textOf(key, node));
  }

  set(
    key: ObjectKey,
    node: Destination,
    status: NotificationStatus,
    meta: Pick<MetaData, 'instanceID' | 'dataID'>,
  ): void {
    const { instanceID, dataID } = meta;
    this.#records.set(textOf(key, node), { key, node, status, instanceID, dataID });
  }

  delete(key: ObjectKey, node: Destination): void {
    this.#records.delete(textOf(key, node));
  }

  /** Everything about an object. */
  deleteObject(key: ObjectKey): void {
    this.#deleteWhere((record) => keyText(record.key) === keyText(key));
  }

  /** Everything for a node. */
  deleteNode(node: Destination): void {
    this.#deleteWhere((record) => isFor(record, node));
  }

  /** In the order in which the node gets them: by object. */
  for(node: Destination): Notification[] {
    return [...this.#records]
      .filter(([, record]) => isFor(record, node))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, record]) => record);
  }

  /** Deliveries that a node reported as failed are to be fetched again. */
  retryFailed(): void {
    for (const [text, record] of this.#records) {
      if (record.status === 'error') this.#records.set(text, { ...record, status: 'updatePending' });
    }
  }

  #deleteWhere(matches: (record: Notification) => boolean): void {
    for (const [text, record] of this.#records) if (matches(record)) this.#records.delete(text);
  }
}

const textOf = (key: ObjectKey, node: Destination): string => [key.org, key.type, key.id, node.type, node.id].join(':');

const isFor = ({ node }: Notification, { org, type, id }: Destination): boolean =>
  node.org === org && node.type === type && node.id === id;
