import { type BpfBudget, bpfBudget } from './budget.ts';
import { type Effect, effectOf, sentence } from './explain-rule.ts';
import type { Severity } from './finding.ts';
import { expandCommas, type FlatRule, flatRules, isFields, subjectOf } from './flat-rules.ts';
import { lintPolicy } from './lint/index.ts';
import type { Enforcer } from './lint/rule.ts';
import { shownValue } from './shown-value.ts';

/** What KubeArmor does with an access that an allow-list does not name; its own default is audit. */
export type Posture = 'audit' | 'block' | 'allow';

export interface ExplainOptions {
  readonly enforcer: Enforcer;
  readonly posture: Posture;
}

/** What several policies mean together for those they are for, in words. */
export interface TargetExplanation {
  /** Whom they are for. */
  readonly target: string;
  readonly policies: readonly string[];
  readonly sections: readonly SectionExplanation[];
  /** Entries of the BPF map; left out for AppArmor alone. */
  readonly budget?: BpfBudget;
  /** What holds for the whole set: rules that replace each other, how the enforcers differ. */
  readonly remarks: readonly string[];
}

export interface SectionExplanation {
  readonly section: Category;
  readonly statements: readonly Statement[];
  /** What becomes of everything that no rule names. */
  readonly otherwise: string;
}

export interface Statement {
  readonly policy: string;
  readonly effect: Effect;
  readonly text: string;
  /** What lint has against this rule: why it does not do what it says, or more. */
  readonly notes: readonly { readonly rule: string; readonly severity: Severity; readonly text: string }[];
}

export type Category =
  | 'programs'
  | 'files'
  | 'network'
  | 'DNS'
  | 'capabilities'
  | 'system calls'
  | 'USB devices'
  | 'presets';

/** Explains policies, those for one target together. The order is that of the policies. */
export function explainPolicies(policies: readonly unknown[], options: ExplainOptions): TargetExplanation[] {
  return [...Map.groupBy(policies, targetOf)].map(([target, group]) => explainTarget(target, group, options));
}

function explainTarget(target: string, policies: readonly unknown[], options: ExplainOptions): TargetExplanation {
  const rules = policies.flatMap((policy) => explainedRules(policy, options.enforcer));
  const categories = [...new Set(rules.map(({ rule }) => categoryOf(rule)))];
  const sections = CATEGORIES.filter((category) => categories.includes(category)).map((section) => {
    const own = rules.filter(({ rule }) => categoryOf(rule) === section);
    return { section, statements: own.map(({ statement }) => statement), otherwise: otherwise(section, own, options) };
  });
  const flat = rules.map(({ rule, statement }) => ({ rule, policy: statement.policy }));
  return {
    target,
    policies: policies.map(nameOf),
    sections,
    ...(options.enforcer === 'apparmor' ? {} : { budget: bpfBudget(policies) }),
    remarks: [...replacements(flat), ...enforcerRemarks(flat, options), ...visibilityRemarks(flat)],
  };
}

interface ExplainedRule {
  readonly rule: FlatRule;
  readonly statement: Statement;
}

/** What lint says about a rule stands with the first of the things that its commas separate. */
function explainedRules(policy: unknown, enforcer: Enforcer): ExplainedRule[] {
  const findings = lintPolicy(policy, { enforcer }).filter(({ severity }) => severity !== 'info');
  const told = new Set<FlatRule['at']>();
  return expandCommas(flatRules(policy)).map((rule) => {
    const own = told.has(rule.at) ? [] : findings.filter(({ path }) => rule.at.every((step, at) => path[at] === step));
    told.add(rule.at);
    const notes = own.map(({ rule: id, severity, message }) => ({ rule: id, severity, text: message }));
    return { rule, statement: { policy: nameOf(policy), effect: effectOf(rule), text: sentence(rule), notes } };
  });
}

const CATEGORIES: readonly Category[] = [
  ...(['programs', 'files', 'network', 'DNS', 'capabilities', 'system calls', 'USB devices', 'presets'] as const),
];

function categoryOf({ section, list }: FlatRule): Category {
  switch (section) {
    case 'process':
      return 'programs';
    case 'file':
      return 'files';
    case 'network':
      return list === 'matchDNSQueries' ? 'DNS' : 'network';
    case 'capabilities':
      return 'capabilities';
    case 'syscalls':
      return 'system calls';
    case 'device':
      return 'USB devices';
    case 'presets':
      return 'presets';
  }
}

