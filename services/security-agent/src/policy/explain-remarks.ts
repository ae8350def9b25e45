import type { Category, ExplainOptions, Statement } from './explain.ts';
import { nameOf } from './explain-target.ts';
import { type FlatRule, isFields, subjectOf } from './flat-rules.ts';
import type { PolicyFinding } from './lint/index.ts';

/** A rule as explain tells it; `rule` is left out for an entry of the firewall. */
export interface ExplainedRule {
  readonly category: Category;
  readonly rule?: FlatRule;
  readonly statement: Statement;
}

/** A policy, and what lint has against it, infos left out. */
export interface LintedPolicy {
  readonly policy: unknown;
  readonly findings: readonly PolicyFinding[];
}

/** What holds for a whole set of policies for one target, a sentence each. */
export function remarksOn(
  policies: readonly LintedPolicy[],
  explained: readonly ExplainedRule[],
  options: ExplainOptions,
): string[] {
  const rules = explained.flatMap(({ rule, category, statement }) =>
    rule === undefined ? [] : [{ rule, category, policy: statement.policy, statement }],
  );
  return [
    ...policies.flatMap((policy) => policyRemarks(policy, options)),
    ...replacements(rules),
    ...(overlaps(rules) ? [PRECEDENCE[options.enforcer]] : []),
    ...enforcerRemarks(rules, options),
    ...visibilityRemarks(rules),
  ];
}

interface PlacedRule {
  readonly rule: FlatRule;
  readonly category: Category;
  readonly policy: string;
  readonly statement: Statement;
}

/** What lint has against whom a policy is for, or against the policy as a whole. */
function policyRemarks({ policy, findings }: LintedPolicy, { enforcer }: ExplainOptions): string[] {
  const ofAll = findings.filter(({ path, rule }) =>
    rule === 'KA011' ? path.length < 3 : ABOUT_ALL.includes(String(path[1])),
  );
  const raw = isFields(policy) && isFields(policy.spec) && typeof policy.spec.apparmor === 'string';
  return [
    ...ofAll.map(({ rule, message }) => `${nameOf(policy)}: ${message} (${rule}).`),
    ...(raw && enforcer !== 'bpf'
      ? [`${nameOf(policy)} has raw AppArmor rules. They go into the profile as they are, and are not explained here.`]
      : []),
  ];
}

const ABOUT_ALL = ['selector', 'nodeSelector', 'apparmor'];

/** Rules of different policies for the same thing: in the map the later one replaces the earlier. */
function replacements(rules: readonly PlacedRule[]): string[] {
  const seen = new Map<string, PlacedRule>();
  const remarks: string[] = [];
  for (const each of rules) {
    const { rule, category, policy } = each;
    if (!decides(each)) continue;
    for (const source of rule.sources ?? ['']) {
      const key = JSON.stringify([category, rule.list, subjectOf(rule), source]);
      const other = seen.get(key);
      if (other !== undefined && other.policy !== policy && other.rule.action !== rule.action) {
        remarks.push(
          `${policy} says ${rule.action} of ${subjectOf(rule)}, ${other.policy} says ${other.rule.action}: under BPF-LSM the one applied last holds, under AppArmor Block.`,
        );
      }
      seen.set(key, each);
    }
  }
  return remarks;
}

function decides({ statement }: PlacedRule): boolean {
  return statement.effect === 'blocked' || statement.effect === 'allowed';
}

/** Whether an Allow and a Block concern the same thing in different words: a path and its directory, say. */
function overlaps(rules: readonly PlacedRule[]): boolean {
  const objects = rules.filter((each) => decides(each) && (each.category === 'programs' || each.category === 'files'));
  const { Allow: allows = [], Block: blocks = [] } = Object.groupBy(objects, ({ rule }) => rule.action);
  return allows.some((one) =>
    blocks.some(
      (other) => one.category === other.category && (isWithin(one.rule, other.rule) || isWithin(other.rule, one.rule)),
    ),
  );
}

function isWithin(one: FlatRule, other: FlatRule): boolean {
  const subject = subjectOf(one);
  if (other.list === 'matchDirectories' && subject.startsWith(subjectOf(other)) && subject !== '') return true;
  if (subject === subjectOf(other)) return one.sources !== other.sources;
  return typeof one.fields.execname === 'string' && subjectOf(other).endsWith(`/${subject}`);
}

const BPF_ORDER =
  'Of rules that overlap, BPF-LSM takes the first of these: a path for the acting program, a directory for it, a path, ' +
  'a program name, a directory; of directories a recursive one before others, and the deepest.';
const PRECEDENCE = {
  bpf: BPF_ORDER,
  apparmor: 'Of rules that overlap, AppArmor takes Block.',
  both: `${BPF_ORDER} AppArmor takes Block.`,
};

function enforcerRemarks(rules: readonly PlacedRule[], { enforcer, posture }: ExplainOptions): string[] {
  if (enforcer === 'bpf' || rules.length === 0) return [];
  const allows = (category: Category) =>
    rules.some((each) => each.category === category && each.statement.effect === 'allowed');
  const shared = allows('programs') !== allows('files') && posture === 'block';
  return [
    'Under AppArmor the container must be created with the profile (security_opt apparmor=kubearmor_<name>); without it nothing is enforced.',
    ...(shared
      ? [
          'Under AppArmor programs and files share one allow-list: with the posture block, what is not listed of the other is refused as well.',
        ]
      : []),
  ];
}

const VISIBILITY: readonly (readonly [Category, string])[] = [
  ['programs', 'process'],
  ['files', 'file'],
  ['network', 'network'],
  ['DNS', 'dns'],
  ['capabilities', 'capabilities'],
];

function visibilityRemarks(rules: readonly PlacedRule[]): string[] {
  const tokens = VISIBILITY.flatMap(([category, token]) =>
    rules.some((each) => each.category === category && each.statement.effect === 'reported') ? [token] : [],
  );
  return tokens.length === 0
    ? []
    : [`What is only reported needs KubeArmor's -visibility to have ${tokens.join(', ')}.`];
}
