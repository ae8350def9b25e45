import { postureCategory } from '../evaluate/decision.ts';
import type { Cause, Decision, Evaluator, Posture } from '../evaluate.ts';
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

/**
 * What is known of posture block. KubeArmor tells its postures to nobody (GetState says audit whatever is set,
 * state/data.go), but its events show them (docs/agent.md).
 */
export interface BlockPosture {
  /** The same policies with posture block. */
  readonly evaluator: () => Evaluator;
  /**
   * `in-force`: KubeArmor blocked something by it. `possible`: it is the only explanation of a refusal that no rule
   * gives. `unlikely`: policies of others may be the explanation as well.
   */
  readonly standing: (
    category: keyof Posture,
    event: Pick<SecurityEvent, 'container'>,
  ) => 'in-force' | 'possible' | 'unlikely';
}

const NONE: Attribution = Object.freeze({ kind: 'none' });
const UNEXPLAINED: Attribution = Object.freeze({ kind: 'unexplained' });

/**
 * Attributes an event that happened under the evaluator's policies. Give it merged events (merge-denials.ts), so that
 * each denial is attributed once.
 *
 * @param evaluator compiled for posture audit, which is KubeArmor's default
 * @param block what is known of the other posture; without it nothing is ever attributed to that
 */
export function attribute(evaluator: Evaluator, event: SecurityEvent, block?: BlockPosture): Attribution {
  if (event.category === 'throttle') return NONE;
  const decision = evaluator.evaluate(event);
  if (event.policyName !== undefined) return { kind: 'reported', cause: reportedCause(evaluator, event, decision) };
  if (event.denied) {
    const denial = decision.outcome === 'blocked' ? decision : refusedByPosture(event, block);
    return denial === undefined ? UNEXPLAINED : { kind: 'attributed', cause: denial.by, decision: denial };
  }
  if (decision.outcome === 'audited') {
    return isNoHit(event, decision, block) ? NONE : { kind: 'attributed', cause: decision.by, decision };
  }
  if (decision.outcome === 'blocked' && decision.certainty === 'certain' && event.result === 'Passed') {
    return { kind: 'not-enforced', cause: decision.by, decision };
  }
  return NONE;
}

/** The decision where posture block explains a refusal by KubeArmor's own hook. A call that failed may have other reasons. */
function refusedByPosture(event: SecurityEvent, block: BlockPosture | undefined): Decision | undefined {
  if (block === undefined || event.lsm === undefined) return undefined;
  const decision = block.evaluator().evaluate(event);
  if (decision.outcome !== 'blocked' || decision.by.kind !== 'posture' || decision.by.category === 'device') {
    return undefined;
  }
  return block.standing(decision.by.category, event) === 'unlikely' ? undefined : decision;
}

/**
 * Whether a call that seems to be on no allow-list was in truth on one: under posture block it would not have passed, and
 * under posture audit a hook would have told. A call names a file as the caller does, by a symbolic link, say.
 */
function isNoHit(event: SecurityEvent, { by }: Decision, block: BlockPosture | undefined): boolean {
  if (by.kind !== 'posture' || by.category === 'device' || event.lsm !== undefined) return false;
  return block?.standing(by.category, event) === 'in-force';
}

/** The rule behind a reported policy name: the one that decides, else the policy's first that does as the alert says. */
function reportedCause(evaluator: Evaluator, event: SecurityEvent, decision: Decision): Cause {
  const { policyName, action = '' } = event;
  const posture = reportedPosture(event);
  if (posture !== undefined) return { kind: 'posture', ...posture };
  if (decision.by.kind === 'rule' && decision.by.rule.policy === policyName) return decision.by;
  const rule = evaluator.rules.find((each) => each.policy === policyName && each.action === action);
  return rule === undefined ? { kind: 'none' } : { kind: 'rule', rule };
}

/** The posture that an alert about what no Allow rule names shows to be set; undefined for any other event. */
export function reportedPosture({
  policyName,
  action,
  category,
}: SecurityEvent): Omit<Extract<Cause, { kind: 'posture' }>, 'kind'> | undefined {
  if (policyName !== 'DefaultPosture') return undefined;
  const posture = action === 'Block' ? 'block' : 'audit';
  return { category: category === 'device' ? category : postureCategory(category), posture };
}
