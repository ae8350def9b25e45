import { isDeepStrictEqual } from 'node:util';
import type { DocumentStore } from '#agent/sources/store.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import type { AppliedPolicy, DesiredPolicy, ReconcileStep } from './plan.ts';

/** KubeArmor's answer to a policy call (reference/kubearmor.md §2.4). */
export type PolicyStatus = 'Failure' | 'Applied' | 'Deleted' | 'Modified' | 'NotExist' | 'Invalid' | 'NotEnabled';

/** The two calls that are safe (§3.5); the kind of the policy chooses the service method. */
export interface PolicyCalls {
  add(policy: SecurityPolicy): Promise<PolicyStatus>;
  remove(policy: SecurityPolicy): Promise<PolicyStatus>;
}

/** What became of a step. */
export type Outcome =
  | { readonly kind: 'applied'; readonly name: string; readonly why: string }
  | { readonly kind: 'rejected'; readonly name: string; readonly status: PolicyStatus }
  | { readonly kind: 'deleted'; readonly name: string; readonly why: string }
  | { readonly kind: 'not-deleted'; readonly name: string; readonly status: PolicyStatus }
  | { readonly kind: 'collides'; readonly name: string };

/**
 * The agent's memory of what it sent, on disk before it is sent (see plan.ts). A full disk is told to `onUnwritable`
 * and stops nothing: protecting comes before remembering, and our mark in KubeArmor stands in for a lost record.
 */
export interface AppliedRecord {
  readonly policies: ReadonlyMap<string, AppliedPolicy>;
  set(policy: AppliedPolicy): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Opens the record in a folder; a file that does not hold an applied policy counts as lost, which plan.ts allows for. */
export async function openRecord(store: DocumentStore, onUnwritable: (error: unknown) => void): Promise<AppliedRecord> {
  const { documents } = await store.load();
  // A session is over with the process that had it, so it is not kept, and a confirmation costs no write.
  const policies = new Map(
    [...documents.values()]
      .filter(isApplied)
      .map(({ name, policy }): [string, AppliedPolicy] => [name, { name, policy }]),
  );
  const kept = new Map([...policies].map(([name, { policy }]) => [name, policy]));
  return {
    policies,
    async set(applied) {
      const { name, policy } = applied;
      policies.set(name, applied);
      if (isDeepStrictEqual(kept.get(name), policy)) return;
      try {
        await store.save(name, { name, policy });
        kept.set(name, policy);
      } catch (error) {
        onUnwritable(error);
      }
    },
    async remove(name) {
      policies.delete(name);
      kept.delete(name);
      await store.remove(name).catch(onUnwritable);
    },
  };
}

/**
 * Carries out steps one after another: KubeArmor holds a lock over each call (§3.5). Stops at the first call that does
 * not get through, because the session it was planned for is over then; the next plan starts from the record.
 *
 * @throws ArmorError KUBEARMOR_UNAVAILABLE from the calls
 */
export async function applySteps(
  steps: readonly ReconcileStep[],
  session: string,
  calls: PolicyCalls,
  record: AppliedRecord,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    if (step.kind === 'apply') outcomes.push(await apply(step.desired, step.why, session, calls, record));
    else if (step.kind === 'delete') outcomes.push(await remove(step.applied, step.why, calls, record));
    else if (step.kind === 'collides') outcomes.push({ kind: 'collides', name: step.desired.name });
  }
  return outcomes;
}

async function apply(
  desired: DesiredPolicy,
  why: string,
  session: string,
  calls: PolicyCalls,
  record: AppliedRecord,
): Promise<Outcome> {
  const { name, policy } = desired;
  await record.set({ name, policy });
  const status = await calls.add(policy);
  // Host policies that exist already answer Modified (§2.4).
  if (status !== 'Applied' && status !== 'Modified') return { kind: 'rejected', name, status };
  await record.set({ name, policy, session });
  return { kind: 'applied', name, why };
}

/**
 * NotExist is no success: the policy may go on being listed, its file stays, and it comes back at KubeArmor's next
 * start. The cure is to add it again and then to delete it (§0 "NotExist is not harmless").
 */
async function remove(
  { name, policy }: DesiredPolicy,
  why: string,
  calls: PolicyCalls,
  record: AppliedRecord,
): Promise<Outcome> {
  let status = await calls.remove(policy);
  if (status === 'NotExist') {
    await calls.add(policy);
    status = await calls.remove(policy);
  }
  if (status !== 'Deleted') return { kind: 'not-deleted', name, status };
  await record.remove(name);
  return { kind: 'deleted', name, why };
}

function isApplied(value: unknown): value is AppliedPolicy {
  if (typeof value !== 'object' || value === null) return false;
  const { name, policy } = value as Partial<AppliedPolicy>;
  return typeof name === 'string' && typeof policy === 'object' && policy !== null && policy.metadata?.name === name;
}
