import { parseVersionRange } from '#policy/version-range.ts';
import type { Property } from '#tools/bundle/types.ts';
import { type Comparison, type Constraint, isGoFloat } from './constraint.ts';
import { evaluate } from './evaluate.ts';

/** More alternatives than this are not looked at: the answer is then "may match". */
const MOST_ALTERNATIVES = 256;

/**
 * Comparisons that contradict each other in every alternative of a constraint, so that no properties whatsoever can
 * satisfy it; undefined when some can. Several constraints are asked about together as an `and`.
 *
 * Decided by trying, for each property, every value that could matter: the values it is compared with, what lies
 * between and beside them, and lists of them. A text with a comma counts as a list only: the agbot also takes
 * `a: "x,y"` for equal to x and unequal to x, which nobody means.
 */
export function neverMatches(constraint: Constraint): readonly Comparison[] | undefined {
  const alternatives = alternativesOf(constraint);
  if (alternatives === undefined) return undefined;
  let contradiction: readonly Comparison[] | undefined;
  for (const alternative of alternatives) {
    const found = contradictionIn(alternative);
    if (found === undefined) return undefined;
    contradiction ??= found;
  }
  return contradiction;
}

/** Disjunctive normal form: each entry is a set of comparisons that have to hold together. */
function alternativesOf(constraint: Constraint): (readonly Comparison[])[] | undefined {
  switch (constraint.kind) {
    case 'always':
      return [[]];
    case 'compare':
      return [[constraint]];
    case 'or': {
      const each = constraint.of.map(alternativesOf);
      return each.some((one) => one === undefined) ? undefined : bounded(each.flatMap((one) => one ?? []));
    }
    case 'and': {
      let all: (readonly Comparison[])[] | undefined = [[]];
      for (const part of constraint.of) {
        const next = alternativesOf(part);
        if (next === undefined || all === undefined || all.length * next.length > MOST_ALTERNATIVES) return undefined;
        all = all.flatMap((left) => next.map((right) => [...left, ...right]));
      }
      return all;
    }
  }
}

function bounded<T>(list: T[]): T[] | undefined {
  return list.length > MOST_ALTERNATIVES ? undefined : list;
}

/** Properties are independent of each other: one that no value fits decides. */
function contradictionIn(comparisons: readonly Comparison[]): readonly Comparison[] | undefined {
  const byName = Map.groupBy(comparisons, ({ name }) => name);
  return [...byName.values()].find((together) => !candidates(together).some((property) => hold(together, property)));
}

function hold(comparisons: readonly Comparison[], property: Property): boolean {
  return evaluate({ kind: 'and', of: comparisons }, [property]);
}

function candidates(comparisons: readonly Comparison[]): Property[] {
  const [first] = comparisons;
  if (first === undefined) return [];
  const { name } = first;
  const texts = comparisons.flatMap(({ value }) => wordsOf(value));
  const wanted = comparisons.filter(({ operator }) => operator !== '!=').flatMap(({ value }) => wordsOf(value));
  const words = [...texts, OTHER].filter((word) => !word.includes(','));
  const lists = [...words, wanted.join(','), [...wanted, OTHER].join(','), ...oneOfEach(comparisons)];
  const versions = versionsAround(comparisons);
  const all: Property[] = [
    ...numbersAround(texts).map((value) => ({ name, value })),
    ...[true, false].map((value) => ({ name, value })),
    ...[...words, ...versions].map((value) => ({ name, value })),
    ...lists.map((value) => ({ name, value, type: 'list of strings' as const })),
    ...versions.map((value) => ({ name, value, type: 'version' as const })),
  ];
  return all.filter(canBeThere);
}

/** Values that the agent gives to its own properties; `openhorizon.arch` is one of Go's names, never `x86_64`. */
function canBeThere({ name, value }: Property): boolean {
  switch (name) {
    case 'openhorizon.cpu':
    case 'openhorizon.memory':
      return typeof value === 'number' && value >= 0;
    case 'openhorizon.allowPrivileged':
    case 'openhorizon.containerized':
      return typeof value === 'boolean';
    case 'openhorizon.arch':
      return typeof value === 'string' && [...GO_ARCHITECTURES, OTHER].includes(value);
    default:
      return true;
  }
}

const GO_ARCHITECTURES = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'mips64le', 'loong64'];

/** A word that no constraint names. */
const OTHER = '\u0000';

function wordsOf(value: string): string[] {
  if (/^[[(]/.test(value)) return [];
  const inner = value.startsWith('"') ? value.slice(1, -1) : value;
  return [inner, inner.trim(), ...inner.split(',').map((item) => item.trim())];
}

/** Lists that hold one item of each comparison, for `l in "a,b" AND l in "c"` beside `l != b`. */
function oneOfEach(comparisons: readonly Comparison[]): string[] {
  const avoided = new Set(
    comparisons.filter(({ operator }) => operator === '!=').flatMap(({ value }) => wordsOf(value)),
  );
  const chosen = comparisons
    .filter(({ operator }) => operator !== '!=')
    .flatMap(({ value }) => wordsOf(value).filter((word) => !word.includes(',') && !avoided.has(word)));
  return [chosen.join(','), ...chosen];
}

function numbersAround(texts: readonly string[]): number[] {
  const known = [...new Set(texts.filter(isGoFloat).map(Number).filter(Number.isFinite))].sort((a, b) => a - b);
  const between = known.slice(1).map((value, i) => (value + (known[i] ?? value)) / 2);
  const outside = known.length === 0 ? [0] : [(known[0] ?? 0) - 1, (known.at(-1) ?? 0) + 1];
  return [...known, ...between, ...outside, Infinity, -Infinity];
}

function versionsAround(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap(({ value }) => {
    const range = parseVersionRange(value);
    if (range === undefined) return [];
    return [range.low, range.high].flatMap((bound) => [bound, bump(bound), `${bound}-a`]);
  });
}

/** The next patch version. */
function bump(version: string): string {
  const [major = '0', minor = '0', patch = '0'] = version.split('-', 1)[0]?.split('.') ?? [];
  return `${major}.${minor}.${Number(patch) + 1}`;
}
