/** Where a Debian 12 kernel hands out its first numbers after its own services took theirs. */
const FIRST = 4_026_532_217;

/** Numbers of the namespaces that a new container, or `unshare`, gets. */
export interface NamespaceSet {
  readonly pid: number;
  readonly mount: number;
  /** Mount, uts, ipc, pid and network, in the order in which the kernel makes them. */
  readonly all: readonly number[];
}

/**
 * The kernel's namespace numbers. It always gives the lowest free one: that is why a container that crashes on a quiet
 * host comes back with its old numbers, and why somebody else gets them on a busy one (reference/kubearmor.md §0).
 */
export class NamespaceNumbers {
  readonly #taken = new Set<number>();

  take(): NamespaceSet {
    const all = [this.#lowest(), this.#lowest(), this.#lowest(), this.#lowest(), this.#lowest()];
    const [mount = 0, , , pid = 0] = all;
    return { pid, mount, all };
  }

  free({ all }: NamespaceSet): void {
    for (const number of all) this.#taken.delete(number);
  }

  #lowest(): number {
    let number = FIRST;
    while (this.#taken.has(number)) number++;
    this.#taken.add(number);
    return number;
  }
}
