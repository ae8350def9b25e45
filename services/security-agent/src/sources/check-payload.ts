import { BPF_ARGUMENT_ENTRIES, bpfBudget } from '#policy/budget.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { policyProblems } from '#policy/schema.ts';
import { SERVICE_NAME_LABEL, type SecurityPolicy } from '#policy/types.ts';
import type { PayloadCheck } from './judge.ts';

/** More policies than this in one attachment is a mistake or an attack; KubeArmor takes them one at a time. */
const MOST_POLICIES = 200;

/**
 * What a signed payload must still pass before it may go near KubeArmor, which checks nothing itself (kubearmor.md
 * §4.10): the schema, unique names, and the rule map of BPF-LSM, which overflows in a log line that nobody reads (§4.9).
 */
export const checkPayload: PayloadCheck = (payload) => {
  const { policies } = payload;
  if (policies.length > MOST_POLICIES) {
    return { reason: 'over-budget', message: `${policies.length} policies; ${MOST_POLICIES} is the most` };
  }
  const problems = [...bySubject(policies).values()].map(budgetProblem);
  return problems.find((problem) => problem !== undefined) ?? duplicateName(payload) ?? schemaProblem(policies);
};

/** Policies that share a rule map: those of one container, and those of the host. */
function bySubject(policies: readonly SecurityPolicy[]): Map<string, SecurityPolicy[]> {
  const subjectOf = (policy: SecurityPolicy): string =>
    policy.kind === 'KubeArmorHostPolicy'
      ? 'host'
      : `container ${policy.spec.selector?.matchLabels?.[SERVICE_NAME_LABEL] ?? ''}`;
  return Map.groupBy(policies, subjectOf);
}

/** A container has a rule map of its own, and so has the host. */
function budgetProblem(policies: readonly SecurityPolicy[]): ReturnType<PayloadCheck> {
  const { entries, limit, argumentEntries } = bpfBudget(policies);
  if (entries > limit) {
    return { reason: 'over-budget', message: `needs ${entries} entries of KubeArmor's rule map, which holds ${limit}` };
  }
  if (argumentEntries > BPF_ARGUMENT_ENTRIES) {
    const message = `needs ${argumentEntries} entries of KubeArmor's argument map, which holds ${BPF_ARGUMENT_ENTRIES}`;
    return { reason: 'over-budget', message };
  }
  return undefined;
}

function duplicateName({ policies }: PolicyPayload): ReturnType<PayloadCheck> {
  const seen = new Set<string>();
  for (const { kind, metadata } of policies) {
    const name = `${kind}/${metadata.name}`;
    if (seen.has(name)) return { reason: 'invalid-policy', message: `two policies are called ${metadata.name}` };
    seen.add(name);
  }
  return undefined;
}

function schemaProblem(policies: readonly SecurityPolicy[]): ReturnType<PayloadCheck> {
  for (const policy of policies) {
    const [problem] = policyProblems(selected(policy));
    if (problem === undefined) continue;
    const message = `${policy.metadata.name}: ${problem.path.join('.')}: ${problem.message}`;
    return { reason: 'invalid-policy', message };
  }
  return undefined;
}

/** The agent writes the selector; the schema, like the CRD, wants one. */
function selected(policy: SecurityPolicy): SecurityPolicy {
  if (policy.kind === 'KubeArmorPolicy') {
    const selector = policy.spec.selector ?? { matchLabels: { [SERVICE_NAME_LABEL]: 'any' } };
    return { ...policy, spec: { ...policy.spec, selector } };
  }
  const nodeSelector = policy.spec.nodeSelector ?? { matchLabels: { 'kubearmor.io/hostname': '*' } };
  return { ...policy, spec: { ...policy.spec, nodeSelector } };
}
