declare global {
  interface JSON {
    /** ECMAScript 2026: revivers are told the source text of a primitive. */
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * JSON with whole numbers beyond 2^53 kept as text: the CSS's instanceID and dataID are such numbers, and JSON.parse
 * would make different ones equal (reference/exchange-mms.md §0, MMS).
 *
 * @throws SyntaxError as JSON.parse does
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? (source ?? value) : value,
  );
}
