const MICROS_PER_MILLI = 1000;
const MICROS_PER_SECOND = 1_000_000;

/** `2026-11-23T23:21:`: events come in by the thousand a second, so the calendar part is parsed once a minute. */
const MINUTE_LENGTH = '2026-11-23T23:21:'.length;
let lastMinute = '';
let lastMinuteMicros = 0;

/**
 * Microseconds since the epoch of KubeArmor's `UpdatedTime` (`2026-11-23T23:21:19.964159Z`, always UTC with six
 * digits; other ISO 8601 times are read to their own precision). Undefined where it is no time.
 */
export function isoMicros(time: string): number | undefined {
  const minute = time.slice(0, MINUTE_LENGTH);
  if (minute !== lastMinute) {
    const millis = Date.parse(`${minute}00Z`);
    if (Number.isNaN(millis)) return undefined;
    lastMinute = minute;
    lastMinuteMicros = millis * MICROS_PER_MILLI;
  }
  const rest = time.slice(MINUTE_LENGTH);
  if (!/^[0-6]\d(?:\.\d+)?Z$/.test(rest)) return withOffset(time);
  return lastMinuteMicros + Math.round(Number(rest.slice(0, -1)) * MICROS_PER_SECOND);
}

/** Microseconds of a `Timestamp` (whole seconds), for events whose `UpdatedTime` is unusable. */
export function secondsMicros(seconds: number): number | undefined {
  return seconds > 0 ? seconds * MICROS_PER_SECOND : undefined;
}

function withOffset(time: string): number | undefined {
  const millis = Date.parse(time);
  return Number.isNaN(millis) ? undefined : millis * MICROS_PER_MILLI;
}
