/**
 * The words of Open Horizon's constraint language, as its lexer reads them (reference/anax.md §6.7): the first kind that
 * fits wins, so that order decides what `10.1.2.3` or `inside` is.
 */

export type TokenKind =
  | 'word'
  | 'and'
  | 'or'
  | 'order'
  | 'in'
  | 'equality'
  | 'range'
  | 'version'
  | 'number'
  | 'open'
  | 'close'
  | 'quoted'
  | 'list';

export interface Token {
  readonly kind: TokenKind;
  /** As written, with the blanks that the lexer counts to it. */
  readonly text: string;
  readonly start: number;
}

const LETTERS =
  'A-Za-z\\u4E00-\\u9FFF\\u00A0-\\u00FF\\u3040-\\u309F\\u1100-\\u11FF\\uAC00-\\uD7AF\\u30A0-\\u30FF\\uFF00-\\uFFEF\\u20A0-\\u20CF';
const WORD = `[0-9${LETTERS}_\\-/!?+~'.]`;
const BLANK = '[ \\t\\r\\n]';
const VERSION = '\\d*\\.\\d*\\.\\d*';

const KINDS: readonly (readonly [TokenKind, RegExp])[] = [
  // A word that begins with "in" is told from the operator only where nothing else can follow; "ini…" confuses the lexer.
  ['word', sticky(`in(?:in)*(?!i)${WORD}+`)],
  ['and', sticky(`${BLANK}+(?:AND|&&)${BLANK}+`)],
  ['or', sticky(`${BLANK}+(?:OR|\\|\\|)${BLANK}+`)],
  ['order', sticky(`${BLANK}*=?[<>]=?${BLANK}*`)],
  ['in', sticky(`${BLANK}*in${BLANK}*`)],
  ['equality', sticky(`${BLANK}*(?:!=|==?)${BLANK}*`)],
  ['range', sticky(`${BLANK}*[([]${VERSION}${BLANK}*,${BLANK}*(?:${VERSION}|INFINITY)[\\])]`)],
  ['version', sticky(`${BLANK}*${VERSION}`)],
  ['number', sticky(`${BLANK}*-?\\d+(?:\\.\\d*)?`)],
  ['open', sticky(`${BLANK}*\\(${BLANK}*`)],
  ['close', sticky(`${BLANK}*\\)`)],
  ['word', sticky(`${BLANK}*${WORD}+`)],
  ['quoted', sticky(`${BLANK}*"(?:${WORD}|[ \\t])+"`)],
  ['list', sticky(`${BLANK}*"(?:${WORD}|[, \\t])+"`)],
];

/** The token at `start`, or undefined where no kind fits (the end included). */
export function tokenAt(text: string, start: number): Token | undefined {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match !== null) return { kind, text: match[0], start };
  }
  return undefined;
}

/** Position behind the blanks at `start`. */
export function skipBlanks(text: string, start: number): number {
  let position = start;
  while (position < text.length && ' \t\r\n'.includes(text.charAt(position))) position += 1;
  return position;
}

function sticky(source: string): RegExp {
  return new RegExp(source, 'y');
}
