import { type Clock, iso } from '#agent/clock.ts';
import type { ProtectorState } from '#agent/protector.ts';
import type { AttachedPolicy } from '#agent/reconcile/desired.ts';
import type { Enforcer } from '#agent/truth/assess.ts';
import { policyState } from '#agent/truth/protection.ts';
import { compilePolicies, type EnforcerKind, type Evaluator } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';
import { attribute, type BlockPosture } from '#policy/telemetry/attribute.ts';
import { DenialMerger, type MergedEvent } from '#policy/telemetry/merge-denials.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import type { NewAgentEvent } from './agent-event.ts';
import { toFinding } from './finding.ts';
import { createPostureWitness } from './posture-witness.ts';
import { createSettled } from './settled.ts';

export interface PipelineContext {
  readonly state: () => ProtectorState;
  readonly clock: Clock;
  readonly notify: (event: NewAgentEvent) => void;
  /** An event that could not be read, by reason. */
  readonly unreadable: (reason: string) => void;
  /** A container did what a policy in force blocks. */
  readonly contradict: (containerId: string) => void;
}

/** From KubeArmor's streams to findings: normalise, merge what belongs together, attribute, pass on. */
export interface Pipeline {
  /** One alert or log as it came. */
  take(raw: object): void;
  /** Lets go of what has waited for its other half long enough, and sees what is protected by now. */
  flush(): void;
  readonly flushEveryMs: number;
  /** As its alerts tell; empty until the first. */
  kubearmorVersion(): string;
}

const FLUSH_EVERY_MS = 250;

const ENFORCERS: Readonly<Record<Enforcer, EnforcerKind>> = {
  BPFLSM: 'bpf',
  AppArmor: 'apparmor',
  none: 'none',
  unknown: 'bpf',
};

export function createPipeline(context: PipelineContext): Pipeline {
  const { clock } = context;
  let evaluators = new Map<string, Evaluators>();
  let compiledFor = -1;
  const postures = createPostureWitness();
  const settled = createSettled(clock);
  let session: string | undefined;
  let version = '';
  /** Set while an event that passed is pushed: only what a policy audits waits for its other half. */
  let audited = false;
  const merger = new DenialMerger({ concerns: ({ denied, origin }) => denied || origin === 'alert' || audited });

  const nowMicros = (): number => clock.monotonicMs() * 1000;

  /** Policies that KubeArmor confirmed in this session; compiled when they change, for the subjects that events have. */
  const evaluatorsFor = (subject: string, state: ProtectorState): Evaluators => {
    if (compiledFor !== state.generation) {
      compiledFor = state.generation;
      evaluators = new Map();
    }
    const compiled = evaluators.get(subject) ?? compileFor(subject, state);
    evaluators.set(subject, compiled);
    return compiled;
  };

  const settle = (merged: MergedEvent, state: ProtectorState): void => {
    const { event } = merged;
    const { audit, block } = evaluatorsFor(subjectOf(event, state), state);
    const standing: BlockPosture['standing'] = (category, of) => {
      if (postures.isBlock(category, of)) return 'in-force';
      return state.foreign.size === 0 ? 'possible' : 'unlikely';
    };
    const attribution = attribute(audit, event, { evaluator: block, standing });
    switch (attribution.kind) {
      case 'reported':
      case 'attributed': {
        const workload = event.container === undefined ? undefined : state.workloads.get(event.container.id);
        context.notify(toFinding(merged, { attribution, policies: state.desired.policies, workload }));
        return;
      }
      case 'not-enforced':
        if (event.container !== undefined && settled.isSettled(event, state.histories.get(event.container.id)))
          context.contradict(event.container.id);
        return;
      case 'unexplained':
      case 'none':
        return;
    }
  };

  const throttled = ({ throttle, container, timeMicros }: SecurityEvent, state: ProtectorState): void => {
    const seconds = throttle?.silentSeconds ?? 0;
    const workload = container === undefined ? undefined : state.workloads.get(container.id);
    context.notify({
      kind: 'notice',
      time: iso(timeMicros / 1000),
      notice: 'throttled',
      message: `KubeArmor is silent about it for ${seconds} s: more than ${throttle?.maxAlertsPerSecond ?? 0} alerts a second`,
      subject: workload?.container ?? container?.name ?? 'host',
      details: { silentSeconds: seconds, maxAlertsPerSecond: throttle?.maxAlertsPerSecond ?? 0 },
    });
  };

  return {
    flushEveryMs: FLUSH_EVERY_MS,
    kubearmorVersion: () => version,
    take(raw) {
      const normalised = normalise(raw);
      if (normalised.kind === 'rejected') return context.unreadable(normalised.reason);
      const { event } = normalised;
      const state = context.state();
      if (event.category === 'throttle') return throttled(event, state);
      if ('KubeArmorVersion' in raw && typeof raw.KubeArmorVersion === 'string' && raw.KubeArmorVersion !== '') {
        version = raw.KubeArmorVersion;
      }
      if (session !== state.progress.session) postures.forget();
      session = state.progress.session;
      postures.hear(event);
      audited =
        !event.denied &&
        event.origin === 'log' &&
        evaluatorsFor(subjectOf(event, state), state).audit.evaluate(event).outcome === 'audited';
      for (const merged of merger.push(event, nowMicros())) settle(merged, state);
    },
    flush() {
      const state = context.state();
      settled.look(state.histories);
      for (const merged of merger.expire(nowMicros())) settle(merged, state);
    },
  };
}

/** Of one subject, for each posture that can be told apart by events. */
interface Evaluators {
  readonly audit: Evaluator;
  readonly block: () => Evaluator;
}

const BLOCK_ALL = { file: 'block', network: 'block', capabilities: 'block' } as const;

function compileFor(subject: string, { desired, progress, enforcer }: ProtectorState): Evaluators {
  const confirmed = (policy: AttachedPolicy): boolean =>
    policy.subject === subject && policyState(policy, progress).applied === 'applied';
  const policies = [...desired.policies.values()].filter(confirmed).map(({ policy }) => policy);
  const kind = ENFORCERS[enforcer];
  let block: Evaluator | undefined;
  return {
    audit: compilePolicies(policies, { enforcer: kind }),
    block() {
      block ??= compilePolicies(policies, { enforcer: kind, posture: BLOCK_ALL, hostPosture: BLOCK_ALL });
      return block;
    },
  };
}

/** Whose policies an event falls under: a container's name in its deployment, or the host. */
function subjectOf({ container }: SecurityEvent, { tracker }: ProtectorState): string {
  if (container === undefined) return 'host';
  return tracker.containers.get(container.id)?.labels[SERVICE_NAME_LABEL] ?? '';
}
