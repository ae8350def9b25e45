/**
 * The first JSON value of a text, read as Go's decoder reads it: what follows the value is ignored, integers keep all
 * their digits, and what is wrong is said in Go's words. The sync service sends those words to its clients.
 */

/** A number as written. */
export interface GoNumber {
  readonly literal: string;
}

export type GoValue = null | boolean | string | GoNumber | readonly GoValue[] | ReadonlyMap<string, GoValue>;

/** The text is no JSON; the message is the decoder's own. */
export class GoJsonError extends Error {}

const WHITE_SPACE = new Set([' ', '\t', '\n', '\r']);
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const MAX_DEPTH = 10_000;

/** Reads the first value of `text`. @throws GoJsonError */
export function parseGoJson(text: string): GoValue {
  const reader = new Reader(text);
  reader.skipSpace();
  if (reader.atEnd) throw new GoJsonError('EOF');
  return reader.value(0);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    while (WHITE_SPACE.has(this.#text.charAt(this.#at))) this.#at += 1;
  }

  value(depth: number): GoValue {
    if (depth > MAX_DEPTH) throw new GoJsonError('exceeded max depth');
    const first = this.#peek();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    if (first === 't') return this.#word('true', true);
    if (first === 'f') return this.#word('false', false);
    if (first === 'n') return this.#word('null', null);
    if (first === '-' || isDigit(first)) return this.#number();
    throw this.#unexpected('looking for beginning of value');
  }

  #object(depth: number): GoValue {
    const entries = new Map<string, GoValue>();
    this.#at += 1;
    this.skipSpace();
    if (this.#peek() === '}') {
      this.#at += 1;
      return entries;
    }
    for (;;) {
      this.skipSpace();
      if (this.#peek() !== '"') throw this.#unexpected('looking for beginning of object key string');
      const key = this.#string();
      this.skipSpace();
      if (this.#peek() !== ':') throw this.#unexpected('after object key');
      this.#at += 1;
      this.skipSpace();
      entries.set(key, this.value(depth + 1));
      if (this.#closes('}', 'after object key:value pair')) return entries;
    }
  }

  #array(depth: number): GoValue {
    const items: GoValue[] = [];
    this.#at += 1;
    this.skipSpace();
    if (this.#peek() === ']') {
      this.#at += 1;
      return items;
    }
    for (;;) {
      this.skipSpace();
      items.push(this.value(depth + 1));
      if (this.#closes(']', 'after array element')) return items;
    }
  }

  #closes(end: string, context: string): boolean {
    this.skipSpace();
    const next = this.#peek();
    if (next !== end && next !== ',') throw this.#unexpected(context);
    this.#at += 1;
    return next === end;
  }

  #string(): string {
    let content = '';
    this.#at += 1;
    for (;;) {
      const char = this.#peek();
      if (char < ' ') throw this.#unexpected('in string literal');
      this.#at += 1;
      if (char === '"') return content;
      content += char === '\\' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const char = this.#peek();
    if (char === 'u') {
      this.#at += 1;
      let code = '';
      for (let index = 0; index < 4; index += 1) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) throw this.#unexpected('in \\u hexadecimal character escape');
        code += this.#text.charAt(this.#at);
        this.#at += 1;
      }
      return String.fromCharCode(Number.parseInt(code, 16));
    }
    const plain = ESCAPES[char];
    if (plain === undefined) throw this.#unexpected('in string escape code');
    this.#at += 1;
    return plain;
  }

  #word<T extends GoValue>(word: string, value: T): T {
    for (let index = 1; index < word.length; index += 1) {
      this.#at += 1;
      const expected = word.charAt(index);
      if (this.#peek() !== expected) throw this.#unexpected(`in literal ${word} (expecting ${quoted(expected)})`);
    }
    this.#at += 1;
    return value;
  }

  #number(): GoNumber {
    const start = this.#at;
    if (this.#peek() === '-') this.#at += 1;
    if (!isDigit(this.#peek())) throw this.#unexpected('in numeric literal');
    // A number does not go on after a leading zero: what follows it belongs to whatever contains the number.
    if (this.#text.charAt(this.#at) === '0') this.#at += 1;
    else this.#digits();
    if (this.#text.charAt(this.#at) === '.') {
      this.#at += 1;
      if (!isDigit(this.#peek())) throw this.#unexpected('after decimal point in numeric literal');
      this.#digits();
    }
    if (/[eE]/.test(this.#text.charAt(this.#at))) {
      this.#at += 1;
      if (/[+-]/.test(this.#peek())) this.#at += 1;
      if (!isDigit(this.#peek())) throw this.#unexpected('in exponent of numeric literal');
      this.#digits();
    }
    return { literal: this.#text.slice(start, this.#at) };
  }

  #digits(): void {
    while (isDigit(this.#text.charAt(this.#at))) this.#at += 1;
  }

  /** The character here; there must be one. */
  #peek(): string {
    if (this.atEnd) throw new GoJsonError('unexpected EOF');
    return this.#text.charAt(this.#at);
  }

  #unexpected(context: string): GoJsonError {
    return new GoJsonError(`invalid character ${quoted(this.#text.charAt(this.#at))} ${context}`);
  }
}

const isDigit = (char: string): boolean => char >= '0' && char <= '9';

/** As Go quotes a character; the sync service reads bytes, so that a character beyond ASCII is named by its first byte. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const byte = String.fromCharCode(Buffer.from(char)[0] ?? 0);
  return `'${JSON.stringify(byte).slice(1, -1)}'`;
}
