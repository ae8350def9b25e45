/** A value short enough to stand in a message: text as it is, anything else as JSON. Any value of YAML or JSON will do. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}…` : text;
}

const MAX_SHOWN = 60;
