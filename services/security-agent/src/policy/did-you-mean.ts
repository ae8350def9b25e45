/** `Did you mean "x"? ` for the nearest known name, when it is near enough to be a slip; otherwise nothing. */
export function didYouMean(given: string, known: readonly string[]): string {
  const ranked = known
    .filter((name) => Math.abs(name.length - given.length) <= slip(name))
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best === undefined || best.distance > slip(best.name)) return '';
  return `Did you mean "${best.name}"? `;
}

/** How many characters may be wrong. A text whose length differs by more is not looked at: it may be of megabytes. */
function slip(name: string): number {
  return Math.max(2, Math.floor(name.length / 3));
}

/** Levenshtein distance in characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (left === right ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
