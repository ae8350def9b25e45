import { isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, type Pair, visit, type YAMLError } from 'yaml';
import type { DocumentProblem } from './document.ts';
import { MAX_NESTING } from './nesting.ts';

/** A problem before its offset became a line. */
export interface Fault extends Omit<DocumentProblem, 'at'> {
  readonly offset: number;
}

/** Values in one document after its aliases are expanded. */
const MAX_VALUES = 200_000;
/** The time to resolve aliases grows with their square. */
const MAX_ALIASES = 1_000;

/** The first error of a document; the others are mostly its consequences. */
export function syntaxFault(error: YAMLError, contents: Node | null): Fault {
  const { message, fix } = explain(error);
  const offset = error.code === 'MISSING_CHAR' ? unfinishedAt(contents, error.pos[0]) : error.pos[0];
  return { kind: 'syntax', message: `not YAML: ${message}`, fix, offset };
}

/** Where the quote or bracket opens that is missed at `offset`: the innermost value that reaches there. */
function unfinishedAt(contents: Node | null, offset: number): number {
  let start = offset;
  visit(contents, (_key, node) => {
    if (!isNode(node) || node.range === null || node.range === undefined) return undefined;
    const [from, , end] = node.range;
    if (from > offset || end < offset) return visit.SKIP;
    const opens = isScalar(node) ? node.type !== 'PLAIN' : (isMap(node) || isSeq(node)) && node.flow === true;
    if (opens) start = from;
    return undefined;
  });
  return start;
}

/** A document that parsed and yet can not be made a value: a merge of what is no map, for one. */
export function valueFault(error: unknown): Fault {
  const message = error instanceof Error ? lowerFirst(error.message) : 'can not be read';
  return { kind: 'syntax', message: `not YAML: ${message}`, fix: 'Mend what it names.', offset: 0 };
}

function explain({ code, message }: YAMLError): { readonly message: string; readonly fix: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab indents this line', fix: 'Indent with spaces.' };
    case 'BAD_INDENT':
      return { message: lowerFirst(message), fix: 'Put it under the key or item that it belongs to.' };
    case 'BAD_ALIAS':
      return {
        message: lowerFirst(message),
        fix: 'Define the anchor before it is used, or quote a text that begins with *.',
      };
    case 'MISSING_CHAR':
      return { message: lowerFirst(message), fix: 'Add what is missing, or quote the text.' };
    case 'BAD_SCALAR_START':
      return { message: lowerFirst(message), fix: 'Put the text in quotes.' };
    default:
      return { message: lowerFirst(message), fix: 'Mend the syntax.' };
  }
}

function lowerFirst(text: string): string {
  const [line = ''] = text.split('\n');
  const short = line.length > 120 ? `${line.slice(0, 120)}…` : line;
  return short.charAt(0).toLowerCase() + short.slice(1);
}

/**
 * What is wrong with a document that parsed: a key that stands twice (the first is dropped in silence), and aliases that
 * would expand to more than a reader can bear, or for ever.
 */
export function structureFaults(contents: Node | null): Fault[] {
  const faults: Fault[] = [];
  const extents = new Map<string, Extent>();
  let aliases = 0;
  const measure = (node: unknown): Extent => {
    if (isAlias(node)) {
      aliases += 1;
      if (aliases === MAX_ALIASES)
        faults.push(limit(`more than ${MAX_ALIASES} aliases`, 'Write the values out.', node));
      const extent = extents.get(node.source);
      if (extent === undefined) {
        faults.push(limit(`*${node.source} repeats nothing that ends before it`, 'Write the value out.', node));
      }
      return extent ?? LEAF;
    }
    const extent = isMap(node) || isSeq(node) ? enclose(node.items.map(measureItem)) : LEAF;
    if (isMap(node)) for (const fault of repeatedKeys(node.items)) faults.push(fault);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) extents.set(node.anchor, extent);
    return extent;
  };
  const measureItem = (item: unknown): Extent => {
    if (!isPair(item)) return measure(item);
    const key = measure(item.key);
    const value = measure(item.value);
    return { values: key.values + value.values, depth: Math.max(key.depth, value.depth) };
  };
  const whole = measure(contents);
  return whole.values > MAX_VALUES || whole.depth > MAX_NESTING ? [tooLarge(whole, contents), ...faults] : faults;
}

interface Extent {
  readonly values: number;
  readonly depth: number;
}

const LEAF: Extent = { values: 1, depth: 1 };

function enclose(parts: readonly Extent[]): Extent {
  let values = 1;
  let depth = 0;
  for (const part of parts) {
    values += part.values;
    depth = Math.max(depth, part.depth);
  }
  return { values, depth: depth + 1 };
}

function repeatedKeys(items: readonly Pair[]): Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const { key } of items) {
    if (!isScalar(key) || key.value === '<<') continue;
    const name = String(key.value);
    if (seen.has(name)) {
      const message = `"${name}" stands here for the second time: what the first one says is dropped`;
      faults.push({ kind: 'duplicate-key', message, fix: 'Merge the two.', offset: key.range?.[0] ?? 0 });
    }
    seen.add(name);
  }
  return faults;
}

function tooLarge({ values }: Extent, contents: Node | null): Fault {
  const size = values > MAX_VALUES ? `more than ${MAX_VALUES} values` : `more than ${MAX_NESTING} levels`;
  return limit(`this comes to ${size}, aliases expanded`, 'Split it; use fewer aliases.', contents);
}

function limit(message: string, fix: string, node: Node | null): Fault {
  return { kind: 'limit', message, fix, offset: node?.range?.[0] ?? 0 };
}
