import { objectMetadata } from '#tools/bundle/object-metadata.ts';
import type { Body, PolicyObject, Publishable, ServiceBody } from '#tools/bundle/types.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';

/** What a bundle puts on a hub, in the order in which people think of it. */
export const RESOURCE_KINDS = [
  'service',
  'service-key',
  'service-policy',
  'security-policy',
  'pattern',
  'pattern-key',
  'deployment-policy',
] as const;

export type ResourceKind = (typeof RESOURCE_KINDS)[number];

interface Common {
  /** Name within its kind. */
  readonly id: string;
  /** The source that says it. */
  readonly file: string;
  /** Identities (see `identity`) of what has to be there before. */
  readonly needs: readonly string[];
}

export interface ServiceResource extends Common {
  readonly kind: 'service';
  readonly body: ServiceBody;
}

/** Under a name in the Exchange, or (a service policy) under its service. */
export interface BodyResource extends Common {
  readonly kind: 'service-policy' | 'pattern' | 'deployment-policy';
  readonly body: Body;
}

export interface KeyResource extends Common {
  readonly kind: 'service-key' | 'pattern-key';
  /** Id of the service or pattern. */
  readonly owner: string;
  readonly keyName: string;
  readonly pem: string;
}

/** A security policy as an MMS object. */
export interface ObjectResource extends Common {
  readonly kind: 'security-policy';
  /** Id inside the envelope: that of the object, or of the one that it is a pattern's copy of. */
  readonly contentId: string;
  readonly metadata: Body;
  readonly envelope: string;
}

export type Resource = ServiceResource | BodyResource | KeyResource | ObjectResource;

/** One name for everything on a hub. */
export function identity({ kind, id }: { readonly kind: ResourceKind; readonly id: string }): string {
  return `${kind}/${id}`;
}

/** The name of a public key beside a service or pattern: its fingerprint, so that nobody's key replaces another's. */
export function keyNameOf(keyId: string): string {
  return `${keyId}.pem`;
}

/**
 * Everything that a signed publishable puts on a hub, with what each needs: keys and policies of a service come before
 * what deploys it, and a security policy before the deployment that it protects.
 */
export function resourcesOf(publishable: Publishable): Resource[] {
  const { services, servicePolicies, patterns, deploymentPolicies, objects, org } = publishable;
  const ready = new Map(
    services.map(({ id, body }) => [id, { url: body.url, needs: neededToDeploy(id, publishable) }]),
  );
  const deploying = (serviceOrg: unknown, url: unknown): string[] =>
    serviceOrg === org
      ? [...ready.values()].filter((service) => service.url === url).flatMap(({ needs }) => needs)
      : [];
  return [
    ...services.map(
      ({ id, file, body }): Resource => ({
        kind: 'service',
        id,
        file,
        body,
        needs: requiredServices(body, publishable),
      }),
    ),
    ...services.flatMap(({ id, file, body }) =>
      body.deployment === '' ? [] : keysOf('service', id, file, publishable),
    ),
    ...servicePolicies.map(
      ({ id, file, body }): Resource => ({
        kind: 'service-policy',
        id,
        file,
        body,
        needs: [identity({ kind: 'service', id })],
      }),
    ),
    ...objects.map((object) => objectResource(object, org)),
    ...patterns.map(({ id, file, body }): Resource => {
      const needs = records(body.services).flatMap(({ serviceOrgid, serviceUrl }) =>
        deploying(serviceOrgid, serviceUrl),
      );
      return { kind: 'pattern', id, file, body, needs: [...needs, ...copiesFor(id, objects)] };
    }),
    ...patterns.flatMap(({ id, file, body }) =>
      overridesOf(body).length === 0 ? [] : keysOf('pattern', id, file, publishable),
    ),
    ...deploymentPolicies.map(({ id, file, body }): Resource => {
      const service = isRecord(body.service) ? body.service : {};
      const protecting = objects.filter((object) => object.file === file).map(objectIdentity);
      return {
        kind: 'deployment-policy',
        id,
        file,
        body,
        needs: [...deploying(service.org, service.name), ...protecting],
      };
    }),
  ];
}

function objectResource(object: PolicyObject, org: string): Resource {
  const { objectId, file, content, envelope } = object;
  if (envelope === undefined) throw new TypeError(`${objectId} is not signed`);
  return {
    kind: 'security-policy',
    id: objectId,
    file,
    contentId: content.id,
    metadata: objectMetadata(object, org),
    envelope,
    needs: [],
  };
}

function keysOf(kind: 'service' | 'pattern', owner: string, file: string, { keys }: Publishable): Resource[] {
  return keys.map(({ keyId, pem }) => ({
    kind: `${kind}-key`,
    id: `${owner}/${keyNameOf(keyId)}`,
    owner,
    keyName: keyNameOf(keyId),
    pem,
    file,
    needs: [identity({ kind, id: owner })],
  }));
}

/** A service with its keys and its policy: without them the agent refuses it, or it runs where it should not. */
function neededToDeploy(id: string, { keys, servicePolicies }: Publishable): string[] {
  return [
    identity({ kind: 'service', id }),
    ...keys.map(({ keyId }) => identity({ kind: 'service-key', id: `${id}/${keyNameOf(keyId)}` })),
    ...servicePolicies.filter((policy) => policy.id === id).map(() => identity({ kind: 'service-policy', id })),
  ];
}

function requiredServices({ requiredServices: required }: ServiceBody, { services, org }: Publishable): string[] {
  return required.flatMap(({ org: owner, url, arch }) =>
    services
      .filter(({ body }) => owner === org && body.url === url && body.arch === arch)
      .map(({ id }) => identity({ kind: 'service', id })),
  );
}

function copiesFor(pattern: string, objects: readonly PolicyObject[]): string[] {
  return objects
    .filter(({ placement }) => placement.kind === 'pattern' && placement.pattern === pattern)
    .map(objectIdentity);
}

function objectIdentity({ objectId }: PolicyObject): string {
  return identity({ kind: 'security-policy', id: objectId });
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
