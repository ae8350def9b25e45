/** How tests of the evaluator read: policies, and what becomes of events, each decision in a line. */
import test from 'ava';
import { compilePolicies, type Decision, type EvaluatorOptions } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import type { KubeArmorHostPolicy, KubeArmorPolicy, SecurityPolicy } from '#policy/types.ts';

type Spec = KubeArmorPolicy['spec'];

export function policy(spec: Spec, name = 'p'): KubeArmorPolicy {
  return { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: { name }, spec };
}

export function hostPolicy(spec: KubeArmorHostPolicy['spec'], name = 'h'): KubeArmorHostPolicy {
  return { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorHostPolicy', metadata: { name }, spec };
}

/** `blocked p file.matchPaths[0]`, `audited posture`, `blocked? owner …`: the whole decision in a line. */
function said({ outcome, by, alsoAudited, ...rest }: Decision): string {
  const doubt = rest.certainty === 'uncertain' ? `? ${rest.unknown}` : '';
  const cause = by.kind === 'rule' ? `${by.rule.policy} ${by.rule.path.replace('spec.', '')}` : by.kind;
  const also = alsoAudited.map((rule) => `, also ${rule.policy}`).join('');
  return `${outcome}${doubt} ${cause}${also}`;
}

export const decides = test.macro({
  exec(
    t,
    policies: readonly SecurityPolicy[],
    cases: readonly (readonly [SecurityEvent, string])[],
    options?: EvaluatorOptions,
  ) {
    const evaluator = compilePolicies(policies, options);
    for (const [given, expected] of cases) t.is(said(evaluator.evaluate(given)), expected, given.resource);
  },
  title: (behaviour = '') => behaviour,
});

export const BLOCK = { posture: { file: 'block', network: 'block', capabilities: 'block' } } as const;
export const NOTHING = 'allowed none';
