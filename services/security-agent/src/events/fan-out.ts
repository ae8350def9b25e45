/** Accounting of one consumer: what it was given, and what it lost because it was slow. */
export interface ConsumerCount {
  readonly name: string;
  readonly delivered: number;
  readonly dropped: number;
  readonly queued: number;
}

/** One consumer's end. Iterating it yields what was published since it subscribed, oldest first. */
export interface Subscription<T> extends AsyncIterable<T> {
  readonly count: () => ConsumerCount;
  close(): void;
}

export interface FanOut<T> {
  /** Never waits: a consumer whose queue is full loses its oldest item, and the loss is counted (design §7.7). */
  publish(item: T): void;
  subscribe(name: string, capacity?: number): Subscription<T>;
  counts(): readonly ConsumerCount[];
  /** What was lost altogether, also by consumers that are gone. */
  dropped(): number;
  close(): void;
}

const DEFAULT_CAPACITY = 1000;

/** Hands every item to every consumer through a bounded queue each, so that no consumer can hold up another. */
export function createFanOut<T>(): FanOut<T> {
  const consumers = new Set<Consumer<T>>();
  let droppedByGone = 0;
  return {
    publish(item) {
      for (const consumer of consumers) consumer.push(item);
    },
    subscribe(name, capacity = DEFAULT_CAPACITY) {
      const consumer = new Consumer<T>(name, capacity, () => {
        if (consumers.delete(consumer)) droppedByGone += consumer.count().dropped;
      });
      consumers.add(consumer);
      return consumer;
    },
    counts: () => [...consumers].map((consumer) => consumer.count()),
    dropped: () => [...consumers].reduce((total, consumer) => total + consumer.count().dropped, droppedByGone),
    close() {
      for (const consumer of [...consumers]) consumer.close();
    },
  };
}

class Consumer<T> implements Subscription<T> {
  readonly #name: string;
  readonly #ring: (T | undefined)[];
  readonly #onClose: () => void;
  #first = 0;
  #length = 0;
  #delivered = 0;
  #dropped = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(name: string, capacity: number, onClose: () => void) {
    this.#name = name;
    this.#ring = new Array<T | undefined>(capacity);
    this.#onClose = onClose;
  }

  push(item: T): void {
    if (this.#closed) return;
    if (this.#length === this.#ring.length) {
      this.#first = (this.#first + 1) % this.#ring.length;
      this.#length -= 1;
      this.#dropped += 1;
    }
    this.#ring[(this.#first + this.#length) % this.#ring.length] = item;
    this.#length += 1;
    this.#wake?.();
  }

  count(): ConsumerCount {
    return { name: this.#name, delivered: this.#delivered, dropped: this.#dropped, queued: this.#length };
  }

  close(): void {
    this.#closed = true;
    this.#onClose();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      while (true) {
        while (this.#length > 0) {
          const item = this.#ring[this.#first];
          this.#ring[this.#first] = undefined;
          this.#first = (this.#first + 1) % this.#ring.length;
          this.#length -= 1;
          this.#delivered += 1;
          if (item !== undefined) yield item;
        }
        if (this.#closed) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      this.close();
    }
  }
}
