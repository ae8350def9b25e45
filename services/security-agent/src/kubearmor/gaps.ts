/** What a stream carries, and so what is missing when it was down. */
export type StreamName = 'alerts' | 'logs' | 'state';

/**
 * A time in which events were lost or may have been. KubeArmor keeps nothing for a client that is away and numbers
 * nothing (reference/kubearmor.md §2.1), so a gap has bounds in time, never a count.
 */
export interface StreamGap {
  readonly stream: StreamName;
  /** When the stream last proved alive: what came after this may be missing. Milliseconds since the epoch. */
  readonly fromMs: number;
  /** When it was proved to be up again. */
  readonly toMs: number;
  /** `down`: not connected, whatever happened is lost. `stalled`: connected but not read for longer than the queue lasts. */
  readonly kind: 'down' | 'stalled';
  readonly reason: string;
  readonly mayHaveMissed: string;
}

const CARRIES: Readonly<Record<StreamName, string>> = {
  alerts: 'blocked and audited accesses, throttle notices',
  logs: 'telemetry, and with it the denials that KubeArmor attributes to no policy',
  state: 'containers that came or went (GetState told what is there now)',
};

/** When streams were seen alive; tells the gaps. Times are milliseconds since the epoch. */
export interface GapLedger {
  /** A message or an answered health check: everything up to now has been read. */
  alive(stream: StreamName, atMs: number): void;
  lost(atMs: number, reason: string): void;
  /** All streams are up again: one gap for each that had been up before. */
  restored(atMs: number): StreamGap[];
  /**
   * The process did not read between two moments; KubeArmor queues 1000 events for a client and drops the rest without
   * a word (§2.1).
   */
  stalled(fromMs: number, toMs: number): StreamGap[];
}

export function gapLedger(streams: readonly StreamName[]): GapLedger {
  const lastAlive = new Map<StreamName, number>();
  let lossReason = 'never connected';
  return {
    alive(stream, atMs) {
      lastAlive.set(stream, atMs);
    },
    lost(atMs, reason) {
      lossReason = reason;
      // A clock that was set back must not make a gap that ends before it starts.
      for (const [stream, at] of lastAlive) lastAlive.set(stream, Math.min(at, atMs));
    },
    restored(atMs) {
      const gaps = streams.flatMap((stream): StreamGap[] => {
        const from = lastAlive.get(stream);
        return from === undefined ? [] : [gap(stream, Math.min(from, atMs), atMs, 'down', lossReason)];
      });
      for (const stream of streams) lastAlive.set(stream, atMs);
      return gaps;
    },
    stalled(fromMs, toMs) {
      return streams.map((stream) =>
        gap(stream, fromMs, toMs, 'stalled', 'this process did not read; KubeArmor drops events beyond 1000 unread'),
      );
    },
  };
}

function gap(stream: StreamName, fromMs: number, toMs: number, kind: StreamGap['kind'], reason: string): StreamGap {
  return { stream, fromMs, toMs, kind, reason, mayHaveMissed: CARRIES[stream] };
}
