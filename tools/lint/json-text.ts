/** JSON as the formatter of this project leaves it: two spaces, and lists of scalars on one line where they fit. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  const short = text.replace(
    /^(.*)\[\n([^[\]{}]*)\n *\](,?)$/gm,
    (whole, before: string, items: string, after: string) => {
      const line = `${before}[${items.trim().replace(/,\n\s*/g, ', ')}]${after}`;
      return line.length > 120 ? whole : line;
    },
  );
  return `${short}\n`;
}
