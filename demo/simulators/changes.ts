import { setTimeout as delay } from 'node:timers/promises';

/** Lets others wait for a condition that changes are announced for. */
export class Changes {
  #next = Promise.withResolvers<void>();

  announce(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /**
   * The first value that is neither undefined nor false.
   *
   * @param what names the condition in the error
   * @throws when it does not come true in time
   */
  async until<T>(what: string, condition: () => T | undefined | false, timeoutMs = 10_000): Promise<T> {
    const end = new AbortController();
    const timeout = delay(timeoutMs, 'late', { signal: end.signal }).catch(() => 'late');
    try {
      for (;;) {
        const value = condition();
        if (value !== undefined && value !== false) return value;
        const changed = this.#next.promise.then(() => 'changed');
        if ((await Promise.race([changed, timeout])) === 'late') throw new Error(`${what}: not within ${timeoutMs} ms`);
      }
    } finally {
      end.abort();
    }
  }
}