const POSTURES: Readonly<Record<Posture, string>> = {
  audit: 'is allowed and reported (default posture audit)',
  block: 'is refused (default posture block)',
  allow: 'is allowed in silence (default posture allow)',
};

function otherwise(section: Category, rules: readonly ExplainedRule[], { posture }: ExplainOptions): string {
  const allowed = rules.filter(({ statement }) => statement.effect === 'allowed');
  if (allowed.length === 0) return 'Everything else is as it was.';
  const narrow = allowed.every(({ rule }) => rule.sources !== undefined);
  const whose = narrow ? ', also for programs that no rule names,' : '';
  return `This is an allow-list of ${section}: everything else${whose} ${POSTURES[posture]}.`;
}

/** Rules of different policies for the same thing: in the map the later one replaces the earlier. */
function replacements(rules: readonly { readonly rule: FlatRule; readonly policy: string }[]): string[] {
  const seen = new Map<string, { readonly rule: FlatRule; readonly policy: string }>();
  const remarks: string[] = [];
  for (const each of rules) {
    const { rule, policy } = each;
    if (effectOf(rule) !== 'blocked' && effectOf(rule) !== 'allowed') continue;
    for (const source of rule.sources ?? ['']) {
      const key = JSON.stringify([categoryOf(rule), rule.list, subjectOf(rule), source]);
      const other = seen.get(key);
      if (other !== undefined && other.rule.action !== rule.action) {
        remarks.push(
          `${policy} says ${rule.action} of ${subjectOf(rule)}, ${other.policy} says ${other.rule.action}: under BPF-LSM the one applied last holds, under AppArmor Block.`,
        );
      }
      seen.set(key, each);
    }
  }
  return remarks;
}

function enforcerRemarks(
  rules: readonly { readonly rule: FlatRule }[],
  { enforcer, posture }: ExplainOptions,
): string[] {
  if (enforcer === 'bpf') return [];
  const programs = rules.some(({ rule }) => rule.section === 'process' && effectOf(rule) === 'allowed');
  const files = rules.some(({ rule }) => rule.section === 'file' && effectOf(rule) === 'allowed');
  const shared = programs !== files && posture === 'block';
  return [
    'Under AppArmor the container must be created with the profile (security_opt apparmor=kubearmor_<name>); without it nothing is enforced.',
    ...(shared
      ? [
          'Under AppArmor programs and files share one allow-list: with the posture block, what is not listed of the other is refused as well.',
        ]
      : []),
  ];
}

const VISIBILITY: Partial<Readonly<Record<Category, string>>> = {
  programs: 'process',
  files: 'file',
  network: 'network',
  DNS: 'dns',
  capabilities: 'capabilities',
};

function visibilityRemarks(rules: readonly { readonly rule: FlatRule }[]): string[] {
  const needed = rules
    .filter(({ rule }) => effectOf(rule) === 'reported')
    .flatMap(({ rule }) => VISIBILITY[categoryOf(rule)] ?? []);
  const tokens = CATEGORIES.flatMap((category) => VISIBILITY[category] ?? []).filter((token) => needed.includes(token));
  return tokens.length === 0
    ? []
    : [`What is only reported needs KubeArmor's -visibility to have ${tokens.join(', ')}.`];
}

/** Whom a policy is for. Policies of one selector work together. */
function targetOf(policy: unknown): string {
  const spec = isFields(policy) && isFields(policy.spec) ? policy.spec : {};
  const host = isFields(policy) && policy.kind === 'KubeArmorHostPolicy';
  const selector = host ? spec.nodeSelector : spec.selector;
  const labels = isFields(selector) && isFields(selector.matchLabels) ? Object.entries(selector.matchLabels) : [];
  const written = labels.map(([name, value]) => `${name} = ${shownValue(value)}`).join(' and ');
  if (host)
    return written === 'kubearmor.io/hostname = *'
      ? 'every host'
      : written === ''
        ? 'no host: it has no labels'
        : `hosts with ${written}`;
  return written === '' ? 'the containers of the deployment it is attached to' : `containers with ${written}`;
}

function nameOf(policy: unknown): string {
  const metadata = isFields(policy) ? policy.metadata : undefined;
  return isFields(metadata) && typeof metadata.name === 'string' ? metadata.name : '(no name)';
}
