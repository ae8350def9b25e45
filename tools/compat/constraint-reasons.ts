import type { Property } from '#tools/bundle/types.ts';
import { type Comparison, type Constraint, parseConstraint } from './constraint.ts';
import { evaluate, unmet } from './evaluate.ts';
import type { Reason, ReasonPlace } from './reason.ts';

export interface Asking {
  /** Whose constraints they are. */
  readonly asker: Omit<ReasonPlace, 'path'>;
  /** Who has to have the properties. */
  readonly other: 'node' | 'deployment';
  /** Properties of the other side that cannot be known here. */
  readonly unknown: readonly string[];
}

/** Why constraints do not hold on the other side's properties, and which comparisons were taken to hold. */
export function constraintReasons(
  constraints: readonly string[],
  properties: readonly Property[],
  { asker, other, unknown }: Asking,
): { readonly reasons: Reason[]; readonly assumed: string[] } {
  const reasons: Reason[] = [];
  const assumed: string[] = [];
  for (const [index, text] of constraints.entries()) {
    const where = { ...asker, path: ['constraints', index] };
    const parsed = parseConstraint(text);
    if (!parsed.ok) {
      const { message, column, fix } = parsed;
      reasons.push({ which: 'constraint', text: `"${text}", character ${column}: ${message}`, fix, where });
      continue;
    }
    const decidable = assume(parsed.constraint, unknown, assumed);
    if (evaluate(decidable, properties)) continue;
    const failing = unmet(decidable, properties);
    reasons.push({ ...whyUnmet(text, failing, properties, other), where });
  }
  return { reasons, assumed };
}

/** The constraint with what nobody can know yet taken to hold; there is no negation, so that this errs on one side only. */
function assume(constraint: Constraint, unknown: readonly string[], assumed: string[]): Constraint {
  if (constraint.kind === 'always') return constraint;
  if (constraint.kind !== 'compare')
    return { ...constraint, of: constraint.of.map((each) => assume(each, unknown, assumed)) };
  if (!unknown.includes(constraint.name)) return constraint;
  assumed.push(asText(constraint));
  return { kind: 'always' };
}

function whyUnmet(
  text: string,
  failing: readonly Comparison[],
  properties: readonly Property[],
  other: Asking['other'],
): Pick<Reason, 'which' | 'text' | 'fix'> {
  const whose = other === 'node' ? 'the node' : 'the deployment';
  const lacking = failing.filter(({ name }) => !properties.some((property) => property.name === name));
  const having = failing.map(({ name }) => {
    const found = properties.find((property) => property.name === name);
    return found === undefined ? `${whose} has no property "${name}"` : `${whose} has ${name} = ${String(found.value)}`;
  });
  const [only] = lacking;
  const fix =
    failing.length === 1 && only?.operator === '=='
      ? `Add { name: ${only.name}, value: ${only.value} } to the properties of ${whose}'s policy, or change the constraint.`
      : `Change the properties of ${whose}'s policy, or the constraint.`;
  return {
    which: lacking.length === failing.length ? 'property' : 'constraint',
    text: `"${text}" does not hold: ${[...new Set(having)].join(', ')}`,
    fix,
  };
}

function asText({ name, operator, value }: Comparison): string {
  return `${name} ${operator} ${value}`;
}
