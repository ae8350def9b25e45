/** Which service on a node may see which object (reference/exchange-mms.md §C.8). */
import type { DestinationPolicy, ServiceReference } from './meta-data.ts';
import type { StoredObject } from './stored-object.ts';
import { isInRange, parseVersion, parseVersionRange } from './version-range.ts';

/** A service as its credentials name it. */
export interface ServiceIdentity {
  readonly org: string;
  readonly version: string;
  readonly name: string;
}

/** Whether a policy's service reference covers a service; the architecture does not count here. */
export function names({ orgID, serviceName, version }: ServiceReference, service: ServiceIdentity): boolean {
  if (orgID !== service.org || serviceName !== service.name) return false;
  const range = parseVersionRange(version);
  const running = parseVersion(service.version);
  return range !== undefined && running !== undefined && isInRange(running, range);
}

/** Without a policy, or with a policy that names no service, an object is everybody's on the node. */
export function isNamedBy(policy: DestinationPolicy | null, service: ServiceIdentity): boolean {
  const services = policy?.services ?? [];
  return services.length === 0 || services.some((reference) => names(reference, service));
}

/** Whether an update took the service out of the object's policy: it sees the object as deleted until it acknowledges. */
export function wasRemoved({ removedServices }: StoredObject, service: ServiceIdentity): boolean {
  return removedServices.some((reference) => names(reference, service));
}

/** Services of the old policy that the new one lacks. */
export function removedFromPolicy(before: DestinationPolicy, after: DestinationPolicy): readonly ServiceReference[] {
  return (before.services ?? []).filter((old) => !(after.services ?? []).some((service) => sameService(service, old)));
}

export const sameService = (a: ServiceReference, b: ServiceReference): boolean =>
  a.orgID === b.orgID && a.serviceName === b.serviceName && a.version === b.version;
