import { parseVersionRange } from '#policy/version-range.ts';
import { type ConstraintRemark, noName, noOperator, noValue, remark, unexpected } from './constraint-remarks.ts';
import { skipBlanks, type Token, type TokenKind, tokenAt } from './constraint-tokens.ts';

export type { ConstraintRemark };

/** `=` is `==`. `=>` and `=<` stay what they are: on numbers they mean equality (see evaluate.ts). */
export type Operator = '==' | '!=' | '<' | '>' | '<=' | '>=' | '=>' | '=<' | '=>=' | '=<=' | 'in';

/** One comparison of a property with a value. */
export interface Comparison {
  readonly kind: 'compare';
  /** As the agbot reads it; a blank before the first name of a constraint is part of it. */
  readonly name: string;
  readonly operator: Operator;
  /** As written, quotes included. */
  readonly value: string;
  /** Where it stands in the constraint, counting from 1. */
  readonly column: number;
}

/** A constraint as a tree. AND binds closer than OR. */
export type Constraint =
  | { readonly kind: 'always' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Constraint[] }
  | Comparison;

/** `traps` are what Open Horizon takes but reads as another thing than it seems to be. */
export type ParsedConstraint =
  | { readonly ok: true; readonly constraint: Constraint; readonly traps: readonly ConstraintRemark[] }
  | ({ readonly ok: false } & ConstraintRemark);

/**
 * Parses one entry of a `constraints` array (reference/anax.md §6.7). Accepts what `hzn` accepts, less what `hzn` would
 * accept and then read only in part: a dangling AND or OR, and parentheses that do not pair up.
 */
export function parseConstraint(text: string): ParsedConstraint {
  const parser = new Parser(text);
  try {
    const constraint = parser.parse();
    return { ok: true, constraint, traps: parser.traps };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, ...error.remark };
    throw error;
  }
}

/** Control flow inside the parser only. */
class Unreadable extends Error {
  readonly remark: ConstraintRemark;

  constructor(why: ConstraintRemark) {
    super(why.message);
    this.remark = why;
  }
}

/** Far above what anybody writes, far below what exhausts the stack. */
const DEEPEST = 200;

const VALUE_KINDS: ReadonlySet<TokenKind> = new Set(['word', 'quoted', 'list', 'version', 'range', 'number']);
const OPERATOR_KINDS: ReadonlySet<TokenKind> = new Set(['equality', 'order', 'in']);

