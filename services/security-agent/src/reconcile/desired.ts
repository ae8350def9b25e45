import { createHash } from 'node:crypto';
import { type EffectivePolicy, type EffectiveSet, effectivePolicies, type WorkloadIdentity } from '#policy/layers.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import {
  type KubeArmorHostPolicy,
  type KubeArmorPolicy,
  SERVICE_NAME_LABEL,
  type SecurityPolicy,
} from '#policy/types.ts';
import type { DesiredPolicy } from './plan.ts';

/**
 * A tag that marks what the agent put into KubeArmor. KubeArmor keeps no metadata but the name, yet lists spec.tags
 * (captures: probe-final.json), so that a lost record does not turn our own policies into foreign ones.
 */
export const MARK = 'horizon-armor';

/** A policy for KubeArmor together with what it is to Open Horizon. */
export interface AttachedPolicy extends DesiredPolicy {
  /** Container name in the deployment, or `host`. */
  readonly subject: string;
  readonly effective: EffectivePolicy;
}

export interface Desired {
  /** By KubeArmor name. */
  readonly policies: ReadonlyMap<string, AttachedPolicy>;
  /** What holds for each container name that a payload targets or a workload has. */
  readonly byContainer: ReadonlyMap<string, EffectiveSet>;
  readonly host: EffectiveSet;
  /** Container names that several services share: a label selector cannot tell them apart. */
  readonly shared: readonly string[];
}

/**
 * What KubeArmor shall hold. Every container name that a payload targets is in it whether its workload runs or not:
 * policies stand before workloads start (design §7.3). Node defaults need the name of a workload, which is known from
 * Docker's `create` on. Pure.
 */
export function desiredPolicies(
  payloads: readonly PolicyPayload[],
  workloads: readonly WorkloadIdentity[],
  arch: string,
): Desired {
  const identities = identitiesByContainer(payloads, workloads, arch);
  const byContainer = new Map<string, EffectiveSet>();
  const policies = new Map<string, AttachedPolicy>();
  for (const [container, subjects] of identities) {
    const set = union(subjects.map((subject) => effectivePolicies(payloads, subject)));
    byContainer.set(container, set);
    for (const effective of set.policies) add(policies, forContainer(effective, container));
  }
  const host = effectivePolicies(payloads, 'host');
  for (const effective of host.policies) add(policies, forHost(effective));
  const shared = [...identities].filter(([, subjects]) => subjects.length > 1).map(([container]) => container);
  return { policies, byContainer, host, shared };
}

/**
 * The name a policy has in KubeArmor: one flat namespace for the node, and a file name there (kubearmor.md §3.6). It
 * depends on nothing that changes between versions, so that a new version replaces the old one in one call.
 */
export function kubearmorName(policy: string, subject: string): string {
  const digest = createHash('sha256').update(`${policy}\0${subject}`).digest('hex').slice(0, 8);
  const readable = `${policy}.${subject}`
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return `${readable.slice(0, 100) || 'policy'}.${digest}`;
}

/** Whether a policy can stop anything: a Block rule, or an Allow rule that makes a list of what is allowed. */
export function enforces({ spec }: SecurityPolicy): boolean {
  const sections = [spec.process, spec.file, spec.network, spec.capabilities].filter(
    (section) => section !== undefined,
  );
  const actions = sections.flatMap((section) =>
    rulesOf(section).map(({ action }) => action ?? section.action ?? spec.action ?? 'Block'),
  );
  const presets = 'presets' in spec ? (spec.presets ?? []).map(({ action }) => action ?? spec.action ?? 'Block') : [];
  return [...actions, ...presets].some((action) => action !== 'Audit') || spec.apparmor !== undefined;
}

function rulesOf(section: object): { action?: string }[] {
  return Object.values(section)
    .filter(Array.isArray)
    .flat()
    .filter((rule) => typeof rule === 'object' && rule !== null);
}

