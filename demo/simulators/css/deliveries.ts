/** What nodes report about objects that were sent to them (edge-sync-service core/communications/notificationHandler.go). */
import type { Feedback } from '../mms/decode-bodies.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { type DeliveryStatus, type Destination, type ObjectKey, sameDestination } from '../mms/stored-object.ts';
import { ignored, internalError } from '../mms/sync-error.ts';
import type { Notification, NotificationStatus, Notifications } from './notifications.ts';

/** One report: about which version of which object, from which node. */
export interface Report {
  readonly key: ObjectKey;
  readonly node: Destination;
  readonly instanceID: bigint;
  readonly dataID: bigint;
}

/** Feedback codes below this one are errors; 5 says that the object is none. */
const LAST_ERROR_CODE = 10_000;
const INVALID_OBJECT = 5;

export class Deliveries {
  readonly #store: ObjectStore;
  readonly #notifications: Notifications;

  constructor(store: ObjectStore, notifications: Notifications) {
    this.#store = store;
    this.#notifications = notifications;
  }

  /** The node has the new metadata. */
  updated(report: Report): void {
    this.#expected(report, ['updatePending'], 'handleObjectUpdated');
    this.#record(report, 'updated');
  }

  /** The node has the whole object. */
  received(report: Report): void {
    this.#current(report, ['updatePending', 'updated'], 'received');
    this.#deliver(report, 'delivered', '');
    this.#record(report, 'receivedByDest');
  }

  /** The node's services have used the object up. */
  consumed(report: Report): void {
    this.#current(report, ['updatePending', 'updated', 'receivedByDest'], 'consumed');
    this.#deliver(report, 'consumed', '');
    this.#record(report, 'consumedByDest');
  }

  /** The node knows of the deletion: when all do, the object goes. */
  deletionKnown(report: Report): void {
    this.#expected(report, ['deletePending'], 'handleAckDelete');
    this.#record(report, 'ackDelete');
    const placedThere = this.#deliver(report, 'deleted', '');
    const object = this.#store.get(report.key);
    if (placedThere && object?.deliveries.every(({ status }) => status === 'deleted')) this.#store.remove(report.key);
  }

  /** The node's services have acknowledged the deletion. */
  deletionSeen(report: Report): void {
    this.#current(report, ['deletePending', 'ackDelete'], 'deleted');
    this.#notifications.delete(report.key, report.node);
  }

  /** The node could not take the object. */
  failed(report: Report, { code, reason }: Feedback): void {
    const notification = this.#notifications.get(report.key, report.node);
    if (notification === undefined) throw internalError('Error in handleFeedback: no notification to update.');
    const settled = notification.status === 'receivedByDest' || notification.status === 'error';
    if (notification.instanceID !== report.instanceID || settled) throw ignored('Ignore feedback');
    if (code === INVALID_OBJECT) {
      this.#notifications.delete(report.key, report.node);
      return;
    }
    const isError = code < LAST_ERROR_CODE;
    this.#deliver(report, isError ? 'error' : undefined, reason);
    if (isError) this.#record(report, 'error');
  }

  /** Data for a node: only of the version that it was told about. */
  checkVersion(report: Report): void {
    const notification = this.#notifications.get(report.key, report.node);
    if (notification !== undefined && notification.instanceID !== report.instanceID) {
      throw ignored(
        'Error in handleGetData: notification.InstanceID != instanceID or notification status is not updated.',
      );
    }
  }

  isKnown(report: Report): boolean {
    return this.#notifications.get(report.key, report.node) !== undefined;
  }

  #expected(report: Report, statuses: readonly NotificationStatus[], where: string): void {
    const notification = this.#notifications.get(report.key, report.node);
    if (notification === undefined) throw internalError(`Error in ${where}: no notification to update.`);
    if (!isAbout(notification, report, statuses)) throw ignored('Ignore object updated');
  }

  #current(report: Report, statuses: readonly NotificationStatus[], what: string): void {
    const notification = this.#notifications.get(report.key, report.node);
    const known = notification !== undefined && this.#store.get(report.key) !== undefined;
    if (!known || !isAbout(notification, report, statuses)) throw ignored(`Ignore object ${what}`);
  }

  #record(report: Report, status: NotificationStatus): void {
    this.#notifications.set(report.key, report.node, status, report);
  }

  /** @returns whether the object goes to that node */
  #deliver({ key, node }: Report, status: DeliveryStatus | undefined, message: string): boolean {
    let found = false;
    this.#store.change(key, (object) => ({
      ...object,
      deliveries: object.deliveries.map((delivery) => {
        if (!sameDestination(delivery.destination, node)) return delivery;
        found = true;
        const replaced = message !== '' || delivery.status === 'error';
        return { ...delivery, status: status ?? delivery.status, message: replaced ? message : delivery.message };
      }),
    }));
    return found;
  }
}

const isAbout = (
  { instanceID, status }: Notification,
  report: Report,
  statuses: readonly NotificationStatus[],
): boolean => instanceID === report.instanceID && statuses.includes(status);
