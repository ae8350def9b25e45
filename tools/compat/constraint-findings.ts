import type { Property } from '#tools/bundle/types.ts';
import { type Comparison, type Constraint, parseConstraint } from './constraint.ts';
import { neverMatches } from './never-matches.ts';

/** Something about the constraints of one policy; `index` is its place in the array. */
export interface ConstraintFinding {
  readonly index: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

/**
 * What is wrong with the constraints of one policy by themselves: unreadable, read as another thing than they seem, or
 * contradicting each other so that no node ever matches.
 */
export function constraintFindings(constraints: readonly string[]): ConstraintFinding[] {
  const findings: ConstraintFinding[] = [];
  const readable: { readonly index: number; readonly constraint: Constraint }[] = [];
  for (const [index, text] of constraints.entries()) {
    const parsed = parseConstraint(text);
    if (!parsed.ok) {
      const { message, column, fix } = parsed;
      findings.push({ index, severity: 'error', message: `"${text}", character ${column}: ${message}`, fix });
      continue;
    }
    for (const { message, column, fix } of parsed.traps)
      findings.push({ index, severity: 'error', message: `"${text}", character ${column}: ${message}`, fix });
    readable.push({ index, constraint: parsed.constraint });
  }
  const contradiction = neverMatches({ kind: 'and', of: readable.map(({ constraint }) => constraint) });
  const last = readable.findLast(({ constraint }) => contradiction?.some((each) => contains(constraint, each)));
  if (contradiction !== undefined && last !== undefined)
    findings.push({
      index: last.index,
      severity: 'error',
      message: `no node can ever match: ${contradiction.map(asText).join(' and ')}`,
      fix: 'Change or remove one of these comparisons.',
    });
  return findings;
}

/** Names that constraints ask for and that neither the agent nor any of the given properties provides. */
export function unknownNames(constraints: readonly string[], properties: readonly Property[]): ConstraintFinding[] {
  const known = new Set(properties.map(({ name }) => name));
  return constraints.flatMap((text, index) => {
    const parsed = parseConstraint(text);
    // What is misread is reported already.
    if (!parsed.ok || parsed.traps.length > 0) return [];
    const unknown = comparisonsIn(parsed.constraint).find(
      ({ name }) => !known.has(name) && !name.startsWith('openhorizon.'),
    );
    if (unknown === undefined) return [];
    return [
      {
        index,
        severity: 'warning' as const,
        message: `no node policy of the bundle has the property "${unknown.name}"`,
        fix: 'Add it to a node policy, unless nodes outside the bundle have it.',
      },
    ];
  });
}

function comparisonsIn(constraint: Constraint): Comparison[] {
  if (constraint.kind === 'compare') return [constraint];
  return constraint.kind === 'always' ? [] : constraint.of.flatMap(comparisonsIn);
}

function contains(constraint: Constraint, comparison: Comparison): boolean {
  return comparisonsIn(constraint).includes(comparison);
}

function asText({ name, operator, value }: Comparison): string {
  return `${name} ${operator} ${value}`;
}
