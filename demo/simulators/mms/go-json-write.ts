/** What Go's MarshalIndent writes: two spaces, big integers in full, `<`, `>` and `&` escaped. */
export type Writable =
  | null
  | boolean
  | string
  | number
  | bigint
  | readonly Writable[]
  | { readonly [key: string]: Writable };

/** `value` as the sync service prints it, keys in their given order. */
export function writeGoJson(value: Writable, indent = ''): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return writeString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (isList(value)) {
    return bracketed(
      '[]',
      value.map((item) => writeGoJson(item, deeper)),
      indent,
    );
  }
  return bracketed(
    '{}',
    Object.entries(value).map(([key, item]) => `${writeString(key)}: ${writeGoJson(item, deeper)}`),
    indent,
  );
}

// Array.isArray does not narrow a readonly array out of a union.
const isList = (value: object): value is readonly Writable[] => Array.isArray(value);

function bracketed(brackets: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return brackets;
  const separator = `,\n${indent}  `;
  return `${brackets.charAt(0)}\n${indent}  ${items.join(separator)}\n${indent}${brackets.charAt(1)}`;
}

function writeString(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
