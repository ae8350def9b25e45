/** JSON as hzn reads it: comments between slash-star and star-slash is taken out first (reference/anax.md §3). */

/** The text with every comment outside of strings blanked, so that offsets and lines stay what they were. */
export function blankComments(text: string): string {
  if (!text.includes('/*')) return text;
  let result = '';
  let copied = 0;
  for (const [start, end] of commentRanges(text)) {
    result += text.slice(copied, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    copied = end;
  }
  return result + text.slice(copied);
}

function* commentRanges(text: string): Generator<[start: number, end: number]> {
  let position = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      position = behindString(text, position);
    } else if (character === '/' && text[position + 1] === '*') {
      const close = text.indexOf('*/', position + 2);
      const end = close < 0 ? text.length : close + 2;
      yield [position, end];
      position = end;
    } else {
      position += 1;
    }
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
    const found = text.slice(offset).match(/^\S{1,20}/)?.[0];
    const message =
      found === undefined ? 'not JSON: it ends too early' : `not JSON: ${JSON.stringify(found)} can not stand here`;
    return { message, fix: 'Mend the syntax; hzn takes JSON and comments between /* and */ only.', offset };
  }
}

const TOKEN =
  /[\s\uFEFF]*(?:([{}[\],:])|("(?:[\u0020\u0021\u0023-\u005b\u005d-\u{10ffff}]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?))/uy;

/** Offset of the first token that JSON does not allow where it stands. V8 tells it for some faults only. */
function faultOffset(text: string): number {
  const end = text.trimEnd().length;
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  while (position < end) {
    TOKEN.lastIndex = position;
    const [, mark, string] = TOKEN.exec(text) ?? ['', 'none'];
    const next = follow(expected, mark ?? (string === undefined ? 'scalar' : 'string'), open);
    if (next === undefined) return position + (/^[\s\uFEFF]*/.exec(text.slice(position))?.[0].length ?? 0);
    expected = next;
    position = TOKEN.lastIndex;
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
