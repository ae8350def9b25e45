import { contradictions, type LayerWarning } from './layer-contradictions.ts';
import type { CatalogueEntry, ComplianceId, Layer, PolicyPayload, WorkloadTarget } from './payload.ts';
import { SERVICE_NAME_LABEL, type SecurityPolicy } from './types.ts';
import { isInRange, parseVersionRange } from './version-range.ts';

/**
 * A container as Open Horizon knows it. On the node only the container's name is sure (no label carries the service,
 * its org or its version, reference/anax.md §5.1): what is not known matches every target, so that a gap in knowledge
 * never leaves a workload unprotected.
 */
export interface WorkloadIdentity {
  readonly org?: string;
  readonly service?: string;
  readonly version?: string;
  /** Go architecture name. */
  readonly arch?: string;
  /** Its name in the deployment: the label openhorizon.anax.service_name. */
  readonly container: string;
}

/** Where a policy comes from. */
export interface Origin {
  readonly layer: Layer;
  readonly payloadId: string;
  readonly seq: number;
}

/** A policy that holds, and what it holds instead of. */
export interface EffectivePolicy extends Origin {
  readonly policy: SecurityPolicy;
  readonly template?: string;
  readonly summary?: string;
  readonly compliance: readonly ComplianceId[];
  /** Policies of the same name that gave way, the nearest layer first. */
  readonly overrides: readonly Origin[];
}

export interface EffectiveSet {
  /** By name. */
  readonly policies: readonly EffectivePolicy[];
  /** Node payloads that a deployment switched off with `inherit: false`. */
  readonly dropped: readonly (Origin & { readonly by: string })[];
  readonly warnings: readonly LayerWarning[];
}

const RANK: Readonly<Record<Layer, number>> = { node: 0, deployment: 1, live: 2 };

/**
 * What holds for a workload, or for the host: the union by policy name of every payload that is meant for it, the more
 * specific layer winning (design §7.2). Pure, and independent of the order of `payloads`:
 *
 * - of one id only the highest seq counts; one without policies is a withdrawal and contributes nothing;
 * - a payload for the host gives its KubeArmorHostPolicies to the host and its KubeArmorPolicies to every workload;
 * - `inherit: false` on a payload that holds for a workload drops the node layer for that workload;
 * - within one layer the later seq wins, then the id that sorts last.
 */
export function effectivePolicies(
  payloads: readonly PolicyPayload[],
  subject: WorkloadIdentity | 'host',
): EffectiveSet {
  const current = currentPayloads(payloads);
  const meant = current.filter((payload) => isMeantFor(payload, subject)).sort(byPrecedence);
  const closing = meant.find(({ layer, inherit }) => layer !== 'node' && !inherit);
  const holding = closing === undefined ? meant : meant.filter(({ layer }) => layer !== 'node');
  const policies = unionByName(holding, subject);
  return {
    policies,
    dropped:
      closing === undefined
        ? []
        : meant.filter(({ layer }) => layer === 'node').map((payload) => ({ ...origin(payload), by: closing.id })),
    warnings: [...unreadableTargets(current), ...contradictions(policies)],
  };
}

/** Newest payload of each id, withdrawals left out. */
function currentPayloads(payloads: readonly PolicyPayload[]): PolicyPayload[] {
  const newest = new Map<string, PolicyPayload>();
  for (const payload of payloads) {
    const known = newest.get(payload.id);
    if (known === undefined || isNewer(payload, known)) newest.set(payload.id, payload);
  }
  return [...newest.values()].filter(({ policies }) => policies.length > 0);
}

/** Two contents under one id and seq can not come from one honest publisher; the choice must still not depend on order. */
function isNewer(payload: PolicyPayload, known: PolicyPayload): boolean {
  if (payload.seq !== known.seq) return payload.seq > known.seq;
  return JSON.stringify(payload) > JSON.stringify(known);
}

function byPrecedence(a: PolicyPayload, b: PolicyPayload): number {
  return RANK[b.layer] - RANK[a.layer] || b.seq - a.seq || (a.id < b.id ? 1 : -1);
}

function isMeantFor({ target }: PolicyPayload, subject: WorkloadIdentity | 'host'): boolean {
  if ('host' in target) return true;
  return subject !== 'host' && targets(target, subject);
}

/** Whether a target names a workload. `*` names any; a range that can not be read names none. */
export function targets(target: WorkloadTarget, workload: WorkloadIdentity): boolean {
  return (
    (['org', 'service', 'arch', 'container'] as const).every(
      (key) => target[key] === '*' || workload[key] === undefined || target[key] === workload[key],
    ) && holdsVersion(target.versionRange, workload.version)
  );
}

function holdsVersion(range: string, version: string | undefined): boolean {
  const parsed = parseVersionRange(range);
  return parsed !== undefined && (version === undefined || isInRange(version, parsed));
}

function unionByName(ordered: readonly PolicyPayload[], subject: WorkloadIdentity | 'host'): EffectivePolicy[] {
  const byName = new Map<string, EffectivePolicy>();
  for (const payload of ordered) {
    for (const policy of payload.policies.filter((candidate) => holdsFor(candidate, subject))) {
      const { name } = policy.metadata;
      const winner = byName.get(name);
      byName.set(
        name,
        winner === undefined
          ? { ...origin(payload), policy, ...catalogued(payload.catalogue, name), overrides: [] }
          : { ...winner, overrides: [...winner.overrides, origin(payload)] },
      );
    }
  }
  return [...byName.values()].sort((a, b) => (a.policy.metadata.name < b.policy.metadata.name ? -1 : 1));
}

/** Kind against subject; and where a payload spans several containers, its selector against this one. */
function holdsFor(policy: SecurityPolicy, subject: WorkloadIdentity | 'host'): boolean {
  if (policy.kind === 'KubeArmorHostPolicy') return subject === 'host';
  if (subject === 'host') return false;
  const selected = policy.spec.selector?.matchLabels?.[SERVICE_NAME_LABEL];
  return selected === undefined || selected === subject.container;
}

function catalogued(
  catalogue: readonly CatalogueEntry[],
  name: string,
): Pick<EffectivePolicy, 'template' | 'summary' | 'compliance'> {
  const entry = catalogue.find(({ policy }) => policy === name);
  if (entry === undefined) return { compliance: [] };
  return { template: entry.template, summary: entry.summary, compliance: entry.compliance };
}

function unreadableTargets(payloads: readonly PolicyPayload[]): LayerWarning[] {
  return payloads.flatMap(({ id, target }) =>
    'host' in target || parseVersionRange(target.versionRange) !== undefined
      ? []
      : [
          {
            kind: 'unreadable-target' as const,
            policies: [id],
            message: `${id} holds for no workload: "${target.versionRange}" is no version range`,
          },
        ],
  );
}

function origin({ layer, id, seq }: PolicyPayload): Origin {
  return { layer, payloadId: id, seq };
}
