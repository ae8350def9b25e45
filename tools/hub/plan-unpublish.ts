import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Body, Publishable } from '#tools/bundle/types.ts';
import { deploymentTerms } from '#tools/compat/terms.ts';
import { textIsSigned } from '#tools/signing/signature.ts';
import { deploymentPolicyAsSent, patternAsSent, serviceAsSent } from './as-sent.ts';
import type { ListedKind } from './exchange.ts';
import { fieldChanges } from './field-changes.ts';
import { identity } from './resources.ts';
import type { HubSnapshot } from './snapshot.ts';
import type { Notice, Removable, Step } from './step.ts';

export interface UnpublishOptions {
  /** Public keys (SPKI PEM): a deployment that one of them signed is ours, whatever has become of the rest. */
  readonly publicPems: readonly string[];
  /** `org/user` who asks. */
  readonly user: string;
  /** Remove also what has another owner and other content, and services that others still deploy. */
  readonly force?: boolean;
}

/**
 * What of a bundle is to be deleted from the Exchange: deployment policies, then patterns, then services, those that
 * require others first. Only what is ours (owned, of the bundle's content, or signed by its key), and no service that
 * something else still deploys or requires; what stays is named with the reason.
 */
export function planUnpublish(
  publishable: Publishable,
  snapshot: HubSnapshot,
  { publicPems, user, force = false }: UnpublishOptions,
): { readonly steps: readonly Step[]; readonly notices: readonly Notice[] } {
  const keys = publicPems.map((pem) => createPublicKey(pem));
  const notices: Notice[] = [];
  const keep = (kind: ListedKind, id: string, message: string): void => {
    notices.push({
      about: identity({ kind, id }),
      message: `${message}: it stays`,
      fix: 'unpublish --force removes it.',
    });
  };
  const removable = (kind: ListedKind, id: string, wanted: Body, stored: Body | undefined): boolean => {
    if (stored === undefined) return false;
    if (force || stored.owner === user || isOurs(kind, stored, wanted, keys)) return true;
    keep(kind, id, `it belongs to ${String(stored.owner)} and is not what this bundle publishes`);
    return false;
  };
  const policies = publishable.deploymentPolicies.filter(({ id, body }) =>
    removable('deployment-policy', id, body, snapshot.deploymentPolicies.get(id)),
  );
  const patterns = publishable.patterns.filter(({ id, body }) =>
    removable('pattern', id, body, snapshot.patterns.get(id)),
  );
  const candidates = publishable.services.filter(({ id, body }) =>
    removable('service', id, { ...body }, snapshot.services.get(id)),
  );
  const gone = {
    policies: new Set(policies.map(({ id }) => id)),
    patterns: new Set(patterns.map(({ id }) => id)),
    services: new Set(candidates.map(({ id }) => id)),
  };
  const services = candidates.filter(({ id, body }) => {
    const users = force ? [] : usersOf({ ...body }, publishable.org, snapshot, gone);
    if (users.length > 0) keep('service', id, `${users.join(', ')} still uses it`);
    return users.length === 0;
  });
  const before = [
    ...policies.map(({ id }) => identity({ kind: 'deployment-policy', id })),
    ...patterns.map(({ id }) => identity({ kind: 'pattern', id })),
  ];
  const removals: Removable[] = [
    ...policies.map(({ id, file }): Removable => ({ kind: 'deployment-policy', id, file, needs: [] })),
    ...patterns.map(({ id, file }): Removable => ({ kind: 'pattern', id, file, needs: [] })),
    ...services.map(({ id, file, body }): Removable => {
      const requiring = services.filter((other) =>
        other.body.requiredServices.some((required) => fits(required, { ...body }, publishable.org)),
      );
      const needs = [...before, ...requiring.map((other) => identity({ kind: 'service', id: other.id }))];
      return { kind: 'service', id, file, needs };
    }),
  ];
  return { steps: removals.map((resource): Step => ({ action: 'delete', resource })), notices };
}

function isOurs(kind: ListedKind, stored: Body, wanted: Body, keys: readonly KeyObject[]): boolean {
  const { deployment, deploymentSignature } = stored;
  if (
    kind === 'service' &&
    typeof deployment === 'string' &&
    typeof deploymentSignature === 'string' &&
    deployment !== ''
  )
    return keys.some((key) => textIsSigned(deployment, deploymentSignature, key));
  const asSent = { service: serviceAsSent, pattern: patternAsSent, 'deployment-policy': deploymentPolicyAsSent }[kind];
  return fieldChanges(asSent(stored), asSent(wanted)).every(({ field }) => field.toLowerCase().endsWith('signature'));
}

interface Going {
  readonly policies: ReadonlySet<string>;
  readonly patterns: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

/** What stays on the hub and deploys or requires a service. */
function usersOf(service: Body, org: string, snapshot: HubSnapshot, going: Going): string[] {
  const policies = [...snapshot.deploymentPolicies]
    .filter(([id, body]) => !going.policies.has(id) && deploys(deploymentTerms(body).service, service, org))
    .map(([id]) => `deployment policy ${id}`);
  const patterns = [...snapshot.patterns]
    .filter(
      ([id, body]) =>
        !going.patterns.has(id) && records(body.services).some((entry) => patternDeploys(entry, service, org)),
    )
    .map(([id]) => `pattern ${id}`);
  const services = [...snapshot.services]
    .filter(
      ([id, body]) =>
        !going.services.has(id) && records(body.requiredServices).some((entry) => fits(entry, service, org)),
    )
    .map(([id]) => `service ${id}`);
  return [...policies, ...patterns, ...services];
}

function deploys(target: ReturnType<typeof deploymentTerms>['service'], service: Body, org: string): boolean {
  return (
    target.org === org &&
    target.name === service.url &&
    ['', '*', service.arch].includes(target.arch) &&
    target.versions.some((version) => version === service.version)
  );
}

function patternDeploys(entry: Body, service: Body, org: string): boolean {
  return (
    entry.serviceOrgid === org &&
    entry.serviceUrl === service.url &&
    entry.serviceArch === service.arch &&
    records(entry.serviceVersions).some(({ version }) => version === service.version)
  );
}

/** Whichever version: a range may be satisfied by another one, but it is for a person to say so. */
function fits(required: Body, service: Body, org: string): boolean {
  return required.org === org && required.url === service.url && required.arch === service.arch;
}

function records(value: unknown): Body[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
