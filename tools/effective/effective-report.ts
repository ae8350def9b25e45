import { BPF_MAP_ENTRIES, bpfBudget } from '#policy/budget.ts';
import type { LayerWarning } from '#policy/layer-contradictions.ts';
import { type EffectivePolicy, type EffectiveSet, effectivePolicies, type Origin } from '#policy/layers.ts';
import type { ComplianceId, Layer, PolicyPayload } from '#policy/payload.ts';
import type { Action, SecurityPolicy } from '#policy/types.ts';
import type { Workload } from './workloads.ts';

/** Where a policy is written: a source of the bundle, or the hub. */
export interface PolicyOrigin {
  readonly layer: Layer;
  readonly payload: string;
  /** Source file; absent for a live policy. */
  readonly file?: string;
  /** Absent for what is not published yet. */
  readonly seq?: number;
}

/** A policy that holds, as `effective --json` prints it. */
export interface EffectiveLine extends PolicyOrigin {
  readonly name: string;
  readonly kind: SecurityPolicy['kind'];
  /** That of the policy as a whole; its rules may say otherwise. */
  readonly action: Action;
  readonly template?: string;
  readonly compliance: readonly ComplianceId[];
  readonly overrides: readonly PolicyOrigin[];
}

/** What holds for one workload, or for the host. */
export interface EffectiveSubject {
  readonly workload: Workload | 'host';
  readonly policies: readonly EffectiveLine[];
  /** Node defaults that a deployment switched off. */
  readonly dropped: readonly (PolicyOrigin & { readonly by: string })[];
  readonly warnings: readonly LayerWarning[];
  /** Entries of the BPF map that the policies need together, of the 256 there are. */
  readonly mapEntries: { readonly used: number; readonly limit: number };
}

/** What is sent to a node, and which source says it. */
export interface SentPayload {
  readonly payload: PolicyPayload;
  readonly file?: string;
}

/** What holds for each of the workloads and for the host. */
export function effectiveReport(sent: readonly SentPayload[], workloads: readonly Workload[]): EffectiveSubject[] {
  const payloads = sent.map(({ payload }) => payload);
  const files = new Map(sent.map(({ payload, file }) => [payload.id, file]));
  return (['host', ...workloads] as const).map((workload) => {
    const set = effectivePolicies(payloads, workload === 'host' ? 'host' : workload.identity);
    return subject(workload, set, files);
  });
}

function subject(
  workload: Workload | 'host',
  { policies, dropped, warnings }: EffectiveSet,
  files: ReadonlyMap<string, string | undefined>,
): EffectiveSubject {
  const { entries } = bpfBudget(policies.map(({ policy }) => policy));
  return {
    workload,
    policies: policies.map((each) => line(each, files)),
    dropped: dropped.map(({ by, ...origin }) => ({ ...place(origin, files), by })),
    warnings,
    mapEntries: { used: entries, limit: BPF_MAP_ENTRIES },
  };
}

function line(
  { policy, template, compliance, overrides, ...origin }: EffectivePolicy,
  files: ReadonlyMap<string, string | undefined>,
): EffectiveLine {
  return {
    name: policy.metadata.name,
    kind: policy.kind,
    // What KubeArmor makes of a policy that says nothing (reference/kubearmor.md §4.1).
    action: policy.spec.action ?? 'Block',
    ...place(origin, files),
    ...(template !== undefined && { template }),
    compliance,
    overrides: overrides.map((each) => place(each, files)),
  };
}

function place({ layer, payloadId, seq }: Origin, files: ReadonlyMap<string, string | undefined>): PolicyOrigin {
  const file = files.get(payloadId);
  return { layer, payload: payloadId, ...(file !== undefined && { file }), ...(seq > 0 && { seq }) };
}
