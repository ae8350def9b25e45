import { compareVersions, isInRange, isVersion, parseVersionRange } from '#policy/version-range.ts';
import type { ServiceTerms } from './terms.ts';

export interface MissingRequirement {
  /** Place in `requiredServices` of the service that was asked about. */
  readonly index: number;
  readonly text: string;
}

/**
 * The services that a service pulls in, directly and through others: each time the highest version in the range
 * (reference/anax.md §6.9), and what cannot be found.
 */
export function resolveRequired(
  service: ServiceTerms,
  services: readonly ServiceTerms[],
): { required: readonly ServiceTerms[]; missing: readonly MissingRequirement[] } {
  const required = new Set<ServiceTerms>();
  const missing: MissingRequirement[] = [];
  const visit = (of: ServiceTerms, index: number): void => {
    for (const [i, requirement] of of.requiredServices.entries()) {
      const at = of === service ? i : index;
      const found = highestInRange(requirement, requirement.arch || of.arch, services);
      if (found === undefined) {
        const { org, url, range, arch } = requirement;
        missing.push({
          index: at,
          text: `required service ${org}/${url} ${range} (${arch || of.arch}) does not exist`,
        });
      } else if (found !== service && !required.has(found)) {
        required.add(found);
        visit(found, at);
      }
    }
  };
  visit(service, 0);
  return { required: [...required], missing };
}

function highestInRange(
  { org, url, range }: ServiceTerms['requiredServices'][number],
  arch: string,
  services: readonly ServiceTerms[],
): ServiceTerms | undefined {
  const wanted = parseVersionRange(range === '' ? '[0.0.0,INFINITY)' : range);
  if (wanted === undefined) return undefined;
  return services
    .filter((each) => each.org === org && each.url === url && each.arch === arch)
    .filter(({ version }) => isVersion(version) && isInRange(version, wanted))
    .sort((a, b) => compareVersions(b.version, a.version))[0];
}
