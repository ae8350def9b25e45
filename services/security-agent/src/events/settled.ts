import type { Clock } from '#agent/clock.ts';
import type { ProtectionHistory } from '#agent/truth/history.ts';
import type { SecurityEvent } from '#policy/event.ts';

/** An event may have been under way when a workload became protected: it proves nothing this soon after. */
const SETTLED_MS = 2000;

/** Tells whether an event came late enough in a protected run to prove that the protection is not there. */
export interface Settled {
  /** To be called often: what it sees for the first time counts from then on. */
  look(histories: ReadonlyMap<string, ProtectionHistory>): void;
  isSettled(event: SecurityEvent, history: ProtectionHistory | undefined): boolean;
}

/**
 * Both moments are taken to the monotonic clock, an event by its age. Their times alone would make a workload that became
 * protected while the clock was ahead of the truth beyond all proof for as long. A clock that is set while an event is on
 * its way makes that one look older than it is, or new, which is what it nearly is.
 */
export function createSettled(clock: Clock): Settled {
  /** A history is a new object whenever protection changes. */
  const seenMs = new WeakMap<ProtectionHistory, number>();
  const see = (history: ProtectionHistory): number => {
    const atMs = seenMs.get(history) ?? clock.monotonicMs();
    seenMs.set(history, atMs);
    return atMs;
  };
  return {
    look(histories) {
      for (const history of histories.values()) see(history);
    },
    isSettled({ timeMicros }, history) {
      if (history?.protection !== 'enforced') return false;
      const ageMs = Math.max(0, clock.wallMs() - timeMicros / 1000);
      return clock.monotonicMs() - ageMs > see(history) + SETTLED_MS;
    },
  };
}
