/**
 * JSON that hzn reads as it stands. Before parsing, hzn cuts out whatever looks like a comment, even inside a text, and
 * expands `$NAME` unless HZN_DONT_SUBST_ENV_VARS=1 (reference/anax.md §3): either would change the signed deployment.
 * Escaped, these characters mean the same to every JSON parser and nothing to hzn.
 */
export function hznJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replaceAll('$', '\\u0024').replaceAll('/*', '/\\u002a').replaceAll('*/', '\\u002a/')}\n`;
}
