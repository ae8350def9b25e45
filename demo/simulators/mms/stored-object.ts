import type { MetaData, ServiceReference } from './meta-data.ts';

/** Where an object is on its way; the text is what GET …/status answers. */
export type ObjectStatus =
  | 'notReady'
  | 'verifying'
  | 'verificationFailed'
  | 'ready'
  | 'partiallyreceived'
  | 'receiverVerifying'
  | 'receiverVerificationFailed'
  | 'completelyReceived'
  | 'objconsumed'
  | 'objdeleted'
  | 'objreceived'
  | 'consumedByDest';

/** Whether this side made the object: only such an object can be written to here. */
export function isOwn(status: ObjectStatus): boolean {
  return status === 'notReady' || status === 'ready' || status === 'verifying' || status === 'verificationFailed';
}

/** Whether data of an object in this status is hidden from readers. */
export function hidesData(status: ObjectStatus): boolean {
  switch (status) {
    case 'notReady':
    case 'verifying':
    case 'verificationFailed':
    case 'receiverVerifying':
    case 'receiverVerificationFailed':
    case 'partiallyreceived':
      return true;
    default:
      return false;
  }
}

/** A node as the cloud side knows it. */
export interface Destination {
  readonly org: string;
  readonly type: string;
  readonly id: string;
}

export type DeliveryStatus = 'pending' | 'delivering' | 'delivered' | 'consumed' | 'deleted' | 'error';

export interface Delivery {
  readonly destination: Destination;
  readonly status: DeliveryStatus;
  readonly message: string;
}

export interface ObjectKey {
  readonly org: string;
  readonly type: string;
  readonly id: string;
}

export interface StoredObject {
  readonly meta: MetaData;
  readonly status: ObjectStatus;
  /** The agbot has seen its policy. */
  readonly policyReceived: boolean;
  readonly remainingConsumers: number;
  readonly remainingReceivers: number;
  /** Data file; '' without data. */
  readonly dataFile: string;
  readonly deliveries: readonly Delivery[];
  /** Services that an update took out of the policy and that have not acknowledged it (edge side). */
  readonly removedServices: readonly ServiceReference[];
}

/** The key as one text; the stores are ordered by it. */
export const keyText = ({ org, type, id }: ObjectKey): string => `${org}:${type}:${id}`;

export const keyOf = (meta: MetaData): ObjectKey => ({
  org: meta.destinationOrgID,
  type: meta.objectType,
  id: meta.objectID,
});

export const sameDestination = (a: Destination, b: Destination): boolean =>
  a.org === b.org && a.type === b.type && a.id === b.id;
