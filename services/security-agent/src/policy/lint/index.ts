import { type ParsedText, parseText, type ValuePath } from '../document.ts';
import type { Finding, Severity } from '../finding.ts';
import { type LintRun, policyReports, runRules } from './engine.ts';
import { policySubject } from './policy-subject.ts';
import { type Enforcer, severityFor } from './rule.ts';
import { kubeArmorRules } from './rules/index.ts';

export interface LintOptions {
  /** Which enforcers the policies have to work with; both unless said otherwise. */
  readonly enforcer?: Enforcer;
}

/** One finding on a policy that stands in no file. */
export interface PolicyFinding {
  readonly path: ValuePath;
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

/**
 * Everything that KubeArmor takes in silence, or refuses, in a text of YAML or JSON with any number of policies; other
 * documents are passed over. Never throws.
 *
 * @param file named in the findings; a name that ends in .json makes the text JSON
 */
export function lintText(text: string, file: string, options: LintOptions = {}): Finding[] {
  const parsed = parseText(text, { json: file.endsWith('.json') });
  return lintParsed(parsed, file, options).findings.map(({ repair, document, ...finding }) => finding);
}

/** As lintText, of a text already parsed, with the repair of each finding and the number of policies found. */
export function lintParsed(text: ParsedText, file: string, { enforcer = 'both' }: LintOptions = {}): LintRun {
  return runRules(text, file, kubeArmorRules, enforcer);
}

/** As lintText, of one policy as data. Empty for what is no policy. */
export function lintPolicy(policy: unknown, { enforcer = 'both' }: LintOptions = {}): PolicyFinding[] {
  const subject = policySubject(policy);
  if (subject === undefined) return [];
  return policyReports(subject, kubeArmorRules.policy, enforcer).flatMap(({ rule, report }) => {
    const severity = severityFor(rule, report, enforcer);
    const { path, message, fix } = report;
    return severity === undefined ? [] : [{ path, rule: rule.id, severity, message, fix }];
  });
}

export type { Enforcer };
export { kubeArmorRules };
