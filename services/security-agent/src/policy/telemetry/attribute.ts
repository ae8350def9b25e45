import type { Cause, Decision, Evaluator } from '../evaluate.ts';
import type { SecurityEvent } from '../event.ts';

/**
 * Whose doing an event is. `reported`: KubeArmor's alert names it. `attributed`: KubeArmor did not, the evaluator does
 * (reference/kubearmor.md §3.3). `unexplained`: denied, but by none of our policies. `not-enforced`: it passed although
 * a policy in force blocks it, so enforcement is not there (yet, or any more). `none`: nothing to say.
 */
export type Attribution =
  | { readonly kind: 'reported'; readonly cause: Cause }
  | { readonly kind: 'attributed'; readonly cause: Cause; readonly decision: Decision }
  | { readonly kind: 'unexplained' }
  | { readonly kind: 'not-enforced'; readonly cause: Cause; readonly decision: Decision }
  | { readonly kind: 'none' };

const NONE: Attribution = Object.freeze({ kind: 'none' });
const UNEXPLAINED: Attribution = Object.freeze({ kind: 'unexplained' });

/**
 * Attributes an event that happened under the evaluator's policies. Give it merged events (merge-denials.ts), so that
 * each denial is attributed once.
 */
export function attribute(evaluator: Evaluator, event: SecurityEvent): Attribution {
  if (event.category === 'throttle') return NONE;
  const decision = evaluator.evaluate(event);
  if (event.policyName !== undefined) return { kind: 'reported', cause: reportedCause(evaluator, event, decision) };
  if (event.denied) {
    if (decision.outcome !== 'blocked') return UNEXPLAINED;
    return { kind: 'attributed', cause: decision.by, decision };
  }
  if (decision.outcome === 'audited') return { kind: 'attributed', cause: decision.by, decision };
  if (decision.outcome === 'blocked' && decision.certainty === 'certain' && event.result === 'Passed') {
    return { kind: 'not-enforced', cause: decision.by, decision };
  }
  return NONE;
}

/** The rule behind a reported policy name: the one that decides, else the policy's first that does as the alert says. */
function reportedCause(evaluator: Evaluator, event: SecurityEvent, decision: Decision): Cause {
  const { policyName, action = '' } = event;
  if (policyName === 'DefaultPosture' || (decision.by.kind === 'rule' && decision.by.rule.policy === policyName)) {
    return decision.by;
  }
  const rule = evaluator.rules.find((each) => each.policy === policyName && each.action === action);
  return rule === undefined ? { kind: 'none' } : { kind: 'rule', rule };
}
