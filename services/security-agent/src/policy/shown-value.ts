/** A value short enough to stand in a message: text as it is, anything else as JSON. Any value of YAML or JSON will do. */
export function shownValue(value: unknown): string {
  return shortened(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'), 60);
}

/** At most so many characters, the last one an ellipsis where some are left out. */
export function shortened(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text;
}
