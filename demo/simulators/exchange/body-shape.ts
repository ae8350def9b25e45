import { CastFailure, NullAccess } from './defects.ts';
import { isObject, JsonNumber, type JsonValue, parseFirstValue, plainValue } from './json-value.ts';

/**
 * The Exchange's way of reading a JSON body, as data: Jackson with the Scala module, default settings. Unknown fields
 * are refused, scalars are coerced, an absent list is empty, an absent boolean false, an absent text null; what a
 * container holds is checked as deep as the JVM still knows its type (reference/exchange-mms.md §A.3, §0).
 */
export interface Shape<T> {
  /** The type's name in messages. */
  readonly type: string;
  read(value: JsonValue, path: readonly string[]): T;
  /** What a missing field gives. */
  readonly absent: T;
}

/** What a shape gives. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** A body that does not fit its shape: 400 `invalid-input`, with Jackson's text. */
export class BodyProblem extends Error {
  constructor(message: string, path: readonly string[] = []) {
    super(path.length === 0 ? message : `${message} (through reference chain: ${path.join('->')})`);
    this.name = 'BodyProblem';
  }
}

/** @throws {BodyProblem | NullAccess} */
export function readBody<T>(text: string, shape: Shape<T>): T {
  let value: JsonValue;
  try {
    value = parseFirstValue(text);
  } catch (error) {
    // A list where none belongs is noticed before what is wrong inside it.
    if (/^\s*\[/.test(text)) shape.read([], []);
    throw new BodyProblem(syntaxProblem(text, error));
  }
  return shape.read(value, []);
}

/** A text; numbers and booleans become text. */
export const text: Shape<string | null> = {
  type: 'java.lang.String',
  absent: null,
  read(value, path) {
    if (value === null || typeof value === 'string') return value;
    if (value instanceof JsonNumber) return value.source;
    if (typeof value === 'boolean') return String(value);
    throw mismatch(this.type, value, path);
  },
};

/** A boolean; whole numbers, empty texts and `"true"`/`"True"`/`"TRUE"` do as well. */
export const flag: Shape<boolean> = {
  type: 'boolean',
  absent: false,
  read(value, path) {
    if (value === null) return false;
    if (typeof value === 'boolean') return value;
    if (value instanceof JsonNumber && /^-?\d+$/.test(value.source)) return Number(value.source) !== 0;
    if (typeof value !== 'string') throw mismatch(this.type, value, path);
    const trimmed = value.trim();
    if (['true', 'True', 'TRUE'].includes(trimmed)) return true;
    if (['', 'false', 'False', 'FALSE', 'null'].includes(trimmed)) return false;
    throw new BodyProblem(
      `Cannot deserialize value of type \`boolean\` from String "${value}": only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized`,
      path,
    );
  },
};

/** A 32-bit number; fractions are cut off, texts of digits do as well. */
export const int: Shape<number> = whole('int', -2_147_483_648, 2_147_483_647);

/** A 64-bit number, as exact as a JavaScript number can be. */
export const long: Shape<number> = whole('long', -(2 ** 63), 2 ** 63);

/** Anything at all. */
export const anything: Shape<unknown> = { type: 'java.lang.Object', absent: null, read: plainValue };

export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  return items('List', of);
}

export function sequence<T>(of: Shape<T>): Shape<readonly T[]> {
  return items('Seq', of);
}

function items<T>(container: 'List' | 'Seq', of: Shape<T>): Shape<readonly T[]> {
  return {
    type: `scala.collection.immutable.${container}<${of.type}>`,
    absent: [],
    read(value, path) {
      if (value === null) return [];
      if (!Array.isArray(value)) throw mismatch(this.type, value, path);
      return value.map((item: JsonValue, index) => of.read(item, [...path, `[${index}]`]));
    },
  };
}

export function map<T>(of: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    type: `scala.collection.immutable.Map<java.lang.String,${of.type}>`,
    absent: {},
    read(value, path) {
      if (value === null) return {};
      if (typeof value === 'string') throw noCreator('scala.collection.immutable.Map', value, path);
      if (!isObject(value)) throw mismatch(this.type, value, path);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, of.read(item, [...path, `"${key}"`])]),
      );
    },
  };
}

/** Present or null. */
export function optional<T>(of: Shape<T>): Shape<T | null> {
  return {
    type: `scala.Option<${of.type}>`,
    absent: null,
    read: (value, path) => (value === null ? null : of.read(value, path)),
  };
}

/** Null and absent both give the default. */
export function orElse<T>(of: Shape<T>, fallback: T): Shape<T> {
  return { type: of.type, absent: fallback, read: (value, path) => (value === null ? fallback : of.read(value, path)) };
}

interface RecordRules<F> {
  /** Fields that must not be null: else "requirement failed". */
  readonly required?: readonly (keyof F & string)[];
  /** The class leaks an internal field named jsonFormats (reference/exchange-mms.md §A.14). */
  readonly leaksFormats?: boolean;
}

