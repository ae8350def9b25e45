import { isInRange, isVersion, parseVersionRange } from '#policy/version-range.ts';
import type { Property } from '#tools/bundle/types.ts';
import { type Comparison, type Constraint, isGoFloat, parseConstraint } from './constraint.ts';

/**
 * Whether properties satisfy a constraint, as the agbot decides it (reference/anax.md §6.7). A property that is missing
 * makes every comparison with it false, `!=` included.
 */
export function evaluate(constraint: Constraint, properties: readonly Property[]): boolean {
  switch (constraint.kind) {
    case 'always':
      return true;
    case 'and':
      return constraint.of.every((each) => evaluate(each, properties));
    case 'or':
      return constraint.of.some((each) => evaluate(each, properties));
    case 'compare':
      return holds(constraint, properties);
  }
}

/** Entries of a `constraints` array are ANDed; one that cannot be parsed makes the whole policy unusable. */
export function satisfies(constraints: readonly string[], properties: readonly Property[]): boolean {
  return constraints.every((text) => {
    const parsed = parseConstraint(text);
    return parsed.ok && evaluate(parsed.constraint, properties);
  });
}

/** The comparisons that make a constraint false: those to change for it to hold. Empty when it holds. */
export function unmet(constraint: Constraint, properties: readonly Property[]): Comparison[] {
  if (evaluate(constraint, properties)) return [];
  if (constraint.kind === 'compare') return [constraint];
  return constraint.kind === 'always' ? [] : constraint.of.flatMap((each) => unmet(each, properties));
}

function holds(comparison: Comparison, properties: readonly Property[]): boolean {
  for (const property of properties) {
    if (property.name !== comparison.name) continue;
    const verdict = compare(comparison, property);
    if (verdict !== undefined) return verdict;
  }
  return false;
}

/** undefined: this property says nothing; the agbot looks for another one of the same name. */
function compare({ operator, value }: Comparison, property: Property): boolean | undefined {
  const have = property.value;
  if (typeof have === 'number') return compareNumbers(operator, have, value);
  if (typeof have === 'boolean') return compareBooleans(operator, have, value);
  if (typeof have !== 'string') return undefined;
  return compareStrings(operator, trimSpaces(unquote(have)), property.type, trimSpaces(unquote(value)));
}

function compareNumbers(operator: Comparison['operator'], have: number, value: string): boolean {
  const wanted = goFloat(value);
  if (wanted === undefined) return false;
  switch (operator) {
    case '<':
      return have < wanted;
    case '>':
      return have > wanted;
    case '<=':
      return have <= wanted;
    case '>=':
      return have >= wanted;
    case '!=':
      return have !== wanted;
    default:
      // `=>` and `=<` too: the agbot knows them no better than "equal".
      return have === wanted;
  }
}

function compareBooleans(operator: Comparison['operator'], have: boolean, value: string): boolean | undefined {
  const wanted = goBoolean(value);
  if (wanted === undefined) return false;
  if (operator === '!=') return have !== wanted;
  if (operator === '==') return have === wanted;
  return operator === 'in' ? undefined : false;
}

function compareStrings(
  operator: Comparison['operator'],
  have: string,
  type: Property['type'],
  wanted: string,
): boolean {
  const isList = type === 'list of strings';
  switch (operator) {
    case '==':
      return items(have).includes(bare(wanted)) || have === wanted;
    case '!=':
      return isList ? !items(have).includes(bare(wanted)) : have !== wanted;
    case 'in':
      if (type === 'version' || (isVersion(have) && isBracketedRange(wanted))) return isWithin(have, wanted);
      return isList ? items(have).some((item) => items(wanted).includes(item)) : items(wanted).includes(bare(have));
    default:
      return false;
  }
}

function isWithin(version: string, range: string): boolean {
  const parsed = parseVersionRange(range);
  return parsed !== undefined && isInRange(version, parsed);
}

function isBracketedRange(text: string): boolean {
  return !isVersion(text) && parseVersionRange(text) !== undefined;
}

function items(list: string): string[] {
  return list.split(',').map(bare);
}

function bare(text: string): string {
  return unquote(trimSpaces(text));
}

function trimSpaces(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** Go's strconv.ParseFloat, for what a constraint can hold; undefined where it fails. */
function goFloat(text: string): number | undefined {
  if (!isGoFloat(text)) return undefined;
  const word = text.toLowerCase().replace(/^[+-]/, '');
  if (word === 'nan') return Number.NaN;
  if (word === 'inf' || word === 'infinity') return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

/** Go's strconv.ParseBool. */
function goBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}
