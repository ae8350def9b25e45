/** Something that can be held closed for a while, and whoever wants to pass waits. */
export class Gate {
  #opened: PromiseWithResolvers<void> | undefined;
  #waiting = 0;
  #arrival: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#opened ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Resolves when somebody waits at the closed gate. */
  async reached(): Promise<void> {
    if (this.#waiting > 0) return;
    this.#arrival ??= Promise.withResolvers<void>();
    await this.#arrival.promise;
  }

  async pass(): Promise<void> {
    if (this.#opened === undefined) return;
    this.#waiting += 1;
    this.#arrival?.resolve();
    this.#arrival = undefined;
    await this.#opened.promise;
    this.#waiting -= 1;
  }
}
