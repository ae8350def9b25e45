import type { ParsedDocument, ParsedText, Position, ValuePath } from '../document.ts';
import { namesVariable } from '../document-variables.ts';
import type { Finding } from '../finding.ts';
import { type Fields, isFields } from '../flat-rules.ts';
import { isPolicyKind } from '../kinds.ts';
import { valueAt } from '../value-path.ts';
import { ignoredAt } from './ignore.ts';
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
  const findings: LintedFinding[] = [];
  const context = { enforcer };
  const add = (rule: RuleText, report: Omit<Report, 'path'>, at: Position, extra: object): void => {
    const severity = severityFor(rule, report, enforcer);
    if (severity === undefined) return;
    const { message, fix, repair } = report;
    const mend = repair === undefined ? {} : { repair, ...extra };
    findings.push({ file, line: at.line, column: at.column, rule: rule.id, severity, message, fix, ...mend });
  };
  const place = (document: ParsedDocument, path: ValuePath, report: Report): Position => {
    const at = report.onKey === true ? document.keyPositionOf(path) : document.positionOf(path);
    return report.column === undefined ? at : { line: at.line, column: at.column + report.column };
  };
  for (const rule of rules.text) for (const report of rule.check(text, context)) add(rule, report, report.at, {});
  const placed = text.documents.flatMap((document) => policiesOf(document));
  for (const document of text.documents) {
    if (document.value === undefined) continue;
    for (const rule of rules.document) {
      for (const report of rule.check(document, context)) {
        add(rule, report, place(document, report.path, report), { document });
      }
    }
  }
  for (const { subject, document, placeOf } of placed) {
    for (const { rule, report } of policyReports(subject, rules.policy, enforcer)) {
      const path = placeOf(report.path);
      const { repair, ...rest } = report;
      const placed = repair === undefined ? undefined : placedRepair(repair, subject.policy, document, placeOf);
      const mend = placed === undefined ? {} : { repair: placed };
      add(rule, { ...rest, ...mend }, place(document, path, report), { document });
    }
  }
  for (const rule of rules.set) {
    for (const report of rule.check(placed, context)) {
      const { document, placeOf } = report.policy;
      add(rule, report, place(document, placeOf(report.path), report), { document });
    }
  }
  return { findings: inOrder(findings.filter((finding) => !ignoredAt(text.text, finding))), policies: placed.length };
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
function policiesOf(document: ParsedDocument): PlacedPolicy[] {
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

/** A repair in terms of the document; none where a template has a placeholder for what would be changed. */
function placedRepair(
  repair: Repair,
  policy: Fields,
  document: ParsedDocument,
  placeOf: (path: ValuePath) => ValuePath,
): Repair | undefined {
  if (repair.kind === 'replace') return repair;
  const path = placeOf(repair.path);
  const seen = valueAt(policy, repair.path);
  const written = valueAt(document.value, path);
  const same = typeof seen === 'object' ? typeof written === 'object' : seen === written;
  return same ? { ...repair, path } : undefined;
}

function inOrder(findings: readonly LintedFinding[]): LintedFinding[] {
  const sorted = findings.toSorted(
    (a, b) => a.line - b.line || a.column - b.column || compare(a.rule, b.rule) || compare(a.message, b.message),
  );
  return sorted.filter((finding, index) => index === 0 || !isSame(finding, sorted[index - 1]));
}

/** A template's list says once what all its items have in common. */
function isSame(a: LintedFinding, b: LintedFinding | undefined): boolean {
  return a.line === b?.line && a.column === b.column && a.rule === b.rule && a.message === b.message;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
