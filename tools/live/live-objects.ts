import { ArmorError } from '#errors';
import { POLICY_OBJECT_TYPE, type PolicyContent } from '#policy/payload.ts';
import { objectMetadata } from '#tools/bundle/object-metadata.ts';
import { contentId } from '#tools/bundle/render-objects.ts';
import type { AttachedPolicies, Placement, PolicyObject } from '#tools/bundle/types.ts';
import type { ObjectResource } from '#tools/hub/resources.ts';
import type { LiveFile, LiveSource } from './live-file.ts';

const ANY_VERSION = '[0.0.0,INFINITY)';

/** A live policy's id: `live.<name>.<key>`. @throws ArmorError USAGE for a name that can not be part of one */
export function liveId(name: string, keyId: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return contentId('live', name, keyId);
  throw new ArmorError(
    'USAGE',
    `"${name}" can not be the name of a live policy`,
    { request: 'policy' },
    'Use small letters, digits and dashes, at most 40.',
  );
}

/** What a live policy signs. */
export function liveContent(id: string, file: LiveFile, attached: AttachedPolicies, org: string): PolicyContent {
  const { inherit, container, policies, catalogue } = attached;
  const { service } = file;
  return {
    format: 1,
    id,
    layer: 'live',
    target:
      service === undefined
        ? { host: true }
        : {
            org: service.org ?? org,
            service: service.name,
            container,
            arch: service.arch ?? '*',
            versionRange: service.versionRange ?? ANY_VERSION,
          },
    inherit,
    policies,
    catalogue,
  };
}

/**
 * The object for nodes under policy, and a copy for the nodes of each pattern.
 *
 * @param agents services that bring a security agent with them
 */
export function liveObjects(
  content: PolicyContent,
  { file: source, value: file }: Pick<LiveSource, 'file' | 'value'>,
  org: string,
  agents: readonly string[],
): PolicyObject[] {
  const { properties = [], constraints = [], patterns = [], description } = file;
  const services = agents.map((serviceName) => ({
    orgID: org,
    arch: '*',
    serviceName,
    version: ANY_VERSION,
  }));
  const object = (objectId: string, placement: Placement): PolicyObject => ({
    objectId,
    file: source,
    layer: 'live',
    content,
    placement,
    description: description ?? 'Live security policy',
  });
  return [
    object(content.id, { kind: 'policy', properties, constraints, services }),
    ...patterns.map((pattern) => object(`${content.id}.${pattern}`, { kind: 'pattern', pattern })),
  ];
}

/** The same objects, signed, as the hub takes them. */
export function liveResources(objects: readonly PolicyObject[], envelope: string, org: string): ObjectResource[] {
  return objects.map((object) => ({
    kind: 'security-policy',
    id: object.objectId,
    file: object.file,
    contentId: object.content.id,
    metadata: { ...objectMetadata({ ...object, envelope }, org), objectType: POLICY_OBJECT_TYPE },
    envelope,
    needs: [],
  }));
}
