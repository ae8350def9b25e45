import { isDeepStrictEqual } from 'node:util';
import { type AttachedPolicy, enforces } from '#agent/reconcile/desired.ts';
import type { AppliedPolicy } from '#agent/reconcile/plan.ts';
import { isWorkload } from '#agent/workloads/identity.ts';
import type { TrackedContainer, Tracker } from '#agent/workloads/track.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { assess, type NodeFacts, type PolicyState } from './assess.ts';
import { type ProtectionHistory, record } from './history.ts';

/** How far each policy got in KubeArmor. */
export interface PolicyProgress {
  readonly desired: ReadonlyMap<string, AttachedPolicy>;
  readonly applied: ReadonlyMap<string, AppliedPolicy>;
  /** KubeArmor's present session; undefined while it is unreachable. */
  readonly session: string | undefined;
  /** KubeArmor names that it refused, and names that a foreign policy has. */
  readonly rejected: ReadonlySet<string>;
  readonly colliding: ReadonlySet<string>;
}

export interface ProtectionChange {
  readonly container: TrackedContainer;
  readonly before: ProtectionHistory | undefined;
  readonly after: ProtectionHistory;
}

/** The state of one policy in the present session of KubeArmor. An answer of an earlier session proves nothing. */
export function policyState({ name, policy }: AttachedPolicy, progress: PolicyProgress): PolicyState {
  const sent = progress.applied.get(name);
  const state = { name, enforces: enforces(policy) };
  if (progress.colliding.has(name)) return { ...state, applied: 'collides' };
  if (progress.rejected.has(name)) return { ...state, applied: 'rejected' };
  const confirmed = sent?.session !== undefined && sent.session === progress.session;
  return { ...state, applied: confirmed && isDeepStrictEqual(sent.policy, policy) ? 'applied' : 'pending' };
}

/** Policy states by container name. */
export function statesBySubject(progress: PolicyProgress): Map<string, PolicyState[]> {
  const bySubject = new Map<string, PolicyState[]>();
  for (const policy of progress.desired.values()) {
    const states = bySubject.get(policy.subject) ?? [];
    states.push(policyState(policy, progress));
    bySubject.set(policy.subject, states);
  }
  return bySubject;
}

/**
 * Assesses every workload anew and says what changed. Histories of containers that are gone are dropped. Pure.
 *
 * @param states see statesBySubject; computed by the caller, because it changes less often than containers do
 * @param atMs when what is being assessed came to be so
 * @param node `watchingSinceMs`: when the agent began to watch, on the wall clock as it is set now
 */
export function assessWorkloads(
  tracker: Tracker,
  states: ReadonlyMap<string, readonly PolicyState[]>,
  node: NodeFacts & { readonly ownAgreement: string | undefined; readonly watchingSinceMs: number },
  histories: ReadonlyMap<string, ProtectionHistory>,
  atMs: number,
): { readonly histories: Map<string, ProtectionHistory>; readonly changes: readonly ProtectionChange[] } {
  const next = new Map<string, ProtectionHistory>();
  const changes: ProtectionChange[] = [];
  for (const container of tracker.containers.values()) {
    if (!isWorkload(container, node.ownAgreement)) continue;
    const policies = states.get(container.labels[SERVICE_NAME_LABEL] ?? '') ?? [];
    const before = histories.get(container.id);
    const heardAtMs = Math.max(atMs, node.watchingSinceMs);
    const sinceMs = changedAtMs(container, before?.sinceMs ?? node.watchingSinceMs, heardAtMs);
    const after = record(before, assess(container, tracker, node, policies), sinceMs);
    next.set(container.id, after);
    if (after !== before) changes.push({ container, before, after });
  }
  return { histories: next, changes };
}

/**
 * A start and a registration carry their own times, which are more exact than the moment they were heard of. Of the time
 * before the agent watched nothing is claimed, neither protection nor exposure.
 */
function changedAtMs(container: TrackedContainer, afterMs: number, atMs: number): number {
  const { startedAtMs, startGrainMs, registration } = container;
  const times = [startGrainMs === 0 ? startedAtMs : undefined, registration?.registeredAtMs];
  const exact = times.filter((each): each is number => each !== undefined && each > afterMs && each <= atMs);
  return exact.length === 0 ? atMs : Math.max(...exact);
}
