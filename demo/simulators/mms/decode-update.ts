/** Bodies that carry metadata. */
import { anything, bytes, type Decode, flag, int, int64, int64Number, list, ROOT, struct, text } from './go-decode.ts';
import { type GoValue, parseGoJson } from './go-json-text.ts';
import {
  type DestinationPolicy,
  EMPTY_META_DATA,
  type MetaData,
  type PolicyProperty,
  type ServiceReference,
} from './meta-data.ts';

/** Body of `PUT /api/v1/objects/…/{id}`. `data` undefined: the body has none. */
export interface ObjectUpdate {
  readonly meta: MetaData;
  readonly data: Buffer | undefined;
}

/** @throws GoJsonError with the decoder's words */
export function decodeObjectUpdate(body: string): ObjectUpdate {
  return struct<ObjectUpdate>(
    'objectUpdate',
    'base.objectUpdate',
    { meta: metaData, data: bytes },
    { meta: EMPTY_META_DATA, data: undefined },
  )(parseGoJson(body), ROOT);
}

/** Metadata alone, as the service-to-service protocol carries it. @throws GoJsonError */
export function decodeMetaData(value: GoValue): MetaData {
  return metaData(value, ROOT);
}

const property: Decode<PolicyProperty> = struct<PolicyProperty>(
  'PolicyProperty',
  'common.PolicyProperty',
  { name: text, value: anything, type: text },
  { name: '', value: null, type: '' },
);

const service: Decode<ServiceReference> = struct<ServiceReference>(
  'ServiceID',
  'common.ServiceID',
  { orgID: text, arch: text, serviceName: text, version: text },
  { orgID: '', arch: '', serviceName: '', version: '' },
);

export const destinationPolicy: Decode<DestinationPolicy> = struct<DestinationPolicy>(
  'Policy',
  'common.Policy',
  {
    properties: list('common.PolicyProperty', property),
    constraints: list('string', text),
    services: list('common.ServiceID', service),
    timestamp: int64,
  },
  { properties: null, constraints: null, services: null, timestamp: 0n },
);

const metaData: Decode<MetaData> = struct<MetaData>(
  'MetaData',
  'common.MetaData',
  {
    objectID: text,
    objectType: text,
    destinationOrgID: text,
    destinationID: text,
    destinationType: text,
    destinationsList: list('string', text),
    destinationPolicy,
    expiration: text,
    version: text,
    description: text,
    link: text,
    inactive: flag,
    activationTime: text,
    noData: flag,
    metaOnly: flag,
    destinationDataUri: text,
    sourceDataUri: text,
    consumers: int,
    autodelete: flag,
    originID: text,
    originType: text,
    deleted: flag,
    instanceID: int64,
    dataID: int64,
    objectSize: int64Number,
    chunkSize: int,
    uploadChunkSize: int64Number,
    hashAlgorithm: text,
    publicKey: text,
    signature: text,
    public: flag,
    ownerID: text,
  },
  EMPTY_META_DATA,
);
