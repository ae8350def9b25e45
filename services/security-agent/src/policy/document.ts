import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from 'yaml';
import { type Fault, structureFaults, syntaxFault, valueFault } from './document-faults.ts';
import { blankComments, jsonFault, plainJson } from './document-json.ts';
import { strayTabs } from './document-tabs.ts';
import { maskVariables, unmaskText, unmaskVariables } from './document-variables.ts';
import { tooDeepAt } from './nesting.ts';

/** Keys and indices from the root of a document's value to one of its parts. */
export type ValuePath = readonly (string | number)[];

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Offsets into the text, as String.slice takes them. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Why a document has no value, or (duplicate-key) less than it says. */
export interface DocumentProblem {
  readonly kind: 'syntax' | 'limit' | 'duplicate-key';
  readonly message: string;
  readonly fix: string;
  readonly at: Position;
}

/** One document of a text: plain data, and where in the text each part of it stands. */
export interface ParsedDocument {
  /** undefined when the document could not be read; null when it is empty. */
  readonly value: unknown;
  readonly problems: readonly DocumentProblem[];
  /** Of the value at `path`; of the nearest parent that exists when there is none. */
  positionOf(path: ValuePath): Position;
  /** Of the last key of `path`. */
  keyPositionOf(path: ValuePath): Position;
  /** The scalar or collection at `path` as written, quotes included; undefined where there is none. */
  rangeOf(path: ValuePath): TextRange | undefined;
  keyRangeOf(path: ValuePath): TextRange | undefined;
  /** Whether the scalar at `path` is written in quotes, or as a block of lines. */
  isQuoted(path: ValuePath): boolean;
}

export interface ParsedText {
  readonly format: 'yaml' | 'json';
  readonly text: string;
  readonly documents: readonly ParsedDocument[];
  /** Tabs between words, which readers of YAML 1.1 refuse. */
  readonly tabs: readonly TextRange[];
  /** Position of an offset into the text. */
  positionAt(offset: number): Position;
}

/** A larger text is refused; the Exchange takes no more than 8 MiB either (reference/exchange-mms.md §0). */
export const MAX_BYTES = 4 * 1024 * 1024;
const MAX_DOCUMENTS = 10_000;

/**
 * Reads YAML with any number of documents, or JSON as hzn takes it, with comments between slash-star and star-slash.
 * Never throws and never runs away: size, depth and alias expansion have limits, and faults come back with positions.
 * `${NAME}` may stand unquoted anywhere in YAML, as in the bundle's sources, and is not replaced.
 *
 * @param options.json the text must be JSON; otherwise JSON is read as the YAML that it is
 */
export function parseText(text: string, options: { readonly json?: boolean } = {}): ParsedText {
  const format = options.json === true ? 'json' : 'yaml';
  const refusal = refuse(text);
  if (refusal !== undefined) {
    return { format, text, documents: [unreadable(refusal)], tabs: [], positionAt: () => ({ line: 1, column: 1 }) };
  }
  const comments = /^\s*(?:\/\*|[{[])/.test(text);
  const source = format === 'json' ? plainJson(text) : maskVariables(comments ? blankComments(text) : text);
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => atLeastOne(lines.linePos(offset));
  const fault = format === 'json' ? jsonFault(source) : undefined;
  const parsed = parseAllDocuments(source, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'silent',
  });
  const documents =
    fault === undefined
      ? [...parsed].map((document) => new YamlDocument(document, positionAt, format === 'yaml' && source !== text))
      : [unreadable({ kind: 'syntax', message: fault.message, fix: fault.fix, at: positionAt(fault.offset) })];
  return { format, text, documents, tabs: format === 'json' ? [] : strayTabs(source), positionAt };
}

/** What must be known before a parser, which recurses, may see the text. */
function refuse(text: string): DocumentProblem | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    const message = `${bytes} bytes: more than ${MAX_BYTES} are not read`;
    return { kind: 'limit', message, fix: 'Split the file.', at: { line: 1, column: 1 } };
  }
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    const message = 'nested too deep to be a policy or a definition';
    return { kind: 'limit', message, fix: 'Remove the nesting.', at: lineAndColumn(text, deep) };
  }
  const separators = text.match(/^---/gm)?.length ?? 0;
  if (separators > MAX_DOCUMENTS) {
    const message = `${separators} documents: more than ${MAX_DOCUMENTS} are not read`;
    return { kind: 'limit', message, fix: 'Split the file.', at: { line: 1, column: 1 } };
  }
  return undefined;
}

