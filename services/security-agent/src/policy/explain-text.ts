import type { SectionExplanation, Statement, TargetExplanation } from './explain.ts';

const MARKS: Readonly<Record<Statement['effect'], string>> = {
  blocked: '✗',
  allowed: '✓',
  reported: '!',
  nothing: '·',
};

/** The explanation as lines for people. */
export function explanationLines(targets: readonly TargetExplanation[]): string[] {
  return targets.flatMap((target, index) => [...(index === 0 ? [] : ['']), ...targetLines(target)]);
}

function targetLines({ target, policies, sections, budget, remarks }: TargetExplanation): string[] {
  const several = policies.length > 1;
  const lines = [`For ${target} (${policies.join(', ')})`];
  for (const section of sections) lines.push('', ...sectionLines(section, several));
  if (sections.length === 0) lines.push('', '  No rule.');
  if (budget !== undefined || remarks.length > 0) lines.push('');
  if (budget !== undefined)
    lines.push(`  BPF map: ${budget.entries} of ${budget.limit} entries${over(budget.entries, budget.limit)}.`);
  for (const remark of remarks) lines.push(`  ${remark}`);
  return lines;
}

function sectionLines({ section, statements, otherwise }: SectionExplanation, several: boolean): string[] {
  const title = section.charAt(0).toUpperCase() + section.slice(1);
  return [
    `  ${title}`,
    ...statements.flatMap(({ effect, text, policy, notes }) => [
      `    ${MARKS[effect]} ${text}${several ? ` [${policy}]` : ''}`,
      ...notes.map((note) => `        ${note.rule}: ${note.text}`),
    ]),
    `    ${otherwise}`,
  ];
}

function over(entries: number, limit: number): string {
  return entries > limit ? `: ${entries - limit} rules or more will not hold` : '';
}
