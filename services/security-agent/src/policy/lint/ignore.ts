import type { Finding } from '../finding.ts';

/**
 * `# hzn-armor: ignore KA401 because…` on the line of a finding, or on a line of its own in front of it, silences
 * warnings and infos of the rules named. Errors can not be silenced: what they are about does not work.
 */
const IGNORE = /#\s*hzn-armor:\s*ignore\s+((?:[A-Z]{2}\d{3}[\s,]*)+)/;

export function ignoredAt(text: string, { line, rule, severity }: Finding): boolean {
  if (severity === 'error' || !text.includes('hzn-armor:')) return false;
  const lines = text.split('\n');
  const own = named(lines[line - 1]);
  const above = lines[line - 2]?.trimStart().startsWith('#') === true ? named(lines[line - 2]) : [];
  return own.includes(rule) || above.includes(rule);
}

function named(line: string | undefined): string[] {
  return IGNORE.exec(line ?? '')?.[1]?.match(/[A-Z]{2}\d{3}/g) ?? [];
}
