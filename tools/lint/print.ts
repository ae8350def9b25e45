import type { Severity } from '#policy/finding.ts';
import { count, type LintReport, plainFindings } from './lint-files.ts';
import { onOneLine } from './on-one-line.ts';

/** The report for people: a line for each finding, infos only when asked for, and a last line with the sum. */
export function reportLines(report: LintReport, options: { readonly info: boolean }): string[] {
  const shown = plainFindings(report).filter(({ severity }) => options.info || severity !== 'info');
  const lines = shown.map(({ file, line, column, rule, severity, message, fix }) =>
    onOneLine(`${file}:${line}:${column}: ${severity} ${rule}: ${message}. ${fix}`),
  );
  return report.files.length === 0 && report.unusable.length > 0 ? lines : [...lines, summary(report, options)];
}

function summary(report: LintReport, { info }: { readonly info: boolean }): string {
  const { files, passedOver, repaired } = report;
  const hidden = count(report, 'info');
  const parts = [
    plural(count(report, 'error'), 'error'),
    plural(count(report, 'warning'), 'warning'),
    ...(hidden === 0 ? [] : [`${plural(hidden, 'info')}${info ? '' : ' (--info shows them)'}`]),
    ...(repaired === 0 ? [] : [`${repaired} repaired`]),
    ...(passedOver === 0 ? [] : [`${plural(passedOver, 'other file')} passed over`]),
  ];
  return `${plural(files.length, 'file')}: ${parts.join(', ')}`;
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Exit status: 0 clean or warnings only, 1 errors, 2 something that can not be linted (design §5). */
export function exitStatus(report: LintReport): 0 | 1 | 2 {
  if (report.unusable.length > 0) return 2;
  return count(report, 'error' satisfies Severity) > 0 ? 1 : 0;
}
