import type { Verdict } from '../types.ts';
import type { RuleRef, Section } from './decision.ts';

/** What the rules of one section inherit from: the section, then the spec. */
export interface Ancestry {
  readonly policy: string;
  readonly section: Section;
  readonly sectionVerdict: Verdict | undefined;
  readonly spec: Verdict;
  /** The policy has an `apparmor` text: its rules are enforced, but no alert names it (feeder/policyMatcher.go). */
  readonly unreported: boolean;
}

/** Only the action of the policy itself may be lower case or missing (§4.1); lower-case rule actions never match. */
function specAction(action: string | undefined): string {
  switch (action) {
    case undefined:
    case '':
    case 'block':
      return 'Block';
    case 'allow':
      return 'Allow';
    case 'audit':
      return 'Audit';
    default:
      return action;
  }
}

/** Names a rule, with what it inherits rule → section → spec. */
export function refOf(ancestry: Ancestry, list: string, index: number, target: string, rule: Verdict): RuleRef {
  const { sectionVerdict: section, spec } = ancestry;
  const severity = rule.severity || section?.severity || spec.severity;
  const message = rule.message || section?.message || spec.message;
  return {
    policy: ancestry.policy,
    path: `spec.${list}[${index}]`,
    section: ancestry.section,
    action: rule.action || section?.action || specAction(spec.action),
    target,
    ...(severity ? { severity } : {}),
    tags: [rule.tags, section?.tags, spec.tags].find((tags) => tags !== undefined && tags.length > 0) ?? [],
    ...(message ? { message } : {}),
  };
}
