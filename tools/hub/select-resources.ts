import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { Publishable } from '#tools/bundle/types.ts';
import { RESOURCE_KINDS, type Resource, type ResourceKind } from './resources.ts';

/**
 * The resources that --only names: by kind (`service`, `services`, `deployment-policy` …) or by name, which of a service
 * takes its policy and its keys along. Several add up.
 *
 * @throws ArmorError USAGE for a name that nothing has
 */
export function selectResources(resources: readonly Resource[], only: readonly string[]): Resource[] {
  if (only.length === 0) return [...resources];
  for (const wanted of only) {
    if (!resources.some((resource) => isMeant(resource, wanted)))
      throw unknownName(wanted, [...RESOURCE_KINDS, ...resources.flatMap(namesOf)]);
  }
  return resources.filter((resource) => only.some((wanted) => isMeant(resource, wanted)));
}

/**
 * The same for what `unpublish` removes, signed or not: the parts of a publishable.
 *
 * @throws ArmorError USAGE for a name that nothing has
 */
export function selectParts(publishable: Publishable, only: readonly string[]): Publishable {
  if (only.length === 0) return publishable;
  const matched = new Set<string>();
  const pick = <T>(kind: ResourceKind, parts: readonly T[], names: (part: T) => readonly string[]): T[] =>
    parts.filter((part) => {
      const hits = only.filter((wanted) => singular(wanted) === kind || names(part).includes(wanted));
      for (const hit of hits) matched.add(hit);
      return hits.length > 0;
    });
  const selected = {
    ...publishable,
    services: pick('service', publishable.services, ({ id, body }) => [id, body.url]),
    patterns: pick('pattern', publishable.patterns, ({ id }) => [id]),
    deploymentPolicies: pick('deployment-policy', publishable.deploymentPolicies, ({ id }) => [id]),
    nodePolicies: pick('security-policy', publishable.nodePolicies, ({ id }) => [id]),
    objects: pick('security-policy', publishable.objects, ({ objectId, content }) => [
      objectId,
      content.id,
      pointOf(content.id),
    ]),
  };
  const missing = only.find((wanted) => !matched.has(wanted));
  if (missing === undefined) return selected;
  const names = [...publishable.services, ...publishable.patterns, ...publishable.deploymentPolicies].map(
    ({ id }) => id,
  );
  throw unknownName(missing, [...RESOURCE_KINDS, ...names]);
}

function isMeant(resource: Resource, wanted: string): boolean {
  return singular(wanted) === resource.kind || namesOf(resource).includes(wanted);
}

/** `deployment.<name>.<key>` → `<name>`. */
function pointOf(contentId: string): string {
  return contentId.split('.').slice(1, -1).join('.');
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
      return [resource.id, resource.contentId, pointOf(resource.contentId)];
    default:
      return [resource.id];
  }
}

/** `<name>_<version>_<arch>` → `<name>`. */
function urlIn(serviceId: string): string {
  return serviceId.split('_').slice(0, -2).join('_');
}

function unknownName(wanted: string, names: readonly string[]): ArmorError {
  const fix = `${didYouMean(wanted, [...new Set(names)])}hzn-armor plan lists what there is.`;
  return new ArmorError('USAGE', `the bundle has nothing named "${wanted}"`, { request: '--only' }, fix);
}
