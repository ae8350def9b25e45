import { isDeepStrictEqual } from 'node:util';
import type { SecurityPolicy } from '#policy/types.ts';

/** A policy as KubeArmor shall hold it: `name` is unique on the node, container and host policies alike (§3.6). */
export interface DesiredPolicy {
  readonly name: string;
  readonly policy: SecurityPolicy;
}

/**
 * What the agent has sent, kept on disk: the full object, because a deletion needs the selector it was applied with
 * (kubearmor.md §3.5). Written before the call, so that a crash in between leaves a superset of the truth.
 */
export interface AppliedPolicy extends DesiredPolicy {
  /** The KubeArmor session that answered Applied; absent while no answer is known. */
  readonly session?: string;
}

/** What getProbeData says of one policy; KubeArmor lists no more than this (§2.5). */
export interface ProbedPolicy {
  readonly name: string;
  /** Carries our mark (see mark.ts): it was the agent's, whoever lost the record. */
  readonly ours: boolean;
  /** What it takes to delete it. */
  readonly policy: SecurityPolicy;
}

/** One thing to do, or the statement that nothing is. Only ADDED and DELETED exist for us (§3.5). */
export type ReconcileStep =
  | {
      readonly kind: 'apply';
      readonly desired: DesiredPolicy;
      readonly why: 'new' | 'changed' | 'new-session' | 'unconfirmed' | 'lost';
    }
  | {
      readonly kind: 'delete';
      readonly applied: DesiredPolicy;
      readonly why: 'withdrawn' | 'leftover' | 'selector-changed';
    }
  | { readonly kind: 'collides'; readonly desired: DesiredPolicy }
  | { readonly kind: 'foreign'; readonly name: string }
  | { readonly kind: 'unchanged'; readonly name: string };

/**
 * What brings KubeArmor from what it holds to `desired`. Level-triggered: it may run at any time, and a run after
 * everything was applied yields only `unchanged` and `foreign`. Deletions come last, so that a renamed policy never
 * leaves a moment without either. A changed selector needs the old one deleted first (§3.5): those come before their
 * `apply`. Pure.
 *
 * @param probed what KubeArmor lists; label endpoints can hide each other there (§2.5), so absence alone proves nothing
 * @param visible names that KubeArmor would list if it held them: whatever of these is absent was deleted behind our back
 */
export function planReconcile(
  desired: readonly DesiredPolicy[],
  applied: ReadonlyMap<string, AppliedPolicy>,
  probed: readonly ProbedPolicy[],
  session: string,
  visible: ReadonlySet<string> = new Set(),
): ReconcileStep[] {
  const wanted = new Map(desired.map((policy) => [policy.name, policy]));
  const listed = new Map(probed.map((policy) => [policy.name, policy]));
  const upserts = [...wanted.values()].flatMap((policy) =>
    planOne(policy, applied.get(policy.name), listed.get(policy.name), session, visible.has(policy.name)),
  );
  const gone = [...applied.values()]
    .filter(({ name }) => !wanted.has(name))
    .map(({ name, policy }): ReconcileStep => ({ kind: 'delete', applied: { name, policy }, why: 'withdrawn' }));
  const unrecorded = probed
    .filter(({ name }) => !wanted.has(name) && !applied.has(name))
    .map(
      ({ name, policy, ours }): ReconcileStep =>
        ours ? { kind: 'delete', applied: { name, policy }, why: 'leftover' } : { kind: 'foreign', name },
    );
  return [...upserts, ...gone, ...unrecorded];
}

function planOne(
  desired: DesiredPolicy,
  before: AppliedPolicy | undefined,
  listed: ProbedPolicy | undefined,
  session: string,
  isVisible: boolean,
): ReconcileStep[] {
  if (before === undefined) {
    if (listed !== undefined && !listed.ours) return [{ kind: 'collides', desired }];
    return [{ kind: 'apply', desired, why: 'new' }];
  }
  if (!isDeepStrictEqual(selectorOf(before.policy), selectorOf(desired.policy))) {
    return [
      { kind: 'delete', applied: { name: before.name, policy: before.policy }, why: 'selector-changed' },
      { kind: 'apply', desired, why: 'changed' },
    ];
  }
  if (!isDeepStrictEqual(before.policy, desired.policy)) return [{ kind: 'apply', desired, why: 'changed' }];
  if (before.session === undefined) return [{ kind: 'apply', desired, why: 'unconfirmed' }];
  if (before.session !== session) return [{ kind: 'apply', desired, why: 'new-session' }];
  if (isVisible && listed === undefined) return [{ kind: 'apply', desired, why: 'lost' }];
  return [{ kind: 'unchanged', name: desired.name }];
}

function selectorOf(policy: SecurityPolicy): unknown {
  return policy.kind === 'KubeArmorPolicy' ? policy.spec.selector : policy.spec.nodeSelector;
}
