import type { ParsedDocument, ParsedText, Position, ValuePath } from '../document.ts';
import { namesVariable } from '../document-variables.ts';
import type { Finding } from '../finding.ts';
import { type Fields, isFields } from '../flat-rules.ts';
import { isPolicyKind } from '../kinds.ts';
import { shortened } from '../shown-value.ts';
import { valueAt } from '../value-path.ts';
import { ignoredIn } from './ignore.ts';
import { type PolicySubject, policySubject } from './policy-subject.ts';
import {
  type Enforcer,
  type Repair,
  type Report,
  type Rule,
  type RuleText,
  severityFor,
  type TextReport,
} from './rule.ts';
import { expandTemplate } from './template.ts';

/** The rules that are run, by what they look at. */
export interface RuleSet {
  readonly text: readonly Rule<ParsedText, TextReport>[];
  readonly document: readonly Rule<ParsedDocument>[];
  readonly policy: readonly Rule<PolicySubject>[];
  readonly set: readonly Rule<readonly PlacedPolicy[], SetReport>[];
}

/** A policy of a text, in the place where it stands. */
export interface PlacedPolicy {
  readonly subject: PolicySubject;
  readonly document: ParsedDocument;
  /** From a path in the policy to the path in the document. */
  readonly placeOf: (path: ValuePath) => ValuePath;
}

/** A report that concerns several policies, at one of them. */
export interface SetReport extends Report {
  readonly policy: PlacedPolicy;
}

/** A finding with the edit that would mend it. */
export interface LintedFinding extends Finding {
  readonly repair?: Repair;
  /** The document that the repair's path belongs to. */
  readonly document?: ParsedDocument;
}

export interface LintRun {
  readonly findings: readonly LintedFinding[];
  /** Documents that hold a policy of KubeArmor (or something that means to be one). */
  readonly policies: number;
}

/** Runs rules over a text. The same text gives the same findings in the same order, by place and then by rule. */
export function runRules(text: ParsedText, file: string, rules: RuleSet, enforcer: Enforcer): LintRun {
  const context: RunContext = { file, enforcer };
  const placed = text.documents.flatMap(policiesOf);
  const readable = text.documents.filter(({ value }) => value !== undefined);
  const findings = [
    ...rules.text.flatMap((rule) =>
      [...rule.check(text, context)].flatMap((report) => findingOf(rule, report, report.at, context)),
    ),
    ...readable.flatMap((document) =>
      rules.document.flatMap((rule) =>
        [...rule.check(document, context)].flatMap((report) => locatedFinding(rule, report, document, context)),
      ),
    ),
    ...placed.flatMap((policy) =>
      policyReports(policy.subject, rules.policy, enforcer).flatMap(({ rule, report }) =>
        locatedFinding(rule, inDocument(report, policy), policy.document, context),
      ),
    ),
    ...rules.set.flatMap((rule) =>
      [...rule.check(placed, context)].flatMap((report) =>
        locatedFinding(rule, inDocument(report, report.policy), report.policy.document, context),
      ),
    ),
  ];
  return { findings: inOrder(text, findings), policies: placed.length };
}

export interface RunContext {
  readonly file: string;
  readonly enforcer: Enforcer;
}

/** A report as a finding, in the place that its path has in a document; none where it does not concern the enforcer. */
export function locatedFinding(
  rule: RuleText,
  report: Report,
  document: ParsedDocument,
  context: RunContext,
): LintedFinding[] {
  const at = report.onKey === true ? document.keyPositionOf(report.path) : document.positionOf(report.path);
  const position = report.column === undefined ? at : { line: at.line, column: at.column + report.column };
  return findingOf(rule, report, position, context).map((finding) =>
    finding.repair === undefined ? finding : { ...finding, document },
  );
}

/** Texts of megabytes are quoted by their beginning. */
const MAX_TEXT = 400;

