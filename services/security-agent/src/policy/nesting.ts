/**
 * How deep a text may nest before it is parsed at all. YAML parsers recurse: a few thousand opening brackets end the
 * whole process (a stack overflow inside a regular expression can not be caught), so depth is looked at first.
 */
export const MAX_NESTING = 100;

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const DASH = 0x2d;
const COLON = 0x3a;
const QUESTION = 0x3f;

/**
 * Offset at which the text nests deeper than `limit`, or undefined. Counts open brackets, and indentations that are open
 * at once, without regard to quotes: it may count too much, never too little.
 */
export function tooDeepAt(text: string, limit: number = MAX_NESTING): number | undefined {
  const indents: number[] = [];
  let brackets = 0;
  let position = 0;
  while (position < text.length) {
    const lineStart = position;
    position = skipSpaces(text, position);
    if (text.charCodeAt(position) !== LINE_FEED) open(indents, position - lineStart);
    if (text.startsWith('---', lineStart)) brackets = 0;
    else position = openCompact(text, lineStart, position, indents, limit);
    for (; position < text.length && text.charCodeAt(position) !== LINE_FEED; position += 1) {
      const character = text[position];
      if (character === '[' || character === '{') brackets += 1;
      else if ((character === ']' || character === '}') && brackets > 0) brackets -= 1;
      if (brackets > limit) return position;
    }
    if (indents.length > limit) return Math.min(position, text.length - 1);
    position += 1;
  }
  return undefined;
}

/** `- - - x` and `? ? x` open a level each, on one line. */
function openCompact(text: string, lineStart: number, from: number, indents: number[], limit: number): number {
  let position = from;
  while (isIndicator(text, position) && indents.length <= limit) {
    position = skipSpaces(text, position + 1);
    open(indents, position - lineStart);
  }
  return position;
}

function isIndicator(text: string, position: number): boolean {
  const code = text.charCodeAt(position);
  if (code !== DASH && code !== QUESTION && code !== COLON) return false;
  const next = text.charCodeAt(position + 1);
  return Number.isNaN(next) || next <= SPACE;
}

function open(indents: number[], column: number): void {
  while ((indents.at(-1) ?? -1) >= column) indents.pop();
  indents.push(column);
}

function skipSpaces(text: string, from: number): number {
  let position = from;
  while (text.charCodeAt(position) === SPACE) position += 1;
  return position;
}
