import { isDeepStrictEqual } from 'node:util';
import { type ParsedDocument, type ParsedText, parseText, type TextRange } from '../document.ts';
import { valueAt } from '../value-path.ts';
import type { LintedFinding } from './engine.ts';
import type { Repair } from './rule.ts';

/** A text with its repairs made. */
export interface Repaired {
  readonly text: string;
  /** How many faults were mended. */
  readonly count: number;
}

/** One change of a text. */
export interface TextEdit extends TextRange {
  readonly text: string;
}

/** Repairs that make room for others; a text that is not clean by then never will be. */
const PASSES = 10;

/**
 * Mends what has exactly one right repair, by editing the text: comments, order, quotes and indentation stay. An edit
 * that would change anything but what it is about is not made.
 *
 * @param lint the findings of a text, with their repairs
 */
export function repairText(
  text: string,
  options: { readonly json: boolean },
  lint: (parsed: ParsedText) => readonly LintedFinding[],
): Repaired {
  let current = text;
  let count = 0;
  for (let pass = 0; pass < PASSES; pass += 1) {
    const parsed = parseText(current, options);
    const edits = lint(parsed).flatMap((finding) => repairEdit(parsed, finding) ?? []);
    const { text: next, made } = applied(current, edits, options);
    if (made === 0) return { text: current, count };
    count += made;
    current = next;
  }
  return { text: current, count };
}

interface PlannedEdit extends TextEdit {
  readonly repair: Repair;
  readonly document: number;
}

/** The change of the text that a finding's repair stands for; undefined where the text is not as the rule saw it. */
export function repairEdit(parsed: ParsedText, finding: LintedFinding): PlannedEdit | undefined {
  const { repair, document } = finding;
  if (repair === undefined) return undefined;
  if (repair.kind === 'replace') return { ...repair.range, text: repair.text, repair, document: -1 };
  const index = document === undefined ? -1 : parsed.documents.indexOf(document);
  if (document === undefined || index < 0) return undefined;
  const edit = editOf(parsed, document, repair);
  return edit === undefined ? undefined : { ...edit, repair, document: index };
}

function editOf(parsed: ParsedText, document: ParsedDocument, repair: Exclude<Repair, { kind: 'replace' }>) {
  if (repair.kind === 'insert') return insertion(parsed, document, repair);
  const range = repair.kind === 'set' ? document.rangeOf(repair.path) : document.keyRangeOf(repair.path);
  if (range === undefined) return undefined;
  const written = parsed.text.slice(range.start, range.end);
  const value = repair.kind === 'set' ? repair.value : repair.key;
  return { ...range, text: scalar(written, value, parsed.format) };
}

/** In front of the first key of a map, on a line of its own in block style. */
function insertion(
  { text, format }: ParsedText,
  document: ParsedDocument,
  { path, key, value }: Extract<Repair, { kind: 'insert' }>,
): TextEdit | undefined {
  const map = valueAt(document.value, path);
  const [first] = typeof map === 'object' && map !== null ? Object.keys(map) : [];
  const at = first === undefined ? undefined : document.keyRangeOf([...path, first])?.start;
  if (at === undefined) return undefined;
  const open = document.rangeOf(path)?.start;
  if (open !== undefined && text[open] === '{') {
    const pair =
      format === 'json' || text[at] === '"' ? `${JSON.stringify(key)}: ${JSON.stringify(value)}` : `${key}: ${value}`;
    return { start: at, end: at, text: `${pair}, ` };
  }
  const indent = text.slice(text.lastIndexOf('\n', at - 1) + 1, at).replace(/^\uFEFF/, '');
  return { start: at, end: at, text: `${key}: ${value}${lineEndOf(text)}${indent.replace(/[^ ]/g, ' ')}` };
}

/** A scalar as it would have been written in place of another one. */
function scalar(written: string, value: string | number | boolean, format: ParsedText['format']): string {
  if (typeof value !== 'string') return String(value);
  if (format === 'json' || written.startsWith('"')) return JSON.stringify(value);
  if (written.startsWith("'")) return `'${value.replaceAll("'", "''")}'`;
  const plain = isPlain(value) ? value : JSON.stringify(value);
  return /^[|>]/.test(written) ? `${plain}${lineEndOf(written)}` : plain;
}

/** As the lines of the text end: a repair does not mix the two. */
function lineEndOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

function isPlain(value: string): boolean {
  return /^[A-Za-z/][\w./-]*(?<!\.)$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value);
}

/** Makes the edits that do not touch each other, if the result says what it should. */
function applied(
  text: string,
  edits: readonly PlannedEdit[],
  options: { readonly json: boolean },
): { readonly text: string; readonly made: number } {
  const chosen: PlannedEdit[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start >= (chosen.at(-1)?.end ?? 0) && !(edit.start === edit.end && edit.start === chosen.at(-1)?.start)) {
      chosen.push(edit);
    }
  }
  const result = splice(text, chosen);
  if (saysTheSame(parseText(text, options), parseText(result, options), chosen)) {
    return { text: result, made: result === text ? 0 : chosen.length };
  }
  return chosen.length > 1 ? applied(text, chosen.slice(0, 1), options) : { text, made: 0 };
}

/** The text with every edit made; edits are in order and do not overlap. */
export function splice(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let copied = 0;
  for (const { start, end, text: replacement } of edits) {
    result += text.slice(copied, start) + replacement;
    copied = end;
  }
  return result + text.slice(copied);
}

function saysTheSame(before: ParsedText, after: ParsedText, edits: readonly PlannedEdit[]): boolean {
  if (before.documents.length !== after.documents.length) return false;
  return before.documents.every((document, index) => {
    const own = edits.filter((edit) => edit.document === index).map(({ repair }) => repair);
    const expected = own.reduce(withRepair, structuredClone(document.value));
    return isDeepStrictEqual(after.documents[index]?.value, expected);
  });
}

/** The value that a repair should lead to. Changes the one it is given. */
function withRepair(value: unknown, repair: Repair): unknown {
  if (repair.kind === 'replace') return value;
  const parent = valueAt(value, repair.kind === 'insert' ? repair.path : repair.path.slice(0, -1));
  const key = repair.kind === 'insert' ? repair.key : repair.path.at(-1);
  if (typeof parent !== 'object' || parent === null || key === undefined) return value;
  if (repair.kind === 'rename') {
    Reflect.set(parent, repair.key, Reflect.get(parent, key));
    Reflect.deleteProperty(parent, key);
  } else {
    Reflect.set(parent, key, repair.value);
  }
  return value;
}
