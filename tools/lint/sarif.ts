import type { Severity } from '#policy/finding.ts';
import { repairEdit } from '#policy/lint/repair.ts';
import type { RuleText } from '#policy/lint/rule.ts';
import type { LintedFile, LintReport } from './lint-files.ts';

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** The report as SARIF 2.1.0, which code hosts show beside the lines; repairs come along as fixes. */
export function sarif(report: LintReport, rules: readonly RuleText[], version: string): object {
  const found = new Set(report.files.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
  const used = rules.filter(({ id }) => found.has(id));
  const indices = new Map(used.map(({ id }, index) => [id, index]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'hzn-armor lint', semanticVersion: version, rules: used.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        results: report.files.flatMap((file) => results(file, indices)),
      },
    ],
  };
}

function descriptor({ id, title, severity, why, fix }: RuleText): object {
  return {
    id,
    name: camelCase(title),
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: `${why}\n\n${fix}`, markdown: `${why}\n\n${fix}` },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function results(file: LintedFile, indices: ReadonlyMap<string, number>): object[] {
  const uri = encodeURI(file.file.replaceAll('\\', '/')).replace(/[?#]/g, encodeURIComponent);
  return file.findings.map((finding) => {
    const edit = repairEdit(file.text, finding);
    const region = { startLine: finding.line, startColumn: finding.column };
    return {
      ruleId: finding.rule,
      ruleIndex: indices.get(finding.rule) ?? -1,
      level: LEVELS[finding.severity],
      message: { text: `${finding.message}. ${finding.fix}` },
      locations: [{ physicalLocation: { artifactLocation: { uri }, region } }],
      ...(edit === undefined ? {} : { fixes: [fixOf(file, uri, edit, finding.fix)] }),
    };
  });
}

function fixOf(
  { text }: LintedFile,
  uri: string,
  { start, end, text: inserted }: { readonly start: number; readonly end: number; readonly text: string },
  description: string,
): object {
  const from = text.positionAt(start);
  const to = text.positionAt(end);
  return {
    description: { text: description },
    artifactChanges: [
      {
        artifactLocation: { uri },
        replacements: [
          {
            deletedRegion: { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column },
            insertedContent: { text: inserted },
          },
        ],
      },
    ],
  };
}

function camelCase(title: string): string {
  return title
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
