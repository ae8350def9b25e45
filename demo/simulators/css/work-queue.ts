/**
 * Work that the cloud side does after it has answered, in the order in which it came (edge-sync-service
 * core/base/objectWorkQueue.go): telling nodes of versions, placements and deletions. Until it is done, an updated object
 * has no record for its nodes, and they still count as having it: `delivered`, of the version before.
 */
export class WorkQueue {
  readonly #delayMs: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #idle = Promise.withResolvers<void>();

  /** @param delayMs from the answer to the work; timers of one length fire in the order in which they were set */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  add(work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
      if (this.#timers.size === 0) this.#idle.resolve();
    }, this.#delayMs);
    if (this.#timers.size === 0) this.#idle = Promise.withResolvers();
    this.#timers.add(timer);
  }

  /** When everything is done that was to do. */
  async settled(): Promise<void> {
    while (this.#timers.size > 0) await this.#idle.promise;
  }

  /** What is not done by now is not done. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#idle.resolve();
  }
}