class YamlDocument implements ParsedDocument {
  readonly value: unknown;
  readonly problems: readonly DocumentProblem[];
  readonly #document: Document.Parsed;
  readonly #positionAt: (offset: number) => Position;

  constructor(document: Document.Parsed, positionAt: (offset: number) => Position, masked: boolean) {
    this.#document = document;
    this.#positionAt = positionAt;
    const [error] = document.errors;
    const faults = error === undefined ? structureFaults(document.contents) : [syntaxFault(error, document.contents)];
    const readable = faults.every(({ kind }) => kind === 'duplicate-key');
    const read = readable ? asData(document, masked) : { value: undefined, faults: [] };
    this.value = read.value;
    this.problems = [...faults, ...read.faults].map(({ offset, ...fault }) => ({ ...fault, at: positionAt(offset) }));
  }

  positionOf(path: ValuePath): Position {
    return this.#position(this.#find(path).node);
  }

  keyPositionOf(path: ValuePath): Position {
    return this.#position(this.#key(path) ?? this.#find(path).node);
  }

  rangeOf(path: ValuePath): TextRange | undefined {
    const { node, found } = this.#find(path);
    return found ? rangeOf(node) : undefined;
  }

  keyRangeOf(path: ValuePath): TextRange | undefined {
    return rangeOf(this.#key(path));
  }

  isQuoted(path: ValuePath): boolean {
    const { node, found } = this.#find(path);
    return found && isScalar(node) && node.type !== 'PLAIN';
  }

  #position(node: Node | null): Position {
    return this.#positionAt(node?.range?.[0] ?? this.#document.range[0]);
  }

  #find(path: ValuePath): { readonly node: Node | null; readonly found: boolean } {
    let node: Node | null = this.#document.contents;
    for (const step of path) {
      const next = child(isAlias(node) ? (node.resolve(this.#document) ?? null) : node, step);
      if (next === undefined) return { node, found: false };
      node = next;
    }
    return { node, found: true };
  }

  #key(path: ValuePath): Node | null {
    const parent = this.#find(path.slice(0, -1));
    const step = path.at(-1);
    if (!parent.found || step === undefined || !isMap(parent.node)) return null;
    const key = pairOf(parent.node.items, step)?.key;
    return isNode(key) ? key : null;
  }
}

/** The document as data; structureFaults has bounded what its aliases expand to. */
function asData(
  document: Document.Parsed,
  masked: boolean,
): { readonly value: unknown; readonly faults: readonly Fault[] } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: -1 });
    return { value: masked ? unmaskVariables(value) : value, faults: [] };
  } catch (error) {
    return { value: undefined, faults: [{ ...valueFault(error), offset: document.range[0] }] };
  }
}

function unreadable(problem: DocumentProblem): ParsedDocument {
  return {
    value: undefined,
    problems: [problem],
    positionOf: () => problem.at,
    keyPositionOf: () => problem.at,
    rangeOf: () => undefined,
    keyRangeOf: () => undefined,
    isQuoted: () => false,
  };
}

/** A null after a key has no text of its own; it stands where its key does. */
function child(node: Node | null, step: string | number): Node | undefined {
  if (isMap(node)) {
    const pair = pairOf(node.items, step);
    if (pair === undefined) return undefined;
    return isNode(pair.value) ? pair.value : isNode(pair.key) ? pair.key : undefined;
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(step)];
  return isNode(item) ? item : undefined;
}

/** The last pair counts, as for every reader of YAML and JSON that takes a key twice. */
function pairOf(items: readonly Pair[], step: string | number): Pair | undefined {
  return items.findLast(({ key }) => isScalar(key) && unmaskText(String(key.value)) === String(step));
}

function rangeOf(node: Node | null): TextRange | undefined {
  const range = node?.range;
  return range === null || range === undefined ? undefined : { start: range[0], end: range[1] };
}

function lineAndColumn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

function atLeastOne({ line, col }: { readonly line: number; readonly col: number }): Position {
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
