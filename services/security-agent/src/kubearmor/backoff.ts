/** Waiting times between attempts: doubling, spread, bounded, so that a restarted KubeArmor is found soon. */
export interface BackOff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** After a success: the next failure starts from the shortest wait again. */
  reset(): void;
}

export interface BackOffLimits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** KubeArmor is on the same machine and takes 20 to 70 s to come back (reference/kubearmor.md §0): never wait long. */
export const RECONNECT: BackOffLimits = { firstMs: 250, mostMs: 5000 };

/**
 * @param random uniform in [0, 1); each wait is between half of the step and the whole of it
 */
export function backOff({ firstMs, mostMs }: BackOffLimits, random: () => number = Math.random): BackOff {
  let step = firstMs;
  return {
    next() {
      const wait = step * (0.5 + random() / 2);
      step = Math.min(step * 2, mostMs);
      return wait;
    },
    reset() {
      step = firstMs;
    },
  };
}
