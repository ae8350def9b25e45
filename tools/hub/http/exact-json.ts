/**
 * JSON with whole numbers beyond 2^53 kept as text: the CSS's instanceID and dataID are such numbers, and JSON.parse
 * would make different ones equal (reference/exchange-mms.md §0, MMS).
 *
 * @throws SyntaxError as JSON.parse does
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, ...[context]: readonly unknown[]) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (sourceIn(context) ?? value)
      : value,
  );
}

/** ECMAScript 2026 tells revivers the source text of a primitive; TypeScript's library does not know it yet. */
function sourceIn(context: unknown): string | undefined {
  if (typeof context !== 'object' || context === null || !('source' in context)) return undefined;
  return typeof context.source === 'string' ? context.source : undefined;
}
