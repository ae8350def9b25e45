import type { TrackedContainer } from '#agent/workloads/track.ts';

/** restart: close the hole by a restart through the proxy; report: say so and leave it. */
export type HealMode = 'restart' | 'report';

/** What to do about a workload that KubeArmor does not hold, and never will until it is started again (design §7.5). */
export type HealStep =
  | { readonly kind: 'restart'; readonly containerId: string }
  | { readonly kind: 'wait'; readonly forMs: number; readonly why: 'just-healed' | 'crash-loop' | 'settling' }
  | { readonly kind: 'report'; readonly why: 'mode' | 'docker-unreachable' | 'restarts-do-not-help' };

/** At most one restart in five minutes for one container (design §7.5). */
export const HEAL_INTERVAL_MS = 5 * 60_000;

/**
 * anax removes all containers of a service when it finds one `restarting` at its 60 s check (exchange-mms.md §0): a
 * container that crashed this often this recently is looping, and a restart of ours would only add to it.
 */
const LOOP_CRASHES = 3;
const LOOP_WINDOW_MS = 10 * 60_000;
/** A looping workload is healed once it has run this long without a crash, and later after each failed heal. */
const LOOP_SETTLED_MS = 2 * 60_000;

/**
 * KubeArmor registers a container a quarter of a second after its start, and looks for none that started while it could
 * not hear Docker (kubearmor.md §0, §1.9): one that it does not know by now it never will.
 */
const LOST_AFTER_MS = 60_000;
/** A KubeArmor that was deaf at its own start stays so (§1.9): more restarts than this help nobody. */
const LOST_TRIES = 3;

/** Why KubeArmor does not hold a container that runs. */
export type Hole = 'crash' | 'displaced' | 'lost';

/** Which of them a container is in. @param unregisteredForMs undefined while KubeArmor cannot be asked */
export function holeOf(
  container: Pick<TrackedContainer, 'crashHole' | 'displaced' | 'registration' | 'running'>,
  unregisteredForMs: number | undefined,
): Hole | undefined {
  if (container.running !== true) return undefined;
  if (container.crashHole) return 'crash';
  if (container.displaced) return 'displaced';
  if (container.registration === undefined && unregisteredForMs !== undefined && unregisteredForMs >= LOST_AFTER_MS) {
    return 'lost';
  }
  return undefined;
}

export interface HealHistory {
  /** Monotonic milliseconds of the last restart of ours, per container id. */
  readonly lastMs: ReadonlyMap<string, number>;
  /** Restarts of ours since KubeArmor last had the container registered. */
  readonly lostTries: ReadonlyMap<string, number>;
}

/**
 * The next step for one container. Durations are measured on the monotonic clock (`nowMs`, `runningForMs`), so that
 * setting the wall clock neither storms nor stalls. Pure.
 *
 * @param crashAgesMs how long ago each known crash was, newest last
 */
export function decideHeal(
  id: string,
  hole: Hole,
  context: {
    readonly mode: HealMode;
    readonly docker: 'up' | 'down';
    readonly nowMs: number;
    readonly runningForMs: number;
    readonly crashAgesMs: readonly number[];
    readonly history: HealHistory;
    /** Docker doubles its restart delay from 100 ms: a run that lasts this long has left the back-off behind. */
    readonly settleMs: number;
  },
): HealStep {
  if (context.mode === 'report') return { kind: 'report', why: 'mode' };
  if (context.docker === 'down') return { kind: 'report', why: 'docker-unreachable' };
  if (hole === 'lost' && (context.history.lostTries.get(id) ?? 0) >= LOST_TRIES) {
    return { kind: 'report', why: 'restarts-do-not-help' };
  }
  const last = context.history.lastMs.get(id);
  if (last !== undefined && context.nowMs - last < HEAL_INTERVAL_MS) {
    return { kind: 'wait', forMs: HEAL_INTERVAL_MS - (context.nowMs - last), why: 'just-healed' };
  }
  const looping = context.crashAgesMs.filter((age) => age < LOOP_WINDOW_MS).length >= LOOP_CRASHES;
  const needed = looping ? LOOP_SETTLED_MS : context.settleMs;
  if (context.runningForMs < needed) {
    return { kind: 'wait', forMs: needed - context.runningForMs, why: looping ? 'crash-loop' : 'settling' };
  }
  return { kind: 'restart', containerId: id };
}