/** An object with these fields and no others; null where null was sent. */
export function record<F extends Readonly<Record<string, Shape<unknown>>>>(
  className: string,
  fields: F,
  rules: RecordRules<F> = {},
): Shape<{ readonly [K in keyof F]: Shaped<F[K]> } | null> {
  type Fields = { readonly [K in keyof F]: Shaped<F[K]> };
  const known = [...Object.keys(fields), ...(rules.leaksFormats === true ? ['jsonFormats'] : [])];
  return {
    type: className,
    absent: null,
    read(value, path) {
      if (value === null) return null;
      if (Array.isArray(value)) throw mismatch(className, value, path);
      if (!isObject(value)) throw noCreator(className, value, path);
      const at = (field: string): string[] => [...path, `${className}["${field}"]`];
      if (rules.leaksFormats === true) refuseFormats(value, at('jsonFormats'));
      const read = Object.fromEntries(
        Object.entries(fields).map(([name, shape]) => {
          const item = value[name];
          return [name, item === undefined ? shape.absent : shape.read(item, at(name))];
        }),
      );
      if (rules.required?.some((name) => read[name] === null) === true) {
        throw new BodyProblem(`Cannot construct instance of \`${className}\`, problem: requirement failed`, path);
      }
      for (const key of Object.keys(value)) {
        if (!known.includes(key)) {
          throw new BodyProblem(
            `Unrecognized field "${key}" (class ${className}), not marked as ignorable (${knownFields(known)})`,
            at(key),
          );
        }
      }
      return read as Fields;
    },
  };
}

/**
 * A value whose type the JVM forgot (`Option[Boolean]`, `Map[String, Int]`): any JSON passes, and fails where it is used.
 */
export function asBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new CastFailure(`class ${javaClass(value)} cannot be cast to class java.lang.Boolean`);
}

/** The same for a number. */
export function asNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new CastFailure(`class ${javaClass(value)} cannot be cast to class java.lang.Integer`);
}

function whole(type: 'int' | 'long', low: number, high: number): Shape<number> {
  return {
    type,
    absent: 0,
    read(value, path) {
      if (value === null) return 0;
      const digits = value instanceof JsonNumber ? value.source : typeof value === 'string' ? value.trim() : undefined;
      if (digits === undefined) throw mismatch(type, value, path);
      if (digits === '' || digits === 'null') return 0;
      if (typeof value === 'string' && !/^[+-]?\d+$/.test(digits)) {
        throw new BodyProblem(
          `Cannot deserialize value of type \`${type}\` from String "${value}": not a valid \`${type}\` value`,
          path,
        );
      }
      const number = Math.trunc(Number(digits));
      if (number < low || number > high) {
        throw new BodyProblem(`Numeric value (${digits}) out of range of ${type} (${low} - ${high})`, path);
      }
      return number;
    },
  };
}

/** Jackson's words, roughly: what it met, not what it would have liked instead. */
function syntaxProblem(json: string, error: unknown): string {
  if (json.trim() === '') return 'No content to map due to end-of-input';
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  const character = position === undefined ? '' : json.charAt(Number(position));
  if (character === '') return 'Unexpected end-of-input';
  return `Unexpected character ('${character}' (code ${character.charCodeAt(0)}))`;
}

function knownFields(names: readonly string[]): string {
  const count = names.length === 1 ? 'one known property' : `${names.length} known properties`;
  return `${count}: ${names.map((name) => `"${name}"`).join(', ')}]`;
}

function refuseFormats(value: { readonly [key: string]: JsonValue }, path: readonly string[]): void {
  if (!('jsonFormats' in value)) return;
  if (value.jsonFormats === null) {
    throw new NullAccess('Cannot invoke "org.json4s.Formats.wantsBigDecimal()" because "formats" is null');
  }
  throw new BodyProblem(
    'Cannot construct instance of `org.json4s.Formats` (no Creators, like default constructor, exist): abstract types either need to be mapped to concrete types, have custom deserializer, or contain additional type information',
    path,
  );
}

function mismatch(type: string, value: JsonValue, path: readonly string[]): BodyProblem {
  const [kind, token] = describe(value);
  return new BodyProblem(
    `Cannot deserialize value of type \`${type}\` from ${kind} value (token \`JsonToken.${token}\`)`,
    path,
  );
}

function noCreator(className: string, value: JsonValue, path: readonly string[]): BodyProblem {
  if (typeof value === 'string' && value.trim() === '') {
    return new BodyProblem(
      `Cannot coerce empty String ("") to \`${className}\` value (but could if coercion was enabled using \`CoercionConfig\`)`,
      path,
    );
  }
  const [argument, given] = describeScalar(value);
  return new BodyProblem(
    `Cannot construct instance of \`${className}\` (although at least one Creator exists): no ${argument}-argument constructor/factory method to deserialize from ${given}`,
    path,
  );
}

function describeScalar(value: JsonValue): readonly [argument: string, given: string] {
  if (value instanceof JsonNumber) {
    const argument = /^-?\d+$/.test(value.source) ? 'int/Int' : 'double/Double';
    return [argument, `Number value (${value.source})`];
  }
  if (typeof value === 'boolean') return ['boolean/Boolean', `boolean value (${value})`];
  return ['String', `String value ('${value}')`];
}

function describe(value: JsonValue): readonly [kind: string, token: string] {
  if (typeof value === 'string') return ['String', 'VALUE_STRING'];
  if (typeof value === 'boolean') return ['Boolean', value ? 'VALUE_TRUE' : 'VALUE_FALSE'];
  if (value instanceof JsonNumber) {
    return /^-?\d+$/.test(value.source) ? ['Integer', 'VALUE_NUMBER_INT'] : ['Floating-point', 'VALUE_NUMBER_FLOAT'];
  }
  return Array.isArray(value) ? ['Array', 'START_ARRAY'] : ['Object', 'START_OBJECT'];
}

function javaClass(value: unknown): string {
  if (typeof value === 'string') return 'java.lang.String';
  if (typeof value === 'number') return 'java.lang.Integer';
  return Array.isArray(value) ? 'scala.collection.immutable.List' : 'scala.collection.immutable.Map';
}
