/** The listings of the sync service, as filters over its store. */
import type { Writable } from './go-json-write.ts';
import { printablePolicy } from './meta-data.ts';
import { parseRfc3339 } from './rfc3339.ts';
import type { StoredObject } from './stored-object.ts';

/** What `GET …/{org}?filters=true` takes; absent means any. */
export interface ObjectFilter {
  readonly destinationPolicy?: boolean;
  readonly service?: { readonly org: string; readonly name: string };
  readonly propertyName?: string;
  /** Unix nanoseconds. */
  readonly since?: bigint;
  readonly objectType?: string;
  readonly objectID?: string;
  readonly destinationType?: string;
  readonly destinationID?: string;
  readonly noData?: boolean;
  readonly expirationTimeBefore?: string;
  readonly deleted?: boolean;
}

/** What has arrived at this side and is new, deleted, or (if asked for) already seen. */
export const isArrived =
  (org: string, type: string, seenToo: boolean) =>
  ({ meta, status }: StoredObject): boolean =>
    meta.destinationOrgID === org &&
    meta.objectType === type &&
    (status === 'completelyReceived' || status === 'objdeleted' || (status === 'objreceived' && seenToo));

/** The agbot's feed: objects with a policy that it has not seen yet, or all of them. */
export const hasPolicy =
  (org: string, seenToo: boolean) =>
  ({ meta, policyReceived }: StoredObject): boolean =>
    meta.destinationOrgID === org && meta.destinationPolicy !== null && (seenToo || !policyReceived);

export const hasPolicySince =
  (org: string, since: bigint) =>
  ({ meta }: StoredObject): boolean =>
    meta.destinationOrgID === org && meta.destinationPolicy !== null && meta.destinationPolicy.timestamp >= since;

export const isOfType =
  (org: string, type: string) =>
  ({ meta }: StoredObject): boolean =>
    meta.destinationOrgID === org && meta.objectType === type;

/** An object is listed once for every reference to the service in its policy. */
export function namingService(
  objects: readonly StoredObject[],
  org: string,
  service: ObjectFilter['service'],
): StoredObject[] {
  return objects
    .filter(({ meta }) => meta.destinationOrgID === org)
    .flatMap((object) =>
      (object.meta.destinationPolicy?.services ?? [])
        .filter(({ orgID, serviceName }) => orgID === service?.org && serviceName === service.name)
        .map(() => object),
    );
}

export function matches(org: string, filter: ObjectFilter): (object: StoredObject) => boolean {
  return (object) =>
    object.meta.destinationOrgID === org &&
    matchesPolicy(object, filter) &&
    matchesType(object, filter) &&
    matchesDestination(object, filter) &&
    (filter.noData === undefined || filter.noData === object.meta.noData) &&
    matchesExpiration(object, filter) &&
    (filter.deleted === undefined || filter.deleted === object.meta.deleted);
}

function matchesPolicy({ meta }: StoredObject, filter: ObjectFilter): boolean {
  const { destinationPolicy: policy } = meta;
  if (filter.destinationPolicy === undefined) return true;
  if (!filter.destinationPolicy || policy === null) return filter.destinationPolicy === (policy !== null);
  const { service, propertyName, since = 0n } = filter;
  if (policy.timestamp < since) return false;
  if (service && !policy.services?.some((s) => s.orgID === service.org && s.serviceName === service.name)) return false;
  return !propertyName || (policy.properties?.some(({ name }) => name === propertyName) ?? false);
}

/** An id counts only together with a type. */
function matchesType({ meta }: StoredObject, { objectType, objectID }: ObjectFilter): boolean {
  return !objectType || (meta.objectType === objectType && (!objectID || meta.objectID === objectID));
}

function matchesDestination(
  { meta }: StoredObject,
  { destinationType: type, destinationID: id }: ObjectFilter,
): boolean {
  if (!type) return true;
  if (meta.destinationType !== '') return meta.destinationType === type && (!id || meta.destinationID === id);
  return (meta.destinationsList ?? []).some((destination) =>
    id ? destination === `${type}:${id}` : destination.startsWith(`${type}:`),
  );
}

function matchesExpiration({ meta }: StoredObject, { expirationTimeBefore }: ObjectFilter): boolean {
  if (!expirationTimeBefore) return true;
  const expiration = parseRfc3339(meta.expiration);
  return expiration !== undefined && expiration <= (parseRfc3339(expirationTimeBefore) ?? 0);
}

/** The short form of an object, with where it goes. */
export function withDestinations({ meta, deliveries }: StoredObject): Writable {
  return {
    orgID: meta.destinationOrgID,
    objectType: meta.objectType,
    objectID: meta.objectID,
    ...(meta.destinationPolicy === null ? {} : { destinationPolicy: printablePolicy(meta.destinationPolicy) }),
    destinations: printableDeliveries(deliveries),
  };
}

export function printableDeliveries(deliveries: StoredObject['deliveries']): Writable {
  return deliveries.map(({ destination, status, message }) => ({
    destinationType: destination.type,
    destinationID: destination.id,
    status,
    message,
  }));
}