function findingOf(
  rule: RuleText,
  report: Omit<Report, 'path'>,
  { line, column }: Position,
  { file, enforcer }: RunContext,
): LintedFinding[] {
  const severity = severityFor(rule, report, enforcer);
  const { repair } = report;
  const message = shortened(report.message, MAX_TEXT);
  const fix = shortened(report.fix, MAX_TEXT);
  const mend = repair === undefined ? {} : { repair };
  return severity === undefined ? [] : [{ file, line, column, rule: rule.id, severity, message, fix, ...mend }];
}

/** Every report on one policy, less those that another one says better, and those on a value that nobody knows yet. */
export function policyReports(
  subject: PolicySubject,
  rules: readonly Rule<PolicySubject>[],
  enforcer: Enforcer,
): { readonly rule: Rule<PolicySubject>; readonly report: Report }[] {
  const all = rules.flatMap((rule) =>
    [...rule.check(subject, { enforcer })]
      .filter(({ path }) => !isUnknown(subject.policy, path))
      .map((report) => ({ rule, report })),
  );
  const explained = new Set(
    all
      .filter(({ rule, report }) => rule.id !== SCHEMA && severityFor(rule, report, enforcer) === 'error')
      .map(({ report }) => JSON.stringify(report.path)),
  );
  return all.filter(({ rule, report }) => rule.id !== SCHEMA || !explained.has(JSON.stringify(report.path)));
}

/** The rule that says of any fault of the schema what it is; others say why it matters. */
const SCHEMA = 'KA010';

function isUnknown(policy: unknown, path: ValuePath): boolean {
  const value = valueAt(policy, path);
  return typeof value === 'string' && namesVariable(value);
}

/** The policies of a document: itself, the items of a Kubernetes List, what a template makes with its defaults. */
export function policiesOf(document: ParsedDocument): PlacedPolicy[] {
  return valuesOf(document.value).flatMap(({ value, placeOf }) => {
    const subject = policySubject(value);
    return subject === undefined ? [] : [{ subject, document, placeOf }];
  });
}

function valuesOf(value: unknown): { readonly value: unknown; placeOf(path: ValuePath): ValuePath }[] {
  if (!isFields(value)) return [];
  if (value.kind === 'List' && Array.isArray(value.items)) {
    return value.items.map((item: unknown, index) => ({ value: item, placeOf: (path) => ['items', index, ...path] }));
  }
  if (isTemplate(value)) {
    const expanded = expandTemplate(value);
    return [{ value: expanded.value, placeOf: (path) => expanded.originOf(path) }];
  }
  return [{ value, placeOf: (path) => path }];
}

/** A hardening template: a policy with a `template:` header. */
export function isTemplate(value: unknown): value is Fields {
  return isFields(value) && value.template !== undefined && isPolicyKind(value.kind);
}

/** A report on a policy in terms of its document; its repair is left out where a template has a placeholder there. */
function inDocument(report: Report, { subject, document, placeOf }: PlacedPolicy): Report {
  const { repair, ...rest } = report;
  const moved = { ...rest, path: placeOf(report.path) };
  if (repair === undefined) return moved;
  if (repair.kind === 'replace') return { ...moved, repair };
  const path = placeOf(repair.path);
  const seen = valueAt(subject.policy, repair.path);
  const written = valueAt(document.value, path);
  const same = typeof seen === 'object' ? typeof written === 'object' : seen === written;
  return same ? { ...moved, repair: { ...repair, path } } : moved;
}

/** Findings by place and then by rule, without those that a comment of the text silences. */
export function inOrder({ text }: ParsedText, findings: readonly LintedFinding[]): LintedFinding[] {
  const isIgnored = ignoredIn(text);
  const sorted = findings
    .filter((finding) => !isIgnored(finding))
    .sort((a, b) => a.line - b.line || a.column - b.column || compare(a.rule, b.rule) || compare(a.message, b.message));
  return sorted.filter((finding, index) => index === 0 || !isSame(finding, sorted[index - 1]));
}

/** A template's list says once what all its items have in common. */
function isSame(a: LintedFinding, b: LintedFinding | undefined): boolean {
  return a.line === b?.line && a.column === b.column && a.rule === b.rule && a.message === b.message;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
