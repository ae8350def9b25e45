/**
 * `${NAME}` in the sources of a bundle. YAML reads the braces of an unquoted one inside `{ }` or `[ ]` as its own, so
 * they are exchanged for characters of the private use area before parsing, one for one: positions stay what they were.
 */
const OPEN = '\uE000';
const CLOSE = '\uE001';

export function maskVariables(text: string): string {
  return text.includes('${') ? text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, `$${OPEN}$1${CLOSE}`) : text;
}

export function unmaskText(text: string): string {
  return text.includes(OPEN) || text.includes(CLOSE) ? text.replaceAll(OPEN, '{').replaceAll(CLOSE, '}') : text;
}

/** The value with the braces back where they were, in keys too. */
export function unmaskVariables(value: unknown): unknown {
  if (typeof value === 'string') return unmaskText(value);
  if (Array.isArray(value)) return value.map(unmaskVariables);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [unmaskText(key), unmaskVariables(child)]));
}

/** Whether a text names a variable, whose value nobody knows here. */
export function namesVariable(text: string): boolean {
  return /\$\{[A-Za-z_][A-Za-z0-9_]*\}|^\$[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
