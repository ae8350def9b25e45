import type { Machine } from './machine.ts';
import type { FileHook, Process, RootFs } from './process.ts';

export interface Opening {
  /** Where there is none; it may be there. */
  readonly creates: boolean;
  readonly writes: boolean;
  readonly truncates: boolean;
}

/** How a process' work with files goes through the LSM hooks, on a root of overlayfs. */
export class FileHooks {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #root: RootFs;

  constructor(machine: Machine, process: Process, root: RootFs) {
    this.#machine = machine;
    this.#process = process;
    this.#root = root;
  }

  deniesOpening(path: string, { creates, writes, truncates }: Opening): boolean {
    const isNew = creates && !this.#isPresent(path);
    // Before the kernel knows whether a file of that name is there; where one is, the answer counts for nothing.
    const refused = creates && !this.#root.lookedUp.has(path) && this.denies('FILE_MKNOD', path);
    if (isNew && refused) return true;
    this.#root.lookedUp.add(path);
    if (isNew) this.#root.changed.add(path);
    if (writes && !isNew && this.copyUp(path)) return true;
    return this.denies('FILE_OPEN', path) || (truncates && !isNew && this.denies('FILE_TRUNCATE', path));
  }

  /** A hook on a path; opening and writing a file of the image goes through it twice, the second time as root. */
  denies(hook: FileHook, path: string): boolean {
    const file = this.seen(path);
    if (this.#machine.denies(this.#process, { hook, file, uid: this.#process.uid })) return true;
    const twice = (hook === 'FILE_OPEN' || hook === 'FILE_PERMISSION') && this.#isOfImage(path);
    return twice && this.#machine.denies(this.#process, { hook, file, uid: 0 });
  }

  /**
   * The first change of an image's file copies it, under a name of overlayfs' own, in the name of this process.
   *
   * @returns whether that is denied
   */
  copyUp(original: string): boolean {
    if (!this.#isOfImage(original) || this.#root.changed.has(original)) return false;
    this.#root.changed.add(original);
    const path = `${this.#root.workDirectory}/#${this.#root.changed.size}`;
    const file = { path, owner: 0, parentOwner: 0 };
    return (['FILE_OPEN', 'FILE_PERMISSION', 'FILE_PERMISSION'] as const).some((hook) =>
      this.#machine.denies(this.#process, { hook, file, uid: 0 }),
    );
  }

  seen(path: string) {
    const owners = this.#root.facts.owners ?? {};
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    return { path, owner: owners[path] ?? 0, parentOwner: owners[parent] ?? 0 };
  }

  /** What was opened before was there, or is since. */
  #isPresent(path: string): boolean {
    const { changed, lookedUp, facts } = this.#root;
    return changed.has(path) || lookedUp.has(path) || facts.present?.includes(path) === true;
  }

  #isOfImage(path: string): boolean {
    const elsewhere = ['/proc/', '/sys/', '/dev/', ...(this.#root.facts.volumes ?? [])];
    return this.#process.mountNamespace !== 0 && !elsewhere.some((directory) => path.startsWith(directory));
  }
}
