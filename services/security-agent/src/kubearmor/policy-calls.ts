import type { PolicyCalls, PolicyStatus } from '#agent/reconcile/apply.ts';
import { ArmorError } from '#errors';
import type { SecurityPolicy } from '#policy/types.ts';
import { type Procedure, procedures } from './wire.ts';

/** A closed list (reference/kubearmor.md §2.4); anything else was not said by KubeArmor. */
const STATUSES = [
  'Failure',
  'Applied',
  'Deleted',
  'Modified',
  'NotExist',
  'Invalid',
  'NotEnabled',
] as const satisfies readonly PolicyStatus[];

/** Makes one call on the present connection. */
export type Caller = (procedure: Procedure, request: object, deadlineMs: number) => Promise<object>;

/** A call waits for KubeArmor's lock and, with many containers, for its rule maps. */
const DEADLINE_MS = 15_000;

/**
 * Policy calls over `caller`, one at a time in the order they were asked for: KubeArmor holds a lock over each (§3.5).
 * Only ADDED and DELETED: any other type can damage a policy of somebody else (§3.5), so there is no way to send one.
 * `NotExist` is an answer, not a success (§0).
 */
export function policyCalls(caller: Caller): PolicyCalls {
  let last: Promise<unknown> = Promise.resolve();
  const send = (type: 'ADDED' | 'DELETED', policy: SecurityPolicy): Promise<PolicyStatus> => {
    const procedure = policy.kind === 'KubeArmorHostPolicy' ? procedures.hostPolicy : procedures.containerPolicy;
    const request = { policy: Buffer.from(JSON.stringify({ type, object: policy })) };
    const answer = last.then(async () => statusOf(await caller(procedure, request, DEADLINE_MS), procedure));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    add: (policy) => send('ADDED', policy),
    remove: (policy) => send('DELETED', policy),
  };
}

function statusOf(answer: object, { path }: Procedure): PolicyStatus {
  const status = 'status' in answer ? STATUSES.find((each) => each === answer.status) : undefined;
  if (status !== undefined) return status;
  throw new ArmorError(
    'KUBEARMOR_UNAVAILABLE',
    'KubeArmor answered with a status that is not in its API',
    { request: path },
    'Check that the address is that of a KubeArmor 1.7 and that nothing sits in between.',
  );
}
