import type { Posture } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { reportedPosture } from '#policy/telemetry/attribute.ts';

/**
 * Which of KubeArmor's default postures its alerts have shown to be block. Nothing else shows it: GetState says audit
 * whatever is set, and flags, environment and a file that is read again while it runs all count (reference/kubearmor.md
 * §1.1). Postures are the node's, not a container's (§3.7), so the alert of one tells of all.
 */
export interface PostureWitness {
  hear(event: SecurityEvent): void;
  isBlock(category: keyof Posture, event: Pick<SecurityEvent, 'container'>): boolean;
  /** What was heard was said by a KubeArmor that may have been started anew since. */
  forget(): void;
}

export function createPostureWitness(): PostureWitness {
  const block = new Set<string>();
  /** The host's postures are settings of their own. */
  const keyOf = (category: string, { container }: Pick<SecurityEvent, 'container'>): string =>
    `${container === undefined ? 'host' : 'container'} ${category}`;
  return {
    hear(event) {
      const reported = reportedPosture(event);
      if (reported === undefined) return;
      const key = keyOf(reported.category, event);
      if (reported.posture === 'block') block.add(key);
      else block.delete(key);
    },
    isBlock: (category, event) => block.has(keyOf(category, event)),
    forget: () => block.clear(),
  };
}
