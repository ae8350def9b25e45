/** JSON as hzn reads it: comments are taken out, and variables expanded, before it is parsed (reference/anax.md §3). */

/** The text with every comment outside of strings blanked: offsets and lines stay what they were. */
export function blankComments(text: string): string {
  return text.includes('/*') ? replaced(text, ownWords(text, false)) : text;
}

/** Without comments, and with null for each variable outside of strings: a number or a truth value is to stand there. */
export function plainJson(text: string): string {
  return text.includes('/*') || text.includes('$') ? replaced(text, ownWords(text, true)) : text;
}

function replaced(text: string, words: Iterable<OwnWord>): string {
  let result = '';
  let copied = 0;
  for (const { start, end, filler } of words) {
    result += text.slice(copied, start) + filler.padEnd(end - start).slice(0, end - start);
    copied = end;
  }
  return result + text.slice(copied);
}

interface OwnWord {
  readonly start: number;
  readonly end: number;
  /** What is to stand there, shorter or longer. */
  readonly filler: string;
}

/** What is hzn's own in a JSON file: comments, line by line, and variables outside of strings. */
function* ownWords(text: string, variables: boolean): Generator<OwnWord> {
  let position = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      position = behindString(text, position);
    } else if (character === '/' && text[position + 1] === '*') {
      const close = text.indexOf('*/', position + 2);
      const end = close < 0 ? text.length : close + 2;
      yield* comment(text, position, end);
      position = end;
    } else if (variables && character === '$') {
      VARIABLE.lastIndex = position;
      const [word = '$'] = VARIABLE.exec(text) ?? [];
      yield { start: position, end: position + word.length, filler: word.length < 4 ? '0' : 'null' };
      position += word.length;
    } else {
      position += 1;
    }
  }
}

const VARIABLE = /\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})/y;

/** Line breaks of a comment stay. */
function* comment(text: string, from: number, to: number): Generator<OwnWord> {
  let start = from;
  while (start < to) {
    const lineEnd = text.indexOf('\n', start);
    const end = lineEnd < 0 || lineEnd > to ? to : lineEnd;
    yield { start, end, filler: '' };
    start = end + 1;
  }
}

function behindString(text: string, open: number): number {
  let position = open + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

/** What keeps the text from being JSON, and at which offset; undefined for JSON. */
export function jsonFault(text: string): { message: string; fix: string; offset: number } | undefined {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ' '));
    return undefined;
  } catch {
    const offset = faultOffset(text);
    const found = text.slice(offset).match(/^[^ \t\r\n]{1,20}/)?.[0];
    const message =
      found === undefined ? 'not JSON: it ends too early' : `not JSON: ${visible(found)} can not stand here`;
    return { message, fix: 'Mend the syntax; hzn takes JSON and comments between /* and */ only.', offset };
  }
}

const TOKEN = /[ \t\r\n\uFEFF]*(?:([{}[\],:])|(")|(true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?))/y;
const IN_STRING = /[\u0020\u0021\u0023-\u005b\u005d-\uffff]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Offset behind a string whose first quote is in front of `from`; undefined where it is not ended, or says what JSON can not. */
function stringEnd(text: string, from: number): number | undefined {
  let position = from;
  while (text[position] !== '"') {
    IN_STRING.lastIndex = position;
    if (!IN_STRING.test(text)) return undefined;
    position = IN_STRING.lastIndex;
  }
  return position + 1;
}

/** Offset of the first token that JSON does not allow where it stands. V8 tells it for some faults only. */
function faultOffset(text: string): number {
  const end = text.trimEnd().length;
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  while (position < end) {
    TOKEN.lastIndex = position;
    const [, mark, quote] = TOKEN.exec(text) ?? ['', 'none'];
    const behind = quote === undefined ? TOKEN.lastIndex : stringEnd(text, TOKEN.lastIndex);
    const next: Expected | undefined =
      behind === undefined ? undefined : follow(expected, mark ?? (quote === undefined ? 'scalar' : 'string'), open);
    if (behind === undefined || next === undefined) return position + text.slice(position).search(/[^ \t\r\n\uFEFF]/);
    expected = next;
    position = behind;
  }
  return Math.max(end - 1, 0);
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end';

/** What may follow a token, or undefined where it may not stand itself. Keeps `open` as the brackets that are open. */
function follow(expected: Expected, token: string, open: ('{' | '[')[]): Expected | undefined {
  const behindValue = (): Expected => (open.length === 0 ? 'end' : 'comma');
  const close = (): Expected => {
    open.pop();
    return behindValue();
  };
  const inObject = open.at(-1) === '{';
  switch (token) {
    case '{':
    case '[':
      if (!expected.startsWith('value')) return undefined;
      open.push(token);
      return token === '{' ? 'key or }' : 'value or ]';
    case '}':
      return inObject && (expected === 'comma' || expected === 'key or }') ? close() : undefined;
    case ']':
      return open.length > 0 && !inObject && (expected === 'comma' || expected === 'value or ]') ? close() : undefined;
    case ',':
      return expected === 'comma' ? (inObject ? 'key' : 'value') : undefined;
    case ':':
      return expected === 'colon' ? 'value' : undefined;
    case 'string':
      if (expected.startsWith('key')) return 'colon';
      return expected.startsWith('value') ? behindValue() : undefined;
    case 'scalar':
      return expected.startsWith('value') ? behindValue() : undefined;
    default:
      return undefined;
  }
}

/** A no-break space is none of JSON's blanks, and looks like one. */
function visible(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
