/** KubeArmor's alert throttling of one container (reference/kubearmor.md §5.6). */
export interface ThrottleSettings {
  readonly enabled: boolean;
  readonly maxPerSecond: number;
  readonly silentSeconds: number;
}

/** What becomes of an alert: it goes out; a notice goes out instead, the last for a while; or nothing does. */
export type ThrottleVerdict = 'pass' | 'notice' | 'drop';

interface State {
  firstMs: number;
  count: number;
  silent: boolean;
}

/** Counts per key. The kernel has one for its alerts, user space another for those of the monitor. */
export class Throttle {
  readonly #settings: ThrottleSettings;
  readonly #now: () => number;
  readonly #states = new Map<string, State>();

  /** @param now milliseconds, never going back */
  constructor(settings: ThrottleSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  check(key: string): ThrottleVerdict {
    if (!this.#settings.enabled) return 'pass';
    const now = this.#now();
    const state = this.#states.get(key);
    if (state === undefined) {
      this.#states.set(key, { firstMs: now, count: 1, silent: false });
      return 'pass';
    }
    const age = now - state.firstMs;
    // The silence counts from the first alert of the second that was too loud, not from the notice.
    if (state.silent && age < this.#settings.silentSeconds * 1000) return 'drop';
    if (age >= 1000) Object.assign(state, { firstMs: now, count: 1, silent: false });
    else state.count++;
    if (state.count <= this.#settings.maxPerSecond) return 'pass';
    Object.assign(state, { count: 0, silent: true });
    return 'notice';
  }

  forget(key: string): void {
    this.#states.delete(key);
  }
}
