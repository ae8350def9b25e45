import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, looking every few milliseconds.
 *
 * @throws Error naming what was waited for, after `timeoutMs`
 */
export function waitUntil(what: string, condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  return waitUntilAsync(what, async () => condition(), timeoutMs);
}

/** The same for a condition that takes time to find out. */
export async function waitUntilAsync(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for: ${what}`);
    await sleep(5);
  }
}
