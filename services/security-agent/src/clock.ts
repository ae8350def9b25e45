/** Both clocks, so that tests can set either. Durations are measured on the monotonic one: the other may be set. */
export interface Clock {
  /** Milliseconds since the epoch, with fractions. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => performance.timeOrigin + performance.now() + drift(),
  monotonicMs: () => performance.now(),
};

/** `performance.timeOrigin` is of the start; the wall clock may have been set since. */
function drift(): number {
  const difference = Date.now() - (performance.timeOrigin + performance.now());
  return Math.abs(difference) > 1 ? difference : 0;
}

/** ISO 8601 in UTC. */
export function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
