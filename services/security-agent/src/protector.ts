import type { Clock } from '#agent/clock.ts';
import type { NewAgentEvent } from '#agent/events/agent-event.ts';
import type { ProbeData } from '#agent/kubearmor/probe.ts';
import { noticer, outcomeNotice, protectionNotice } from '#agent/notices.ts';
import { type AppliedRecord, applySteps, type PolicyCalls } from '#agent/reconcile/apply.ts';
import { type Desired, desiredPolicies, MARK } from '#agent/reconcile/desired.ts';
import { type ProbedPolicy, planReconcile } from '#agent/reconcile/plan.ts';
import { type Enforcer, INITIAL_PID_NAMESPACE } from '#agent/truth/assess.ts';
import type { ProtectionHistory } from '#agent/truth/history.ts';
import { assessWorkloads, type PolicyProgress, statesBySubject } from '#agent/truth/protection.ts';
import { identify, isWorkload, type Workload } from '#agent/workloads/identity.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import { NOTHING_KNOWN, observe, type Tracker } from '#agent/workloads/track.ts';
import { ArmorError } from '#errors';
import type { PolicyPayload } from '#policy/payload.ts';
import { SERVICE_NAME_LABEL, type SecurityPolicy } from '#policy/types.ts';

export interface ProtectorContext {
  readonly kubearmor: { readonly policies: PolicyCalls; probe(): Promise<ProbeData> };
  readonly record: AppliedRecord;
  readonly payloads: () => readonly PolicyPayload[];
  readonly arch: string;
  readonly ownAgreement: string | undefined;
  readonly clock: Clock;
  readonly notify: (event: NewAgentEvent) => void;
  /** Something that the status report tells has changed. */
  readonly changed: () => void;
}

/** Keeps KubeArmor at what shall hold, and knows how protected each workload is. */
export interface Protector {
  /** Several at once count as one: only what they come to is assessed. */
  observe(...observations: readonly Observation[]): void;
  /** A new session with KubeArmor, which may have been restarted: everything is sent again. */
  sessionBegan(session: string): void;
  sessionEnded(): void;
  enforcerIs(enforcer: Enforcer): void;
  /** Telemetry showed that nothing holds for this container in its present run. */
  contradict(containerId: string): void;
  /** Brings KubeArmor to what shall hold. Concurrent calls are merged; never throws. */
  reconcile(): Promise<void>;
  readonly state: ProtectorState;
}

/** What the protector knows, for reading only. */
export interface ProtectorState {
  readonly tracker: Tracker;
  readonly desired: Desired;
  readonly progress: PolicyProgress;
  readonly histories: ReadonlyMap<string, ProtectionHistory>;
  readonly enforcer: Enforcer;
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Names of policies in KubeArmor that are not ours. */
  readonly foreign: ReadonlySet<string>;
  /** Rises when policies, their states or the enforcer change: what was computed from them is stale then. */
  readonly generation: number;
}

