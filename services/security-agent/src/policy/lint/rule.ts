import type { Position, TextRange, ValuePath } from '../document.ts';
import type { Severity } from '../finding.ts';

/** Which enforcers the policies have to work with. Under `both`, what only one of them minds is a warning at most. */
export type Enforcer = 'bpf' | 'apparmor' | 'both';

/** The one right way to mend a fault, as an edit of the text that says it. */
export type Repair =
  | { readonly kind: 'set'; readonly path: ValuePath; readonly value: string | number | boolean }
  | { readonly kind: 'rename'; readonly path: ValuePath; readonly key: string }
  /** Adds a key in front of the first one of the map at `path`. */
  | { readonly kind: 'insert'; readonly path: ValuePath; readonly key: string; readonly value: string }
  | { readonly kind: 'replace'; readonly range: TextRange; readonly text: string };

/** What a rule found: where in the value, what is wrong with it, how to mend it. */
export interface Report {
  readonly path: ValuePath;
  /** The key at `path` is meant, not its value. */
  readonly onKey?: boolean;
  /** Columns to the right of where the value's text begins. */
  readonly column?: number;
  readonly message: string;
  readonly fix: string;
  /** Where it differs from the rule's. */
  readonly severity?: Severity;
  readonly repair?: Repair;
}

/** What every rule tells people: its page in docs/rules is made of this, and its examples are its tests. */
export interface RuleText {
  /** `KA…` for KubeArmor, `OH…` for Open Horizon. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** Named when the rule is about one enforcer alone. */
  readonly only?: 'bpf' | 'apparmor';
  /** Why it matters, with the source of the fact. Markdown. */
  readonly why: string;
  /** What to do. Markdown. */
  readonly fix: string;
  /** A whole file with the fault, and one without any. */
  readonly bad: string;
  readonly good: string;
  /** What `--fix` makes of `bad`, for rules that can repair. */
  readonly repaired?: string;
  /** Extension of a file that holds the examples; yaml where it is not given. */
  readonly language?: 'yaml' | 'json';
}

/** A report on the text itself, before there is a value. */
export interface TextReport extends Omit<Report, 'path' | 'onKey' | 'column'> {
  readonly at: Position;
}

export interface RuleContext {
  readonly enforcer: Enforcer;
}

/** One rule over one kind of subject. Must not throw, whatever it is given, and must not depend on other rules. */
export interface Rule<Subject, Found = Report> extends RuleText {
  check(subject: Subject, context: RuleContext): Iterable<Found>;
}

/** The severity that a report of this rule has for the enforcers in question; undefined where it does not concern them. */
export function severityFor(
  rule: RuleText,
  report: Pick<Report, 'severity'>,
  enforcer: Enforcer,
): Severity | undefined {
  if (rule.only !== undefined && enforcer !== 'both' && enforcer !== rule.only) return undefined;
  const severity = report.severity ?? rule.severity;
  return rule.only !== undefined && enforcer === 'both' && severity === 'error' ? 'warning' : severity;
}
