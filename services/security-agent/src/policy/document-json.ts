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
  const withoutMark = text.replace(/^\uFEFF/, ' ');
  try {
    JSON.parse(withoutMark);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const offset = Number(/at position (\d+)/.exec(said)?.[1] ?? lastOffset(text));
    const message = `not JSON: ${said.replace(/ in JSON at position.*$/s, '').replace(/, \.{0,3}".*$/s, '')}`;
    return { message, fix: 'Mend the syntax; hzn takes JSON and comments between /* and */ only.', offset };
  }
}

function lastOffset(text: string): number {
  return Math.max(text.trimEnd().length - 1, 0);
}
