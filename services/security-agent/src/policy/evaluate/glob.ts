/**
 * Globs of either enforcer as a small automaton: the work grows with the length of the pattern times that of the text,
 * whatever stands in them. A regular expression tries every way to share a text among several stars, which takes
 * hours for a pattern with five and a long path.
 */
export interface Glob {
  test(text: string): boolean;
}

/** Whether a character (a code point) may stand at a place of the pattern. */
export type CharacterTest = (character: string) => boolean;

export const anything: CharacterTest = () => true;
export const withinComponent: CharacterTest = (character) => character !== '/';

/** What takes a character and goes on to the next step, or where to go on without taking one. */
type Step = CharacterTest | number[];

/** Puts a glob together from left to right. */
export class GlobBuilder {
  #prefix = '';
  readonly #steps: Step[] = [];
  readonly #groups: { readonly branches: number[]; readonly ends: number[][] }[] = [];

  get depth(): number {
    return this.#groups.length;
  }

  literal(text: string): void {
    if (this.#steps.length === 0) this.#prefix += text;
    else for (const wanted of text) this.#steps.push((character) => character === wanted);
  }

  one(test: CharacterTest): void {
    this.#steps.push(test);
  }

  /** Any number of characters, none included. */
  many(test: CharacterTest): void {
    const start = this.#steps.length;
    this.#steps.push([start + 1, start + 3], test, [start]);
  }

  openGroup(): void {
    const branches = [this.#steps.length + 1];
    this.#steps.push(branches);
    this.#groups.push({ branches, ends: [] });
  }

  nextBranch(): void {
    const group = this.#groups.at(-1);
    if (group === undefined) return;
    const end: number[] = [];
    group.ends.push(end);
    this.#steps.push(end);
    group.branches.push(this.#steps.length);
  }

  closeGroup(): void {
    for (const end of this.#groups.pop()?.ends ?? []) end.push(this.#steps.length);
  }

  build(): Glob {
    while (this.depth > 0) this.closeGroup();
    const prefix = this.#prefix;
    const steps = this.#steps;
    if (steps.length === 0) return { test: (text) => text === prefix };
    return { test: (text) => text.startsWith(prefix) && runs(steps, text.slice(prefix.length)) };
  }
}

/** Whether the steps take the whole text: all places where they may stand are followed at once. */
function runs(steps: readonly Step[], text: string): boolean {
  const reached = new Int32Array(steps.length + 1).fill(-1);
  let time = 0;
  /** The steps that take a character, and the end, which lie behind `from` without taking any. */
  const enter = (places: number[], from: number): void => {
    const waiting = [from];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (reached[at] === time) continue;
      reached[at] = time;
      const step = steps[at];
      if (Array.isArray(step)) for (const next of step) waiting.push(next);
      else places.push(at);
    }
  };
  let places: number[] = [];
  enter(places, 0);
  for (const character of text) {
    time += 1;
    const next: number[] = [];
    for (const at of places) {
      const step = steps[at];
      if (typeof step === 'function' && step(character)) enter(next, at + 1);
    }
    if (next.length === 0) return false;
    places = next;
  }
  return places.includes(steps.length);
}

/** What stands between `[` and `]`: characters, ranges, `\` in front of what is meant literally, `^` for all others. */
export function characterClass(inside: string): CharacterTest {
  const negated = inside.startsWith('^');
  const characters = [...inside.slice(negated ? 1 : 0).matchAll(/\\?([\s\S])/gu)].map(([written, character = '']) => ({
    character,
    dash: written === '-',
  }));
  const ranges: [low: number, high: number][] = [];
  for (let index = 0; index < characters.length; index++) {
    const low = characters[index]?.character.codePointAt(0) ?? 0;
    const high = characters[index + 1]?.dash === true ? characters[index + 2]?.character.codePointAt(0) : undefined;
    ranges.push([low, high ?? low]);
    if (high !== undefined) index += 2;
  }
  return (character) => {
    const code = character.codePointAt(0) ?? 0;
    return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
  };
}