export function createProtector(context: ProtectorContext): Protector {
  const { clock, record } = context;
  const startedMs = clock.monotonicMs();
  let tracker = NOTHING_KNOWN;
  let enforcer: Enforcer = 'unknown';
  let session: string | undefined;
  let desired = desiredPolicies([], [], context.arch);
  let workloads: ReadonlyMap<string, Workload> = new Map();
  let histories: ReadonlyMap<string, ProtectionHistory> = new Map();
  let states: ReturnType<typeof statesBySubject> = new Map();
  let generation = 0;
  let rejected: ReadonlySet<string> = new Set();
  let colliding: ReadonlySet<string> = new Set();
  let foreign: ReadonlySet<string> = new Set();
  const contradicted = new Map<string, number | undefined>();

  const notice = noticer(context.notify, clock);

  const progress = (): PolicyProgress => ({
    desired: desired.policies,
    applied: record.policies,
    session,
    rejected,
    colliding,
  });

  const refreshStates = (): void => {
    states = statesBySubject(progress());
    generation += 1;
  };

  const assessAll = (atMs: number): void => {
    const node = {
      enforcer,
      hostPidNamespace: INITIAL_PID_NAMESPACE,
      contradicted: new Set(
        [...contradicted].filter(([id, run]) => tracker.containers.get(id)?.startedAtMs === run).map(([id]) => id),
      ),
      ownAgreement: context.ownAgreement,
      watchingSinceMs: clock.wallMs() - (clock.monotonicMs() - startedMs),
    };
    const assessed = assessWorkloads(tracker, states, node, histories, atMs);
    histories = assessed.histories;
    for (const change of assessed.changes) context.notify(protectionNotice(change));
    if (assessed.changes.length > 0) context.changed();
  };

  /** The desired set depends on payloads and on which workloads there are; both change far less often than states do. */
  const refreshDesired = (): void => {
    const payloads = context.payloads();
    const identified = new Map<string, Workload>();
    for (const container of tracker.containers.values()) {
      const workload = isWorkload(container, context.ownAgreement)
        ? identify(container, payloads, context.arch)
        : undefined;
      if (workload !== undefined) identified.set(container.id, workload);
    }
    workloads = identified;
    desired = desiredPolicies(payloads, [...identified.values()], context.arch);
    refreshStates();
  };

  const pass = async (): Promise<void> => {
    refreshDesired();
    if (session === undefined) return assessAll(clock.wallMs());
    const probe = await context.kubearmor.probe();
    const probed = probe.policies.map(probedPolicy);
    const steps = planReconcile(
      [...desired.policies.values()],
      record.policies,
      probed,
      session,
      visibleIn(probe, desired, tracker),
    );
    const nowForeign = new Set(steps.flatMap((step) => (step.kind === 'foreign' ? [step.name] : [])));
    for (const name of nowForeign) if (!foreign.has(name)) notice('foreign-policy', 'not ours; left alone', name);
    foreign = nowForeign;
    const outcomes = await applySteps(steps, session, context.kubearmor.policies, record);
    rejected = new Set(outcomes.flatMap((each) => (each.kind === 'rejected' ? [each.name] : [])));
    colliding = new Set(outcomes.flatMap((each) => (each.kind === 'collides' ? [each.name] : [])));
    for (const outcome of outcomes) notice(...outcomeNotice(outcome));
    refreshStates();
    if (outcomes.length > 0) context.changed();
    assessAll(clock.wallMs());
  };

  let running: Promise<void> | undefined;
  let again = false;
  const reconcile = async (): Promise<void> => {
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await pass().catch((error: unknown) => {
          if (!(error instanceof ArmorError)) throw error;
          refreshStates();
          assessAll(clock.wallMs());
        });
      } while (again);
    })().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    observe(...observations) {
      const before = tracker;
      tracker = observations.reduce(observe, tracker);
      assessAll(observations.at(-1)?.atMs ?? clock.wallMs());
      if (containersOf(tracker) !== containersOf(before)) void reconcile();
    },
    sessionBegan(began) {
      session = began;
      void reconcile();
    },
    sessionEnded() {
      session = undefined;
      refreshStates();
      assessAll(clock.wallMs());
    },
    enforcerIs(found) {
      enforcer = found;
      generation += 1;
      assessAll(clock.wallMs());
    },
    contradict(containerId) {
      const run = tracker.containers.get(containerId)?.startedAtMs;
      if (contradicted.has(containerId) && contradicted.get(containerId) === run) return;
      contradicted.set(containerId, run);
      assessAll(clock.wallMs());
    },
    reconcile,
    get state() {
      return { tracker, desired, progress: progress(), histories, enforcer, workloads, foreign, generation };
    },
  };
}

/**
 * Which containers there are, and the names policies are made for: a new name needs its node defaults before it starts, and
 * a new container of a known name needs its identity before its first event.
 */
function containersOf({ containers }: Tracker): string {
  return [...containers.values()]
    .map(({ id, labels }) => `${id} ${labels[SERVICE_NAME_LABEL] ?? ''}`)
    .sort()
    .join();
}

function probedPolicy({ name, kind, spec }: ProbeData['policies'][number]): ProbedPolicy {
  const policy = { apiVersion: 'security.kubearmor.com/v1', kind, metadata: { name }, spec } as SecurityPolicy;
  return { name, ours: Array.isArray(spec.tags) && spec.tags.includes(MARK), policy };
}

/** Policies of a workload whose own endpoint is listed would be listed there (kubearmor.md §2.5). */
function visibleIn(probe: ProbeData, desired: Desired, tracker: Tracker): Set<string> {
  const endpoints = new Set(probe.endpoints);
  const subjects = new Set(
    [...tracker.containers.values()]
      .filter(
        (container) => endpoints.has(container.name) && container.registration !== undefined && !container.crashHole,
      )
      .map(({ labels }) => labels[SERVICE_NAME_LABEL]),
  );
  return new Set([...desired.policies.values()].filter(({ subject }) => subjects.has(subject)).map(({ name }) => name));
}
