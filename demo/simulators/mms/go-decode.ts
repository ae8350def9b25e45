/**
 * Decoders of JSON values that behave as Go's do when they fill a struct: names in any case, null as absent, unknown
 * names ignored, wrong types refused in Go's words.
 */
import { decodeBase64, illegalBase64 } from './base64.ts';
import { GoJsonError, type GoNumber, type GoValue } from './go-json-text.ts';
import type { Writable } from './go-json-write.ts';

/** Where a value goes: Go's names of it, for the error. */
export interface Target {
  readonly struct: string;
  readonly path: string;
}

export type Decode<T> = (value: GoValue, target: Target) => T;
/** Decoders by field name in lower case; a field that is null or absent keeps its zero value. */
export type Fields<T> = { readonly [K in keyof T]: Decode<T[K]> };

/** A decoded body, or what is wrong with it. */
export function attempt<T>(decode: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: decode() };
  } catch (error) {
    if (error instanceof GoJsonError) return { problem: error.message };
    throw error;
  }
}

/** The target of a whole body. */
export const ROOT: Target = { struct: '', path: '' };

export const text: Decode<string> = (value, target) =>
  typeof value === 'string' ? value : refuse(kindOf(value), 'string', target);
export const flag: Decode<boolean> = (value, target) =>
  typeof value === 'boolean' ? value : refuse(kindOf(value), 'bool', target);
export const int: Decode<number> = (value, target) => Number(integer(value, 'int', target));
export const int64Number: Decode<number> = (value, target) => Number(integer(value, 'int64', target));
export const int64: Decode<bigint> = (value, target) => integer(value, 'int64', target);

export function struct<T extends object>(name: string, goType: string, fields: Fields<T>, zero: T): Decode<T> {
  const names = new Map(fieldNames(fields).map((field) => [field.toLowerCase(), field]));
  return (value, target) => {
    if (value === null) return zero;
    if (!isObject(value)) return refuse(kindOf(value), goType, target);
    const filled: T = { ...zero };
    for (const [key, item] of value) {
      const field = names.get(key.toLowerCase());
      if (field === undefined || item === null) continue;
      const path = target.path === '' ? field : `${target.path}.${field}`;
      filled[field] = fields[field](item, { struct: name, path });
    }
    return filled;
  };
}

function fieldNames<T extends object>(fields: Fields<T>): (keyof T & string)[] {
  const names: (keyof T & string)[] = [];
  for (const name in fields) names.push(name);
  return names;
}

export function list<T>(goType: string, item: Decode<T>): Decode<readonly T[] | null> {
  return (value, target) => {
    if (value === null) return null;
    if (!isList(value)) return refuse(kindOf(value), `[]${goType}`, target);
    return value.map((each) => item(each, target));
  };
}

export function bytes(value: GoValue, target: Target): Buffer | undefined {
  if (isList(value)) return Buffer.from(value.map((item) => Number(integer(item, 'uint8', target))));
  if (typeof value !== 'string') return refuse(kindOf(value), '[]uint8', target);
  const decoded = decodeBase64(value);
  if ('illegalAt' in decoded) throw new GoJsonError(illegalBase64(decoded.illegalAt));
  return decoded.bytes;
}

/** Decoded without a type: numbers are float64, keys come out sorted. */
export function anything(value: GoValue): Writable {
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(anything);
  if (isObject(value)) {
    return Object.fromEntries(
      [...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, anything(item)]),
    );
  }
  return Number(value.literal);
}

function integer(value: GoValue, goType: 'int' | 'int64' | 'uint8', target: Target): bigint {
  if (!isNumber(value)) return refuse(kindOf(value), goType, target);
  const fits = /^-?\d+$/.test(value.literal) && inRange(BigInt(value.literal), goType);
  return fits ? BigInt(value.literal) : refuse(`number ${value.literal}`, goType, target);
}

const inRange = (value: bigint, goType: string): boolean =>
  goType === 'uint8' ? value >= 0n && value < 256n : BigInt.asIntN(64, value) === value;

function refuse(kind: string, goType: string, { struct: name, path }: Target): never {
  const where = path === '' ? 'value' : `struct field ${name}.${path}`;
  throw new GoJsonError(`json: cannot unmarshal ${kind} into Go ${where} of type ${goType}`);
}

function kindOf(value: GoValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (isList(value)) return 'array';
  return isObject(value) ? 'object' : 'number';
}

// Array.isArray does not narrow a readonly array out of a union.
const isList = (value: GoValue): value is readonly GoValue[] => Array.isArray(value);
const isObject = (value: GoValue): value is ReadonlyMap<string, GoValue> => value instanceof Map;
const isNumber = (value: GoValue): value is GoNumber =>
  typeof value === 'object' && value !== null && 'literal' in value;
