import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import { RESOURCE_KINDS, type Resource } from './resources.ts';

/**
 * The resources that --only names: by kind (`service`, `services`, `deployment-policy` …) or by name, which of a service
 * takes its policy and its keys along. Several add up.
 *
 * @throws ArmorError USAGE for a name that nothing has
 */
export function selectResources(resources: readonly Resource[], only: readonly string[]): Resource[] {
  if (only.length === 0) return [...resources];
  for (const wanted of only) {
    if (!resources.some((resource) => isMeant(resource, wanted))) throw nothingNamed(wanted, resources);
  }
  return resources.filter((resource) => only.some((wanted) => isMeant(resource, wanted)));
}

function isMeant(resource: Resource, wanted: string): boolean {
  return singular(wanted) === resource.kind || namesOf(resource).includes(wanted);
}

function singular(kind: string): string {
  return RESOURCE_KINDS.find((known) => kind === `${known}s` || kind === known.replace(/y$/, 'ies')) ?? kind;
}

/** What people may call a resource: its id, its owner's, a service's url, the attachment point of a security policy. */
function namesOf(resource: Resource): string[] {
  switch (resource.kind) {
    case 'service':
      return [resource.id, resource.body.url];
    case 'service-policy':
      return [resource.id, urlIn(resource.id)];
    case 'service-key':
    case 'pattern-key':
      return [resource.id, resource.owner, urlIn(resource.owner)];
    case 'security-policy':
      return [resource.id, resource.contentId, resource.contentId.split('.').slice(1, -1).join('.')];
    default:
      return [resource.id];
  }
}

/** `<name>_<version>_<arch>` → `<name>`. */
function urlIn(serviceId: string): string {
  return serviceId.split('_').slice(0, -2).join('_');
}

function nothingNamed(wanted: string, resources: readonly Resource[]): ArmorError {
  const names = [...new Set([...RESOURCE_KINDS, ...resources.flatMap(namesOf)])];
  const fix = `${didYouMean(wanted, names)}hzn-armor plan lists what there is.`;
  return new ArmorError('USAGE', `the bundle has nothing named "${wanted}"`, { request: '--only' }, fix);
}
