/** Instants as the Exchange writes them: UTC, nine digits, and never the same one twice, so that text order is time order. */
export interface Clock {
  /** e.g. `2026-11-23T23:25:16.248890323Z` */
  instant(): string;
  /** The same instant as a database timestamp gives it back: six digits. */
  timestamp(): string;
}

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** A clock that follows the system's and steps by at least one microsecond. */
export function createClock(now: () => number = Date.now): Clock {
  let last = 0n;
  const next = (): bigint => {
    const current = BigInt(Math.floor(now())) * 1_000_000n;
    last = current > last ? current : last + 1000n;
    return last;
  };
  return {
    instant: () => formatInstant(next(), 9),
    timestamp: () => formatInstant(next(), 6),
  };
}

/** The instant `milliseconds` later (earlier when negative), in the same nine-digit text. */
export function shiftInstant(instant: string, milliseconds: number): string {
  return formatInstant(nanosecondsOf(instant) + BigInt(milliseconds) * 1_000_000n, 9);
}

/** Nanoseconds since 1970 of an ISO instant with any number of fraction digits; offsets other than Z are honoured. */
export function nanosecondsOf(instant: string): bigint {
  const fraction = /\.(\d+)/.exec(instant)?.[1] ?? '';
  const whole = Date.parse(instant.replace(/\.\d+/, '').replace(/\[[^\]]*\]$/, ''));
  return (BigInt(whole) / 1000n) * NANOSECONDS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function formatInstant(nanoseconds: bigint, digits: 6 | 9): string {
  const seconds = nanoseconds / NANOSECONDS_PER_SECOND;
  const fraction = String(nanoseconds % NANOSECONDS_PER_SECOND)
    .padStart(9, '0')
    .slice(0, digits);
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
