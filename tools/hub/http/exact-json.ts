/** ECMAScript 2026: revivers are told the source text of a primitive. TypeScript's library does not know it yet. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

const parse: ParseWithSource = JSON.parse;

/**
 * JSON with whole numbers beyond 2^53 kept as text: the CSS's instanceID and dataID are such numbers, and JSON.parse
 * would make different ones equal (reference/exchange-mms.md §0, MMS).
 *
 * @throws SyntaxError as JSON.parse does
 */
export function parseExactJson(text: string): unknown {
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? (source ?? value) : value,
  );
}
