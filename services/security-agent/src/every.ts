import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Does something at once and then again, `ms` after it was done, until the signal aborts. What is done must not throw:
 * a fault in it ends the process, which Docker restarts, rather than leaving a part of the agent dead.
 */
export async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
