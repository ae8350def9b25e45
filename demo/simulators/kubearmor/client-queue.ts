/** The writing side of one client's stream, as gRPC gives it. */
export interface ClientStream {
  /** Whether it takes more at once. */
  write(message: object): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** What KubeArmor keeps for a client; what comes on top is dropped without a word (reference/kubearmor.md §2.1). */
export const EVENTS_KEPT = 1000;
export const STATE_EVENTS_KEPT = 25;

/** One client of a stream: what it is sent, and what it never gets to see. */
export class ClientQueue {
  readonly #stream: ClientStream;
  readonly #longest: number;
  readonly #waiting: object[] = [];
  #blocked = false;
  #dropped = 0;

  constructor(stream: ClientStream, longest: number) {
    this.#stream = stream;
    this.#longest = longest;
  }

  /** Only a test can ask: nothing in the streams tells. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What waits for the client to read. */
  get length(): number {
    return this.#waiting.length;
  }

  push(message: object): void {
    if (!this.#blocked) this.#write(message);
    else if (this.#waiting.length < this.#longest) this.#waiting.push(message);
    else this.#dropped++;
  }

  #write(message: object): void {
    if (this.#stream.write(message)) return;
    this.#blocked = true;
    this.#stream.once('drain', () => {
      this.#blocked = false;
      while (!this.#blocked && this.#waiting.length > 0) {
        const next = this.#waiting.shift();
        if (next !== undefined) this.#write(next);
      }
    });
  }
}
