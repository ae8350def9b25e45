/**
 * What KubeArmor's user space makes of an event: which Audit rule matches what passed, and whose name stands on a
 * denial (feeder/policyMatcher.go, UpdateMatchedPolicy). The kernel decides; this part audits and names.
 */
import type { SecurityEvent } from '../event.ts';
import type { Posture, Unknown } from './decision.ts';
import type { Rule } from './rule.ts';

export interface Passed {
  /** Audit rules that match; the alert carries the name of the first. */
  readonly audits: readonly Rule[];
  /** Whether DefaultPosture is reported, if the kernel noticed the event. */
  readonly posture: boolean;
  readonly unknown?: Unknown;
}

/** Whose name a denial carries; undefined: nobody's, it stays a log. */
export type Blame = Rule | 'posture' | undefined;

export interface CategoryFeeder {
  passed(event: SecurityEvent): Passed;
  denied(event: SecurityEvent): Blame;
}

export interface FeederPostures {
  /** Weighed while going through the rules. The host has none there: KubeArmor keeps them by namespace. */
  readonly inLoop?: Posture;
  /** Weighed when no rule has spoken: those of containers, for host events, too. */
  readonly leftOver: Posture;
}

export const SILENT: Passed = Object.freeze({ audits: Object.freeze([]), posture: false });
export const UNLISTED: Passed = Object.freeze({ audits: Object.freeze([]), posture: true });

/** With defaultFilePosture allow the feeder passes over every Allow rule, of whatever category. */
export function weighsAllowRules({ inLoop }: FeederPostures): boolean {
  return inLoop?.file !== 'allow';
}
