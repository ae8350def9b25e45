import { ArmorError, ArmorErrors } from '#errors';

/** Collects what is wrong, so that one pass over a bundle names all of it. */
export class Problems {
  readonly #found: ArmorError[] = [];

  get none(): boolean {
    return this.#found.length === 0;
  }

  add(...errors: readonly ArmorError[]): void {
    this.#found.push(...errors);
  }

  /** The work's result; undefined when it failed with errors a user can act on, which are kept. */
  async gather<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ArmorErrors) this.add(...error.errors);
      else if (error instanceof ArmorError) this.add(error);
      else throw error;
      return undefined;
    }
  }

  /** @throws ArmorErrors with everything collected, in the order of files and lines */
  throwIfAny(): void {
    const distinct = new Map(this.#found.map((error) => [error.toString(), error]));
    const [first, ...rest] = [...distinct.values()].sort(byPlace);
    if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  }
}

function byPlace(a: ArmorError, b: ArmorError): number {
  const [left, right] = [a.where, b.where];
  if (!('file' in left) || !('file' in right)) return 0;
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}
