/**
 * JSON as KubeArmor's Go decodes and writes it: field names match whatever their case, unknown fields are ignored, a
 * value of the wrong type spoils the whole document (reference/kubearmor.md §2.3), and empty fields are left out.
 */

/** What Go's encoding/json answers with an error; KubeArmor then says Invalid. */
export class GoJsonError extends Error {
  constructor(expected: string, value: unknown) {
    super(`cannot unmarshal ${typeof value} into ${expected}`);
    this.name = 'GoJsonError';
  }
}

/** Takes a JSON value or undefined (absent) and gives what Go would hold; undefined stands for an omitted zero. */
export type Reader<T> = (value: unknown) => T;

export const text: Reader<string> = (value) => {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new GoJsonError('string', value);
  return value;
};

/** A field that is left out when it is zero (`omitempty`). */
export function omitEmpty<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value) => {
    const read = reader(value);
    const empty = Array.isArray(read) ? read.length === 0 : !read || isEmptyMap(read);
    return empty ? undefined : read;
  };
}

function isEmptyMap(value: unknown): boolean {
  return value instanceof Map && value.size === 0;
}

export const optionalText = omitEmpty(text);

export const optionalInteger: Reader<number | undefined> = (value) => {
  if (value === undefined || value === null || value === 0) return undefined;
  if (!Number.isInteger(value)) throw new GoJsonError('int', value);
  return Number(value);
};

export const optionalFlag: Reader<true | undefined> = (value) => {
  if (value === undefined || value === null || value === false) return undefined;
  if (value !== true) throw new GoJsonError('bool', value);
  return true;
};

/** A pointer to a bool: `false` is not the same as absent. */
export const flagPointer: Reader<boolean | undefined> = (value) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new GoJsonError('*bool', value);
  return value;
};

export function list<T>(reader: Reader<T>): Reader<readonly T[] | undefined> {
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw new GoJsonError('slice', value);
    return value.length === 0 ? undefined : value.map(reader);
  };
}

export const textMap: Reader<Readonly<Record<string, string>> | undefined> = (value) => {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new GoJsonError('map[string]string', value);
  const entries = Object.entries(value).map(([key, each]): [string, string] => [key, text(each)]);
  // Go writes maps in the order of their keys.
  return entries.length === 0 ? undefined : Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** A struct: never left out, fields in the order given here, names matched without regard to case. */
export function struct<T extends object>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const names = Object.keys(readers);
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));
  return (value) => {
    if (value !== undefined && value !== null && !isObject(value)) throw new GoJsonError('struct', value);
    const given = new Map<string, unknown>();
    for (const [key, each] of Object.entries(value ?? {})) {
      const name = byLowerCase.get(key.toLowerCase());
      if (name !== undefined) given.set(name, each);
    }
    const read: Partial<T> = {};
    for (const name in readers) read[name] = readers[name](given.get(name));
    return read as T;
  };
}

/** As json.Marshal writes it. */
export function marshal(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escapeAsGo);
}

function escapeAsGo(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
