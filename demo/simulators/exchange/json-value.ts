/** A number with the digits it was written in: a text field takes them as they are. */
export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type JsonValue =
  | null
  | boolean
  | string
  | JsonNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * The first JSON value of a text. What follows it is ignored, as the real Exchange ignores it
 * (reference/data/captures/hub/exchange-quirks.json, "body: trailing garbage").
 *
 * @throws {SyntaxError} when the text does not begin with a JSON value
 */
export function parseFirstValue(text: string): JsonValue {
  try {
    return parse(text);
  } catch (error) {
    const end = endOfFirstValue(text);
    if (end === undefined || end === text.length) throw error;
    return parse(text.slice(0, end));
  }
}

/** The same value as plain data, numbers as numbers. */
export function plainValue(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.source);
  if (Array.isArray(value)) return value.map(plainValue);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]));
  return value;
}

export function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

function parse(text: string): JsonValue {
  const keepDigits: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new JsonNumber(context?.source ?? String(value)) : value;
  return JSON.parse(text, keepDigits);
}

/** JSON.parse's reviver, with the source text of primitives that the library's types lack. */
type Reviver = (key: string, value: JsonValue | number, context?: { readonly source?: string }) => JsonValue;

function endOfFirstValue(text: string): number | undefined {
  const start = text.search(/\S/);
  if (start === -1) return undefined;
  if (!'{["'.includes(text[start] ?? '')) {
    const scalar = /^(?:(?:true|false|null)(?![\w$])|-?\d[\d.eE+-]*(?=\s|$))/.exec(text.slice(start));
    return scalar === null ? undefined : start + scalar[0].length;
  }
  let depth = 0;
  let quoted = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if ('{['.includes(character)) depth += 1;
    else if ('}]'.includes(character)) depth -= 1;
    if (depth === 0 && !quoted) return index + 1;
  }
  return undefined;
}
