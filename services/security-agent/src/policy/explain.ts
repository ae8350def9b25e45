import { type BpfBudget, bpfBudget } from './budget.ts';
import type { ValuePath } from './document.ts';
import { firewallRules } from './explain-firewall.ts';
import { type ExplainedRule, type LintedPolicy, remarksOn } from './explain-remarks.ts';
import { type Effect, effectOf, sentence } from './explain-rule.ts';
import { nameOf, targetOf } from './explain-target.ts';
import type { Severity } from './finding.ts';
import { expandCommas, type FlatRule, flatRules } from './flat-rules.ts';
import { lintPolicy, type PolicyFinding } from './lint/index.ts';
import type { Enforcer } from './lint/rule.ts';

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
  | 'presets'
  | 'firewall';

/** Explains policies, those for one target together. The order is that of the policies. */
export function explainPolicies(policies: readonly unknown[], options: ExplainOptions): TargetExplanation[] {
  return [...Map.groupBy(policies, targetOf)].map(([target, group]) => explainTarget(target, group, options));
}

function explainTarget(target: string, policies: readonly unknown[], options: ExplainOptions): TargetExplanation {
  const linted = policies.map((policy): LintedPolicy => {
    const findings = lintPolicy(policy, { enforcer: options.enforcer });
    return { policy, findings: findings.filter(({ severity }) => severity !== 'info') };
  });
  const rules = linted.flatMap((each) => explainedRules(each, options.enforcer));
  const sections = CATEGORIES.flatMap((section) => {
    const own = rules.filter(({ category }) => category === section);
    if (own.length === 0) return [];
    return [
      { section, statements: own.map(({ statement }) => statement), otherwise: otherwise(section, own, options) },
    ];
  });
  return {
    target,
    policies: policies.map(nameOf),
    sections,
    ...(options.enforcer === 'apparmor' || sections.every(({ section }) => section === 'firewall')
      ? {}
      : { budget: bpfBudget(policies) }),
    remarks: remarksOn(linted, rules, options),
  };
}

/** What lint says about a rule stands with the first of the things that its commas separate. */
function explainedRules({ policy, findings }: LintedPolicy, enforcer: Enforcer): ExplainedRule[] {
  const found = (at: ValuePath): PolicyFinding[] =>
    findings.filter(({ path }) => at.every((step, i) => path[i] === step));
  const notesOf = (own: readonly PolicyFinding[]): Statement['notes'] =>
    own.map(({ rule, severity, message }) => ({ rule, severity, text: message }));
  const expanded = expandCommas(flatRules(policy));
  const parts = Map.groupBy(expanded, ({ at }) => at);
  const rules = expanded.map((rule): ExplainedRule => {
    const own = found(rule.at);
    const ofRule = parts.get(rule.at) ?? [];
    const notes = ofRule[0] === rule ? notesOf(own) : [];
    // What lint has against one part of a comma list is nothing against the others.
    const statement = { policy: nameOf(policy), ...inWords(rule, ofRule.length > 1 ? [] : own, enforcer), notes };
    return { category: categoryOf(rule), rule, statement };
  });
  const firewall = firewallRules(policy).map(({ at, effect, text }): ExplainedRule => {
    return { category: 'firewall', statement: { policy: nameOf(policy), effect, text, notes: notesOf(found(at)) } };
  });
  return [...rules, ...firewall];
}

function inWords(
  rule: FlatRule,
  findings: readonly PolicyFinding[],
  enforcer: Enforcer,
): Pick<Statement, 'effect' | 'text'> {
  const text = sentence(rule, enforcer);
  const effect = effectOf(rule);
  const never = effect === 'reported' ? NEVER_REPORTED : NEVER_ENFORCED;
  const fatal = findings.filter(({ rule: id }) => never[id]?.includes(enforcer) === true);
  const dead = effect !== 'nothing' && isDead(rule, fatal);
  return dead
    ? { effect: 'nothing', text: `It says "${text.slice(0, -1)}", and that does not hold.` }
    : { effect, text };
}

/** Whether what is wrong with a rule leaves nothing of it: with a source that is wrong the others still hold. */
function isDead({ at, fields }: FlatRule, fatal: readonly PolicyFinding[]): boolean {
  const inSources = fatal.filter(({ path }) => path[at.length] === 'fromSource');
  if (inSources.length < fatal.length) return true;
  const wrong = new Set(inSources.map(({ path }) => path[at.length + 1]));
  return wrong.size > 0 && Array.isArray(fields.fromSource) && wrong.size === fields.fromSource.length;
}

const ALL: readonly Enforcer[] = ['bpf', 'apparmor', 'both'];

/** What lint finds of rules that never block or allow anything, and under which enforcers. */
const NEVER_ENFORCED: Readonly<Record<string, readonly Enforcer[]>> = {
  KA016: ['bpf'],
  KA202: ['bpf'],
  KA203: ALL,
  KA204: ['bpf'],
  KA205: ['bpf'],
  KA206: ['bpf'],
  KA207: ['bpf'],
  KA208: ['bpf'],
  KA209: ALL,
  KA220: ['bpf'],
  KA222: ['apparmor'],
  KA250: ALL,
  KA251: ALL,
  KA254: ALL,
  KA282: ['apparmor'],
};

/** The same of rules that only report, which KubeArmor does itself, whatever the enforcer. */
const NEVER_REPORTED: Readonly<Record<string, readonly Enforcer[]>> = {
  KA207: ['bpf'],
  KA209: ALL,
  KA221: ALL,
  KA250: ALL,
  KA251: ALL,
  KA272: ALL,
  KA282: ['apparmor'],
};

const CATEGORIES: readonly Category[] = [
  ...(['programs', 'files', 'network', 'DNS', 'capabilities', 'system calls', 'USB devices', 'presets'] as const),
  'firewall',
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

function otherwise(section: Category, rules: readonly ExplainedRule[], { posture, enforcer }: ExplainOptions): string {
  if (section === 'firewall') return firewallOtherwise(rules, posture);
  const allowed = rules.filter(({ rule }) => rule !== undefined && makesAllowList(rule, enforcer));
  if (allowed.length === 0) return 'Everything else is as it was.';
  const narrow = allowed.every(({ rule }) => rule?.sources !== undefined);
  const whose = narrow ? ', also for programs that no rule names,' : '';
  return `This is an allow-list of ${section}: everything else${whose} ${POSTURES[posture]}.`;
}

/** An Allow makes one even where it never matches; one that the enforcer does not read makes none. */
function makesAllowList(rule: FlatRule, enforcer: Enforcer): boolean {
  if (rule.action !== 'Allow' || rule.section === 'presets' || rule.section === 'syscalls') return false;
  return (
    !(enforcer === 'bpf' && rule.list === 'matchPatterns') &&
    !(enforcer === 'apparmor' && rule.list === 'matchDNSQueries')
  );
}

function firewallOtherwise(rules: readonly ExplainedRule[], posture: Posture): string {
  if (rules.every(({ statement }) => statement.effect !== 'allowed')) return 'Every other packet passes as before.';
  return posture === 'audit'
    ? 'This is an allow-list of the firewall: every other packet passes and is reported (default posture audit).'
    : `This is an allow-list of the firewall: every other packet is dropped, in both directions (default posture ${posture}).`;
}
