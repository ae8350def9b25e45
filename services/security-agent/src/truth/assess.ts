import type { TrackedContainer, Tracker } from '#agent/workloads/track.ts';

/** What can truthfully be said of a running workload (design §7.4). When it cannot be known, it is unprotected. */
export type Protection = 'enforced' | 'audit-only' | 'unprotected';

/** Why a workload is not (fully) enforced. docs/status.md explains each, and what to do. */
export type Reason =
  | 'no-policy'
  | 'audit-rules-only'
  | 'stopped'
  | 'kubearmor-unreachable'
  | 'policies-not-applied'
  | 'policy-rejected'
  | 'policy-collides'
  | 'no-enforcer'
  | 'enforcer-unknown'
  | 'apparmor-without-profile'
  | 'not-registered'
  | 'namespaces-unreadable'
  | 'host-namespaces'
  | 'crashed-and-restarted'
  | 'namespaces-reused'
  | 'seen-doing-what-is-blocked'
  | 'docker-unreachable';

/** KubeArmor's enforcer on this node, as far as it can be known from inside a container (kubearmor.md §1.8). */
export type Enforcer = 'BPFLSM' | 'AppArmor' | 'none' | 'unknown';

/** A policy that should hold for a workload, and how far it got. */
export interface PolicyState {
  readonly name: string;
  /** Has at least one Block or Allow rule: Audit alone stops nothing. */
  readonly enforces: boolean;
  readonly applied: 'applied' | 'pending' | 'rejected' | 'collides';
}

export interface NodeFacts {
  readonly enforcer: Enforcer;
  /** The initial pid namespace's number: a container in it is the host to KubeArmor (§3.4 "pid:host"). */
  readonly hostPidNamespace: number;
  /** Containers whose telemetry showed an action passing that a policy in force blocks: proof that nothing holds. */
  readonly contradicted: ReadonlySet<string>;
}

export interface Assessment {
  readonly protection: Protection;
  readonly reasons: readonly Reason[];
}

/** Linux gives the initial pid namespace this inode number (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
export const INITIAL_PID_NAMESPACE = 4_026_531_836;

/**
 * How protected one workload is now. `applied` is not `enforced`: every link of the chain has to be known good, in
 * this KubeArmor session and for this run of the container. Pure.
 */
export function assess(
  container: TrackedContainer,
  tracker: Pick<Tracker, 'docker' | 'kubearmor'>,
  node: NodeFacts,
  policies: readonly PolicyState[],
): Assessment {
  // Nothing of it runs, so nothing else about it matters.
  if (container.running === false) return { protection: 'unprotected', reasons: ['stopped'] };
  const broken = [
    ...runReasons(container, tracker),
    ...enforcerReasons(container, node),
    ...policyReasons(policies),
    ...(node.contradicted.has(container.id) ? (['seen-doing-what-is-blocked'] as const) : []),
  ];
  if (broken.length > 0) return { protection: 'unprotected', reasons: broken };
  if (!policies.some(({ enforces }) => enforces)) return { protection: 'audit-only', reasons: ['audit-rules-only'] };
  return { protection: 'enforced', reasons: [] };
}

function* runReasons(container: TrackedContainer, tracker: Pick<Tracker, 'docker' | 'kubearmor'>): Generator<Reason> {
  if (tracker.kubearmor === 'down') yield 'kubearmor-unreachable';
  else if (container.crashHole) yield 'crashed-and-restarted';
  else if (container.registration === undefined) yield 'not-registered';
  else if (container.displaced) yield 'namespaces-reused';
  // Without Docker a restart under the same id would go unseen: KubeArmor may be deaf as well, so its silence proves nothing.
  if (tracker.docker === 'down' && !container.crashHole) yield 'docker-unreachable';
}

function* enforcerReasons({ registration, labels }: TrackedContainer, node: NodeFacts): Generator<Reason> {
  if (node.enforcer === 'none') yield 'no-enforcer';
  if (node.enforcer === 'unknown') yield 'enforcer-unknown';
  if (node.enforcer === 'AppArmor' && labels[APPARMOR_ALIAS_LABEL] === undefined) {
    yield 'apparmor-without-profile';
  }
  if (registration === undefined) return;
  // Its rules then fall on the host, whose key is 0 as well: nothing the agent could mend (docs/status.md).
  if (registration.pidNamespace === 0 || registration.mountNamespace === 0) yield 'namespaces-unreadable';
  else if (registration.pidNamespace === node.hostPidNamespace) yield 'host-namespaces';
}

/** An image that carries this label is matched by KubeArmor's AppArmor enforcer under that name (§9). */
const APPARMOR_ALIAS_LABEL = 'kubearmor.io/container.name';

function* policyReasons(policies: readonly PolicyState[]): Generator<Reason> {
  if (policies.length === 0) yield 'no-policy';
  const states = new Set(policies.map(({ applied }) => applied));
  if (states.has('pending')) yield 'policies-not-applied';
  if (states.has('rejected')) yield 'policy-rejected';
  if (states.has('collides')) yield 'policy-collides';
}
