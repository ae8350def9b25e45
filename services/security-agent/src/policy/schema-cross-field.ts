import type { PolicyKind } from './kinds.ts';
import type { PolicyProblem } from './schema-problem.ts';

/** The rules of the CRDs that span fields: KubeArmorNetworkPolicy's x-kubernetes-validations. */
export function crossFieldProblems(kind: PolicyKind, policy: Readonly<Record<string, unknown>>): PolicyProblem[] {
  const { spec } = policy;
  if (kind !== 'KubeArmorNetworkPolicy' || !isObject(spec) || !selectsContainers(spec)) return [];
  const both: PolicyProblem[] =
    spec.nodeSelector === undefined
      ? []
      : [
          {
            path: ['spec', 'nodeSelector'],
            message: 'a network policy is for containers (selector) or for hosts (nodeSelector), not for both',
            fix: 'Keep one of the two.',
          },
        ];
  return [...both, ...quotaProblems(spec, 'ingress'), ...quotaProblems(spec, 'egress')];
}

function selectsContainers({ selector }: Readonly<Record<string, unknown>>): boolean {
  return isObject(selector) && (selector.matchLabels !== undefined || selector.matchExpressions !== undefined);
}

function quotaProblems(spec: Readonly<Record<string, unknown>>, direction: 'ingress' | 'egress'): PolicyProblem[] {
  const rules = spec[direction];
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: unknown, index) =>
    isObject(rule) && (rule.limit === undefined || rule.duration === undefined)
      ? [
          {
            path: ['spec', direction, index],
            message: 'a network policy for containers is a bandwidth quota: each rule has limit and duration',
            fix: 'Add both, or use nodeSelector.',
          },
        ]
      : [],
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
