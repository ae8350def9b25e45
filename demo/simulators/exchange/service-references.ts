import type { UserInput } from './bodies.ts';
import type { Call } from './call.ts';
import { serviceId } from './composite-id.ts';
import { NullAccess } from './defects.ts';
import { isLike } from './like.ts';
import type { ServiceReference } from './records.ts';
import type { Store } from './store.ts';
import { isInRange, isSingleVersion } from './version.ts';

/** A service that a pattern or policy names: its words are only for the error text, the id is what is looked for. */
export interface NamedService {
  readonly org: string | null;
  readonly url: string | null;
  readonly version: string | null;
  readonly arch: string | null;
  readonly id: string;
}

/**
 * The services that user input is for. Arch and range may be left out; a range with room for one version only never
 * finds anything (reference/exchange-mms.md §A.8), nor does arch `*`.
 */
export function servicesOfUserInput(inputs: readonly UserInput[]): NamedService[] {
  return inputs.map((input) => {
    if (input === null) throw new NullAccess('Cannot invoke "OneUserInputService.serviceUrl()" because "s" is null');
    const { serviceOrgid: org, serviceUrl: url, serviceArch, serviceVersionRange } = input;
    const range = serviceVersionRange ?? '';
    const version = range !== '' && isSingleVersion(range) ? `Some(${range})` : '%';
    const arch = (serviceArch ?? '') === '' ? '%' : serviceArch;
    return {
      org,
      url,
      version: serviceVersionRange ?? '[0.0.0,INFINITY)',
      arch: serviceArch ?? '',
      id: serviceId(org, url, version, arch),
    };
  });
}

/** The text for the first named service that does not exist; whose it is does not matter (§0: "ignores visibility"). */
export function missingService(call: Call, named: readonly NamedService[]): string | undefined {
  const missing = named.find(({ id }) => !exists(call.hub.store, id));
  if (missing === undefined) return undefined;
  return call.text('service.not.in.exchange.no.index', missing.org, missing.url, missing.version, missing.arch);
}

/** The text for the first required service of which no stored version lies in the range. */
export function missingRequiredService(
  call: Call,
  required: readonly ServiceReference[],
  candidates: boolean,
): string | undefined {
  for (const reference of required) serviceId(reference.org, reference.url, '%', reference.arch);
  const missing = required.find((reference) => !candidates || !isSatisfied(call.hub.store, reference));
  if (missing === undefined) return undefined;
  const version = missing.version === null ? 'None' : `Some(${missing.version})`;
  return call.text('req.service.not.in.exchange', missing.org, missing.url, version, missing.arch);
}

function exists(store: Store, id: string): boolean {
  if (!id.includes('%')) return store.services.has(id);
  return store.services.keys().some((stored) => isLike(stored, id));
}

function isSatisfied(store: Store, { url, org, arch, version, versionRange }: ServiceReference): boolean {
  const range = versionRange ?? version ?? '';
  return store.services
    .values()
    .some(
      (service) =>
        service.url === url &&
        service.organization === org &&
        service.arch === arch &&
        isInRange(service.version, range),
    );
}
