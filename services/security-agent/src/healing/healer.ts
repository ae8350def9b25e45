import { type Clock, iso } from '#agent/clock.ts';
import type { NewAgentEvent } from '#agent/events/agent-event.ts';
import { isWorkload } from '#agent/workloads/identity.ts';
import type { TrackedContainer, Tracker } from '#agent/workloads/track.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { decideHeal, type HealMode, type HealStep, type Hole, holeOf } from './decide.ts';

export interface HealerContext {
  readonly mode: HealMode;
  readonly settleMs: number;
  /** Restarts a container through the proxy; absent when there is none. */
  readonly restart: ((containerId: string) => Promise<void>) | undefined;
  readonly tracker: () => Tracker;
  readonly ownAgreement: string | undefined;
  readonly clock: Clock;
  readonly notify: (event: NewAgentEvent) => void;
}

/** Closes holes, within the limits of decide.ts. */
export interface Healer {
  /** Looks at every workload and does what is due. Cheap; called often. */
  check(): Promise<void>;
}

/** What is remembered of one container on the monotonic clock. */
interface Memory {
  readonly startedAtMs: number | undefined;
  readonly runBeganMs: number;
  /** As the tracker had them at the last look. */
  readonly known: readonly number[];
  readonly crashesMs: readonly number[];
  /** Since when KubeArmor could have registered it and has not. */
  readonly unregisteredSinceMs: number | undefined;
  readonly reportedRun?: number | undefined;
}

const WHAT: Readonly<Record<Hole, string>> = {
  crash: "crashed and restarted outside of KubeArmor's sight",
  displaced: 'KubeArmor has mixed it up with another container that had its namespace numbers',
  lost: 'KubeArmor has missed its start',
};
const WHY: Readonly<Record<Extract<HealStep, { kind: 'report' }>['why'], string>> = {
  mode: 'healing is set to report',
  'docker-unreachable': 'Docker cannot be reached',
  'restarts-do-not-help': 'restarts did not help; restart KubeArmor',
};

export function createHealer(context: HealerContext): Healer {
  const { clock } = context;
  const memories = new Map<string, Memory>();
  const lastHealMs = new Map<string, number>();
  const lostTries = new Map<string, number>();
  const restarting = new Set<string>();

  const remember = (container: TrackedContainer, canRegister: boolean, nowMs: number): Memory => {
    const before = memories.get(container.id);
    const sameRun = before !== undefined && before.startedAtMs === container.startedAtMs;
    if (container.registration !== undefined) lostTries.delete(container.id);
    const isLost = canRegister && container.registration === undefined;
    const memory: Memory = {
      ...before,
      startedAtMs: container.startedAtMs,
      runBeganMs: sameRun ? before.runBeganMs : nowMs,
      unregisteredSinceMs: isLost ? ((sameRun ? before.unregisteredSinceMs : undefined) ?? nowMs) : undefined,
      known: container.crashes,
      crashesMs: [
        ...(before?.crashesMs ?? []),
        ...newCrashes(before?.known ?? [], container.crashes).map(() => nowMs),
      ].slice(-20),
    };
    memories.set(container.id, memory);
    return memory;
  };

  const say = (container: TrackedContainer, notice: 'healed' | 'heal-reported', message: string): void =>
    context.notify({
      kind: 'notice',
      time: iso(clock.wallMs()),
      notice,
      message,
      subject: container.labels[SERVICE_NAME_LABEL] ?? container.name,
      details: { containerName: container.name },
    });

  const act = async (container: TrackedContainer, hole: Hole, step: HealStep, memory: Memory): Promise<void> => {
    if (step.kind === 'report') {
      if (memory.reportedRun === container.startedAtMs) return;
      memories.set(container.id, { ...memory, reportedRun: container.startedAtMs });
      return say(container, 'heal-reported', `${WHAT[hole]}; ${WHY[step.why]}`);
    }
    if (step.kind !== 'restart' || context.restart === undefined || restarting.has(container.id)) return;
    restarting.add(container.id);
    lastHealMs.set(container.id, clock.monotonicMs());
    lostTries.set(container.id, (lostTries.get(container.id) ?? 0) + 1);
    try {
      await context.restart(container.id);
      say(container, 'healed', `${WHAT[hole]}; restarted, so that KubeArmor registers it again`);
    } catch (error) {
      say(
        container,
        'heal-reported',
        `could not be restarted: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      restarting.delete(container.id);
    }
  };

  return {
    async check() {
      const { containers, docker, kubearmor, stateAgent } = context.tracker();
      const nowMs = clock.monotonicMs();
      for (const id of memories.keys()) {
        if (containers.has(id)) continue;
        memories.delete(id);
        lastHealMs.delete(id);
        lostTries.delete(id);
      }
      const due: Promise<void>[] = [];
      for (const container of containers.values()) {
        if (!isWorkload(container, context.ownAgreement)) continue;
        const memory = remember(container, kubearmor === 'up' && stateAgent, nowMs);
        const { unregisteredSinceMs } = memory;
        const hole = holeOf(container, unregisteredSinceMs === undefined ? undefined : nowMs - unregisteredSinceMs);
        if (hole === undefined) continue;
        const step = decideHeal(container.id, hole, {
          mode: context.mode,
          docker: context.restart === undefined ? 'down' : docker,
          nowMs,
          runningForMs: nowMs - memory.runBeganMs,
          crashAgesMs: memory.crashesMs.map((at) => nowMs - at),
          history: { lastMs: lastHealMs, lostTries },
          settleMs: context.settleMs,
        });
        due.push(act(container, hole, step, memory));
      }
      await Promise.all(due);
    },
  };
}

/** Crashes since the last look; the tracker keeps only the latest, so its list may have moved on. */
function newCrashes(before: readonly number[], now: readonly number[]): readonly number[] {
  if (now.length > before.length) return now.slice(before.length);
  const last = before.at(-1) ?? Number.NEGATIVE_INFINITY;
  return now.filter((at) => at > last);
}
