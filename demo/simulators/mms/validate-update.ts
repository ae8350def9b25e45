/** What the sync service refuses in a new version's metadata, in its order and words, and what it fills in (reference/exchange-mms.md §C.3). */
import { decodeBase64, illegalBase64 } from './base64.ts';
import type { DestinationPolicy, MetaData } from './meta-data.ts';
import { hasMarkup, isValidName } from './names.ts';
import { parseRfc3339, rfc3339Problem } from './rfc3339.ts';
import type { ObjectKey } from './stored-object.ts';
import { invalidRequest } from './sync-error.ts';
import { parseVersionRange } from './version-range.ts';

/** Which program this is: the cloud's, or a node's with its address. */
export type Side = {
  /** What its own objects give as their origin. */
  readonly origin: { readonly type: string; readonly id: string };
} & ({ readonly kind: 'CSS' } | { readonly kind: 'ESS'; readonly org: string });

const NO_LIMIT = 2_147_483_647;
const BAD_CHARACTERS = 'contains one/some invalid characters (eg: <, >, =, \', ", &, space, \\, /)';

/** Metadata as it is stored. @throws SyncError (400) */
export function acceptUpdate(key: ObjectKey, meta: MetaData, data: Uint8Array | undefined, side: Side): MetaData {
  for (const problem of problems(key, meta, data, side)) throw invalidRequest(problem);
  const ownOrigin = meta.originType === '' || meta.originID === '';
  return {
    ...meta,
    destinationOrgID: meta.destinationOrgID === '' ? key.org : meta.destinationOrgID,
    originType: ownOrigin ? side.origin.type : meta.originType,
    originID: ownOrigin ? side.origin.id : meta.originID,
    consumers: meta.consumers === 0 ? 1 : meta.consumers === -1 ? NO_LIMIT : meta.consumers,
  };
}

function* problems(key: ObjectKey, meta: MetaData, data: Uint8Array | undefined, side: Side): Generator<string> {
  yield* nameProblems(key, meta);
  yield* signatureProblems(meta);
  if (meta.expiration !== '') yield* expirationProblems(meta.expiration, side);
  if (meta.version !== '' && !isValidName(meta.version)) yield `Version (${meta.version}) ${BAD_CHARACTERS}`;
  if (hasMarkup(meta.description)) {
    yield `Description (${meta.description}) contains one/some invalid characters (<, >, =, ', ", &, space, \\, /)`;
  }
  if (meta.metaOnly && data !== undefined && data.length !== 0) yield "Can't update data if MetaOnly is true";
  yield* destinationProblems(meta, side);
  if (meta.autodelete && meta.destinationsList === null && meta.destinationID === '') {
    yield 'AutoDelete can be used only for objects with DestinationsList or DestID set';
  }
  if (meta.activationTime !== '' && meta.inactive) {
    yield* momentProblems(meta.activationTime, 'activation');
  }
  if (meta.deleted) yield 'Object marked as deleted';
  yield* dataUriProblems(meta, side);
  yield* originProblems(meta);
}

function* nameProblems(key: ObjectKey, meta: MetaData): Generator<string> {
  if (!isValidName(key.org)) yield `Organization ID (${key.org}) contains invalid characters`;
  if (meta.objectID === '') yield "Object's meta data does not contain object's ID";
  if (meta.objectID !== key.id) {
    yield `Object ID (${key.id}) in the URL doesn't match the object-id (${meta.objectID}) in the payload`;
  }
  if (meta.objectType === '') yield "Object's meta data does not contain object's type";
  if (meta.objectType !== key.type) {
    yield `Object type (${key.type}) in the URL doesn't match the object-type (${meta.objectType}) in the payload`;
  }
}

function* signatureProblems({ hashAlgorithm, publicKey, signature }: MetaData): Generator<string> {
  if (!['', 'SHA1', 'SHA256'].includes(hashAlgorithm)) {
    yield `Hash Algorithm (${hashAlgorithm}) is not supported. Please use SHA1 or SHA256 if specify`;
  }
  for (const [name, text] of [
    ['PublicKey', publicKey],
    ['Signature', signature],
  ] as const) {
    const decoded = decodeBase64(text);
    if ('illegalAt' in decoded) yield `${name} is not base64 encoded. Error: ${illegalBase64(decoded.illegalAt)}`;
  }
}

function* expirationProblems(expiration: string, side: Side): Generator<string> {
  if (side.kind === 'ESS') yield 'Object expiration is disabled on ESS';
  yield* momentProblems(expiration, 'expiration');
}

function* momentProblems(text: string, what: 'expiration' | 'activation'): Generator<string> {
  const moment = parseRfc3339(text);
  if (moment === undefined) {
    yield `Failed to parse ${what}${what === 'activation' ? ' time' : ''} in object's meta data. Error: ${rfc3339Problem(text)}`;
  } else if (moment < Date.now()) {
    yield `Invalid ${what} time in object's meta data`;
  }
}

function* destinationProblems(meta: MetaData, side: Side): Generator<string> {
  const { destinationsList: list, destinationPolicy: policy, destinationType: type } = meta;
  if (meta.destinationID !== '' && type === '') {
    yield "Destination ID provided without destination type in object's meta data";
  }
  if (list !== null && side.kind === 'ESS') yield 'Destinations list is not supported for ESS';
  if (list !== null && type !== '') yield 'Both destinations list and destination type are specified';
  if (list?.some((destination) => /[<>]/.test(destination))) yield 'Unsupported char <, > in destinationsList.';
  if (policy !== null) {
    if (type !== '') yield 'Both destination policy and destination type are specified';
    if (list !== null) yield 'Both destination policy and destination list are specified';
    yield* policyProblems(policy);
  }
  if (type !== '' && !isValidName(type)) yield `Destination type (${type}) contains invalid characters`;
}

function* policyProblems({ properties, services }: DestinationPolicy): Generator<string> {
  if (properties?.some(({ name }) => name === '')) yield 'A property in the DestinationPolicy must have a name';
  for (const { orgID, arch, serviceName, version } of services ?? []) {
    if ([orgID, arch, serviceName, version].includes('')) {
      yield 'A service in a DestinationPolicy must have an organization ID, architecture, service name, and version specified';
    }
    if (parseVersionRange(version) === undefined) {
      yield `A service in the DestinationPolicy has an invalid version \`${version}\``;
    }
  }
}

function* dataUriProblems(meta: MetaData, side: Side): Generator<string> {
  if (meta.destinationDataUri !== '') {
    if (side.kind === 'ESS') yield 'Data URI is disabled on CSS';
    if (!/^file:(\/\/)?\//i.test(meta.destinationDataUri)) yield 'Invalid destination data URI';
  }
  // An edge node would read a file of its own file system: no service of ours does, and this side has no such files.
  if (meta.sourceDataUri !== '') {
    yield side.kind === 'CSS' ? 'Data URI is disabled on CSS' : 'Invalid source data URI';
  }
}

function* originProblems(meta: MetaData): Generator<string> {
  if (meta.originType !== '' && meta.originID !== '') {
    if (!isValidName(meta.originType)) yield `OriginType (${meta.originType}) ${BAD_CHARACTERS}`;
    if (!isValidName(meta.originID)) yield `OriginID (${meta.originID}) ${BAD_CHARACTERS}`;
  }
  if (meta.destinationOrgID !== '' && !isValidName(meta.destinationOrgID)) {
    yield `DestOrgID (${meta.destinationOrgID}) ${BAD_CHARACTERS}`;
  }
}
