import type { Finding } from '../finding.ts';

const IGNORE = /#\s*hzn-armor:\s*ignore\s+((?:[A-Z]{2}\d{3}[\s,]*)+)/;

/**
 * `# hzn-armor: ignore KA401 because…` on the line of a finding, or on a line of its own in front of it, silences
 * warnings and infos of the rules named. Errors can not be silenced: what they are about does not work.
 */
export function ignoredIn(text: string): (finding: Finding) => boolean {
  if (!text.includes('hzn-armor:')) return () => false;
  const lines = text.split('\n');
  return ({ line, rule, severity }) => {
    if (severity === 'error') return false;
    const above = lines[line - 2]?.trimStart().startsWith('#') === true ? named(lines[line - 2]) : [];
    return named(lines[line - 1]).includes(rule) || above.includes(rule);
  };
}

function named(line: string | undefined): string[] {
  return IGNORE.exec(line ?? '')?.[1]?.match(/[A-Z]{2}\d{3}/g) ?? [];
}
