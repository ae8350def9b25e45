/**
 * An object's metadata as the sync service keeps it (reference/exchange-mms.md §C.3). Instance and data ids are int64:
 * on a bolt store they exceed 2^53, and printing them as anything but big integers would be kinder than the real thing.
 */
import type { Writable } from './go-json-write.ts';

export interface PolicyProperty {
  readonly name: string;
  readonly value: Writable;
  readonly type: string;
}

export interface ServiceReference {
  readonly orgID: string;
  readonly arch: string;
  readonly serviceName: string;
  readonly version: string;
}

/** A list that was absent stays null, and is printed so. */
export interface DestinationPolicy {
  readonly properties: readonly PolicyProperty[] | null;
  readonly constraints: readonly string[] | null;
  readonly services: readonly ServiceReference[] | null;
  /** Unix nanoseconds of the last write. */
  readonly timestamp: bigint;
}

/** Field names and order are the wire's. */
export interface MetaData {
  readonly objectID: string;
  readonly objectType: string;
  readonly destinationOrgID: string;
  readonly destinationID: string;
  readonly destinationType: string;
  readonly destinationsList: readonly string[] | null;
  readonly destinationPolicy: DestinationPolicy | null;
  readonly expiration: string;
  readonly version: string;
  readonly description: string;
  readonly link: string;
  readonly inactive: boolean;
  readonly activationTime: string;
  readonly noData: boolean;
  readonly metaOnly: boolean;
  readonly destinationDataUri: string;
  readonly sourceDataUri: string;
  readonly consumers: number;
  readonly autodelete: boolean;
  readonly originID: string;
  readonly originType: string;
  readonly deleted: boolean;
  readonly instanceID: bigint;
  readonly dataID: bigint;
  readonly objectSize: number;
  readonly chunkSize: number;
  readonly uploadChunkSize: number;
  readonly hashAlgorithm: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly public: boolean;
  readonly ownerID: string;
}

/** Go's zero value: what a body leaves out. */
export const EMPTY_META_DATA: MetaData = {
  objectID: '',
  objectType: '',
  destinationOrgID: '',
  destinationID: '',
  destinationType: '',
  destinationsList: null,
  destinationPolicy: null,
  expiration: '',
  version: '',
  description: '',
  link: '',
  inactive: false,
  activationTime: '',
  noData: false,
  metaOnly: false,
  destinationDataUri: '',
  sourceDataUri: '',
  consumers: 0,
  autodelete: false,
  originID: '',
  originType: '',
  deleted: false,
  instanceID: 0n,
  dataID: 0n,
  objectSize: 0,
  chunkSize: 0,
  uploadChunkSize: 0,
  hashAlgorithm: '',
  publicKey: '',
  signature: '',
  public: false,
  ownerID: '',
};

/** The metadata as a body shows it. */
export function printable(meta: MetaData): Writable {
  return { ...meta, destinationPolicy: printablePolicy(meta.destinationPolicy) };
}

export function printablePolicy(policy: DestinationPolicy | null): Writable {
  if (policy === null) return null;
  const { properties, constraints, services, timestamp } = policy;
  return {
    properties: properties?.map(({ name, value, type }) => ({ name, value, type })) ?? null,
    constraints,
    services: services?.map(({ orgID, arch, serviceName, version }) => ({ orgID, arch, serviceName, version })) ?? null,
    timestamp,
  };
}

/** Whether uploaded data is to be checked against the signature beside it (§C.4). */
export function needsVerification(meta: MetaData): boolean {
  return /^SHA(1|256)$/.test(meta.hashAlgorithm) && meta.publicKey !== '' && meta.signature !== '';
}
