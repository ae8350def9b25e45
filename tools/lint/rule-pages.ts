import type { RuleText } from '#policy/lint/rule.ts';

/** Where the table of rules stands in docs/lint.md. */
const BEGIN = '<!-- rules: written by hzn-armor lint --docs -->';
const END = '<!-- end of rules -->';

/** The pages of the rules, by file name below docs/. `lintPage` is docs/lint.md as it is. */
export function rulePages(rules: readonly RuleText[], lintPage: string): ReadonlyMap<string, string> {
  const pages = rules.map((rule) => [`rules/${rule.id}.md`, page(rule)] as const);
  return new Map([['lint.md', withTable(lintPage, rules)], ...pages]);
}

function page(rule: RuleText): string {
  const language = rule.language ?? 'yaml';
  const about = rule.only === undefined ? '' : `, ${ENFORCERS[rule.only]}`;
  return `# ${rule.id}: ${rule.title}

Severity: ${rule.severity}${about}${rule.repaired === undefined ? '' : '. `--fix` repairs it'}.

## Why

${rule.why}

## What to do

${rule.fix}

## Found

${code(rule.bad, language)}

## Not found

${code(rule.good, language)}

[All rules](../lint.md)
`;
}

const ENFORCERS = {
  bpf: 'under BPF-LSM only (a warning at most with `--enforcer both`)',
  apparmor: 'under AppArmor only (a warning at most with `--enforcer both`)',
};

/** Fenced; texts of hundreds of lines are shown by their ends. */
function code(text: string, language: string): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.length > 40 ? [...lines.slice(0, 16), '# …', ...lines.slice(-4)] : lines;
  return ['```'.concat(language), ...shown.map(shorten), '```'].join('\n');
}

function shorten(line: string): string {
  return line.length > 160 ? `${line.slice(0, 150)}…` : line;
}

function withTable(lintPage: string, rules: readonly RuleText[]): string {
  const [before, rest] = split(lintPage, BEGIN);
  const [, after] = split(rest, END);
  return `${before}${BEGIN}\n\n${table(rules)}\n\n${END}${after}`;
}

function split(text: string, marker: string): [before: string, after: string] {
  const at = text.indexOf(marker);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + marker.length)];
}

function table(rules: readonly RuleText[]): string {
  const rows = rules.map(
    ({ id, title, severity, only, repaired }) =>
      `| [${id}](rules/${id}.md) | ${title} | ${severity} | ${only ?? ''} | ${repaired === undefined ? '' : 'yes'} |`,
  );
  return ['| rule | what it finds | severity | only under | `--fix` |', '|---|---|---|---|---|', ...rows].join('\n');
}
