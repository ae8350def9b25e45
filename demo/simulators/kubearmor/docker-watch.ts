import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from './daemon.ts';
import type { DockerEvent, Machine } from './machine.ts';
import type { Settings } from './settings.ts';

/** Docker events that wait; more are dropped (reference/kubearmor.md §1.9). */
const LONGEST = 256;

/** KubeArmor's ear at Docker: one event after another, deaf while the Docker daemon is away and a while longer. */
export class DockerWatch {
  readonly #machine: Machine;
  readonly #daemon: Daemon;
  readonly #settings: Settings;
  readonly #ending = new AbortController();
  readonly #queue: DockerEvent[] = [];
  #work: Promise<void> = Promise.resolve();
  #hears = false;
  #unlisten: (() => void) | undefined;

  constructor(machine: Machine, daemon: Daemon, settings: Settings) {
    this.#machine = machine;
    this.#daemon = daemon;
    this.#settings = settings;
  }

  /** A Docker that does not answer now is never asked again (§1.9). */
  start(): void {
    if (!this.#machine.dockerUp || !this.#settings.containerRuntime) return;
    this.#hears = true;
    this.#unlisten = this.#machine.listen({
      event: (event) => this.#take(event),
      down: () => {
        this.#hears = false;
      },
      // It reconnects, and does not look what happened meanwhile.
      up: () =>
        void this.#after(this.#settings.dockerReconnectMs, () => {
          this.#hears = this.#machine.dockerUp;
        }),
    });
  }

  stop(): void {
    this.#ending.abort();
    this.#unlisten?.();
  }

  settled(): Promise<void> {
    return this.#work;
  }

  #take(event: DockerEvent): void {
    if (!this.#hears || this.#queue.length >= LONGEST) return;
    this.#queue.push(event);
    this.#work = this.#work.then(async () => {
      // Inspecting a container that starts takes its time; what follows waits.
      if (event.action === 'start' && this.#settings.startWindowMs > 0) {
        await this.#after(this.#settings.startWindowMs, () => undefined);
      }
      this.#queue.shift();
      if (!this.#ending.signal.aborted) this.#daemon.docker(event);
    });
  }

  async #after(ms: number, then: () => void): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).then(then, () => undefined);
  }
}
