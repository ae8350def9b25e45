import type { PostureAction, Unknown } from './decision.ts';
import type { Rule } from './rule.ts';

/**
 * What the kernel side does with an access. `notice`: it tells user space although it lets the access pass (an
 * allow-list that the access is not on, mostly).
 */
export interface Verdict {
  readonly deny: boolean;
  readonly notice: boolean;
  /** The rule whose entry matched; absent when none did. */
  readonly rule?: Rule;
  readonly unknown?: Unknown;
  /** Sockets: how the hook's event names them, which is by the key that matched. */
  readonly socket?: string;
}

export const PASS: Verdict = Object.freeze({ deny: false, notice: false });
export const NOTICE: Verdict = Object.freeze({ deny: false, notice: true });
export const DENY_UNLISTED: Verdict = Object.freeze({ deny: true, notice: true });

/** For what is on no allow-list: denied under posture block, else noticed (allow and audit are one to the kernel). */
export function unlisted(whitelisted: boolean, posture: PostureAction): Verdict {
  if (!whitelisted) return PASS;
  return posture === 'block' ? DENY_UNLISTED : NOTICE;
}

export function denied(rule: Rule | undefined, unknown?: Unknown): Verdict {
  return verdict(true, true, rule, unknown);
}

export function passed(rule: Rule | undefined, notice = false): Verdict {
  return verdict(false, notice, rule);
}

function verdict(deny: boolean, notice: boolean, rule?: Rule, unknown?: Unknown): Verdict {
  if (rule === undefined) return unknown === undefined ? { deny, notice } : { deny, notice, unknown };
  return unknown === undefined ? { deny, notice, rule } : { deny, notice, rule, unknown };
}

/**
 * One of two verdicts holds, and `unknown` keeps us from telling which: the stricter, uncertain where they differ or
 * where either is.
 */
export function strictest(one: Verdict, other: Verdict, unknown: Unknown): Verdict {
  if (one.deny === other.deny && one.notice === other.notice) return other.unknown === undefined ? one : other;
  const stricter = one.deny || (!other.deny && one.notice) ? one : other;
  return { ...stricter, unknown: stricter.unknown ?? unknown };
}