class Parser {
  readonly traps: ConstraintRemark[] = [];
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Constraint {
    if (skipBlanks(this.#text, 0) === this.#text.length) return { kind: 'always' };
    const noBreakSpace = this.#text.indexOf('\u00A0');
    if (noBreakSpace >= 0)
      this.#trap(noBreakSpace, 'a no-break space counts as a letter here', 'Replace it by an ordinary blank.');
    const constraint = this.#alternatives();
    const end = skipBlanks(this.#text, this.#position);
    if (end < this.#text.length) throw new Unreadable(unexpected(this.#text, end));
    return constraint;
  }

  #alternatives(): Constraint {
    return this.#joined('or', () => this.#joined('and', () => this.#operand()));
  }

  #joined(kind: 'and' | 'or', operand: () => Constraint): Constraint {
    const first = operand();
    const of = [first];
    while (this.#take(kind) !== undefined) of.push(operand());
    return of.length === 1 ? first : { kind, of };
  }

  #operand(): Constraint {
    const open = this.#take('open');
    if (open === undefined) return this.#comparison();
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.#error(open.start, 'parentheses are nested too deeply', 'Remove some.');
    const inner = this.#alternatives();
    this.#depth -= 1;
    if (this.#take('close') !== undefined) return inner;
    const end = skipBlanks(this.#text, this.#position);
    if (end < this.#text.length) throw new Unreadable(unexpected(this.#text, end));
    throw this.#error(open.start, 'this parenthesis is not closed', 'Add the missing ")".');
  }

  #comparison(): Comparison {
    const name = this.#take('word');
    if (name === undefined) throw new Unreadable(noName(this.#text, this.#position));
    const next = tokenAt(this.#text, this.#position);
    if (next === undefined || !OPERATOR_KINDS.has(next.kind)) return this.#gluedIn(name, next);
    this.#position += next.text.length;
    const value = this.#value();
    this.#checkPair(next, value);
    const comparison = compare(name, name.text, asOperator(next.text.trim()), value);
    this.#noteTraps(comparison);
    return comparison;
  }

  /** `countryin"a,b"`: the last two letters of a name that no operator follows are taken for the operator. */
  #gluedIn(name: Token, value: Token | undefined): Comparison {
    const property = name.text.slice(0, -2);
    if (value === undefined || !VALUE_KINDS.has(value.kind) || !name.text.endsWith('in') || byteLength(name.text) <= 3)
      throw new Unreadable(noOperator(this.#text, this.#position, name.text));
    this.#position += value.text.length;
    this.#trap(
      name.start,
      `"${name.text.trim()}" is read as "${property.trim()} in"`,
      'Put a blank on both sides of "in".',
    );
    return compare(name, property, 'in', value);
  }

  #value(): Token {
    const token = tokenAt(this.#text, this.#position);
    if (token === undefined || !VALUE_KINDS.has(token.kind)) throw new Unreadable(noValue(this.#text, this.#position));
    this.#position += token.text.length;
    return token;
  }

  #checkPair(operator: Token, value: Token): void {
    const at = skipBlanks(this.#text, value.start);
    const text = value.text.trim();
    if (operator.kind === 'equality' && value.kind === 'range')
      throw this.#error(at, 'a version range goes with "in" only', `Write "in ${text}".`);
    if (operator.kind === 'equality' && value.kind === 'list')
      throw this.#error(at, 'a list of values goes with "in" only', `Write "in ${text}".`);
    if (operator.kind === 'order' && !isGoFloat(text))
      throw this.#error(
        at,
        `"${operator.text.trim()}" compares numbers, and ${text} is none`,
        value.kind === 'version' ? `Write "in [${text},INFINITY)".` : 'Compare with ==, != or in.',
      );
    if (operator.kind !== 'in') return;
    if (value.kind === 'word' || value.kind === 'number')
      throw this.#error(
        at,
        '"in" takes a quoted list or a version range',
        `Write in "${text}" or in [1.0.0,INFINITY).`,
      );
    if (value.kind === 'range' && parseVersionRange(text) === undefined)
      throw this.#error(at, `${text} is no version range`, 'Write it without blanks, as [1.0.0,2.0.0).');
  }

  #noteTraps({ name, operator, column }: Comparison): void {
    const at = column - 1;
    if (name.trimStart() !== name)
      this.#trap(0, 'the blank before the first name makes it the name of a property that no node has', 'Remove it.');
    if (name.endsWith('!') && operator === '==')
      this.#trap(
        at,
        `"${name.trim()}=" is read as the property "${name.trim()}" and "="`,
        `Put a blank before the operator: ${name.trim().slice(0, -1)} != …`,
      );
    if (operator.startsWith('=') && operator !== '==')
      this.#trap(at, `"${operator}" means "equal" to the agbot`, `Write ${operator.includes('>') ? '>=' : '<='}.`);
  }

  #take(kind: TokenKind): Token | undefined {
    const token = tokenAt(this.#text, this.#position);
    if (token?.kind !== kind) return undefined;
    this.#position += token.text.length;
    return token;
  }

  #trap(at: number, message: string, fix: string): void {
    this.traps.push(remark(at, message, fix));
  }

  #error(at: number, message: string, fix: string): Unreadable {
    return new Unreadable(remark(at, message, fix));
  }
}

/** What Go's ParseFloat takes of the words that the lexer can produce. */
export function isGoFloat(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+|inf|infinity|nan)$/i.test(text);
}

const OPERATORS: readonly Operator[] = ['==', '!=', '<', '>', '<=', '>=', '=>', '=<', '=>=', '=<=', 'in'];

function asOperator(text: string): Operator {
  return OPERATORS.find((operator) => operator === text) ?? '==';
}

function compare(name: Token, property: string, operator: Operator, value: Token): Comparison {
  return { kind: 'compare', name: property, operator, value: value.text.trim(), column: name.start + 1 };
}

/** Open Horizon counts bytes where it asks for a name longer than three. */
function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