function identitiesByContainer(
  payloads: readonly PolicyPayload[],
  workloads: readonly WorkloadIdentity[],
  arch: string,
): Map<string, WorkloadIdentity[]> {
  const found = new Map<string, Map<string, WorkloadIdentity>>();
  const note = (identity: WorkloadIdentity): void => {
    const { org = '', service = '', version = '', container } = identity;
    const ofContainer = found.get(container) ?? new Map<string, WorkloadIdentity>();
    found.set(container, ofContainer.set(`${org}/${service}/${version}`, identity));
  };
  for (const workload of workloads) note(workload);
  for (const container of payloads.flatMap(targetedContainers)) {
    if (!found.has(container)) note({ container, arch });
  }
  return new Map(
    [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([container, each]) => [container, [...each.values()]]),
  );
}

function targetedContainers({ target, policies }: PolicyPayload): string[] {
  if ('host' in target) return [];
  if (target.container !== '*') return [target.container];
  return policies.flatMap((policy) =>
    policy.kind === 'KubeArmorPolicy' ? (policy.spec.selector?.matchLabels?.[SERVICE_NAME_LABEL] ?? []) : [],
  );
}

/** Several services under one container name get the policies of all: too much protection rather than too little. */
function union(sets: readonly EffectiveSet[]): EffectiveSet {
  const [first, ...others] = sets;
  if (first === undefined) return { policies: [], dropped: [], warnings: [] };
  return others.reduce((all, set) => {
    const names = new Set(all.policies.map(({ policy }) => policy.metadata.name));
    return {
      policies: [...all.policies, ...set.policies.filter(({ policy }) => !names.has(policy.metadata.name))],
      dropped: [...all.dropped, ...set.dropped],
      warnings: [...all.warnings, ...set.warnings],
    };
  }, first);
}

/** Labels select containers, so one policy for each container name. */
function forContainer(effective: EffectivePolicy, container: string): AttachedPolicy | undefined {
  const { policy } = effective;
  if (policy.kind !== 'KubeArmorPolicy') return undefined;
  return attach(effective, container, (name): KubeArmorPolicy => {
    const { spec, apiVersion, kind } = policy;
    const selector = { matchLabels: { [SERVICE_NAME_LABEL]: container } };
    return { apiVersion, kind, metadata: { name }, spec: { ...spec, selector, tags: marked(spec.tags) } };
  });
}

/** `*` matches whatever name KubeArmor was given for its host (kubearmor.md §0 "Host"). */
function forHost(effective: EffectivePolicy): AttachedPolicy | undefined {
  const { policy } = effective;
  if (policy.kind !== 'KubeArmorHostPolicy') return undefined;
  return attach(effective, 'host', (name): KubeArmorHostPolicy => {
    const { spec, apiVersion, kind } = policy;
    const nodeSelector = { matchLabels: { 'kubearmor.io/hostname': '*' } };
    return { apiVersion, kind, metadata: { name }, spec: { ...spec, nodeSelector, tags: marked(spec.tags) } };
  });
}

/**
 * What was made of each policy of a payload, by subject. Policies of payloads never change, so the same object
 * comes out as long as the payload holds, and whoever compares it with what was sent is done at once.
 */
const attached = new WeakMap<SecurityPolicy, Map<string, DesiredPolicy>>();
/** More names than one payload holds for at a time; beyond, those of containers that are long gone are let go. */
const SUBJECTS_KEPT = 500;

function attach(effective: EffectivePolicy, subject: string, make: (name: string) => SecurityPolicy): AttachedPolicy {
  const bySubject = attached.get(effective.policy) ?? new Map<string, DesiredPolicy>();
  const known = bySubject.get(subject);
  if (known !== undefined) return { ...known, subject, effective };
  const name = kubearmorName(effective.policy.metadata.name, subject);
  const desired = { name, policy: make(name) };
  if (bySubject.size >= SUBJECTS_KEPT) bySubject.clear();
  attached.set(effective.policy, bySubject.set(subject, desired));
  return { ...desired, subject, effective };
}

function marked(tags: readonly string[] | undefined): readonly string[] {
  return [...(tags ?? []).filter((tag) => tag !== MARK), MARK];
}

function add(policies: Map<string, AttachedPolicy>, policy: AttachedPolicy | undefined): void {
  if (policy !== undefined) policies.set(policy.name, policy);
}
