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

/** Whether one text is so near to the other that nothing else can be meant: a letter of four may be wrong. */
export function isSlipOf(given: string, name: string): boolean {
  const most = Math.max(1, Math.floor(name.length / 4));
  return Math.abs(name.length - given.length) <= most && editDistance(given.toLowerCase(), name.toLowerCase()) <= most;
}

/** How many characters may be wrong. A text whose length differs by more is not looked at: it may be of megabytes. */
function slip(name: string): number {
  return name.length < 5 ? 1 : Math.max(2, Math.floor(name.length / 3));
}

/** Characters put in, left out or taken for another, and neighbours that changed places. */
function editDistance(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let above: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (const [i, character] of left.entries()) {
    const next = [i + 1];
    for (const [j, other] of right.entries()) {
      const swapped = i > 0 && j > 0 && character === right[j - 1] && left[i - 1] === other;
      const kept = (row[j] ?? 0) + (character === other ? 0 : 1);
      const moved = swapped ? (above[j - 1] ?? 0) + 1 : kept;
      next.push(Math.min(kept, moved, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row[right.length] ?? 0;
}
