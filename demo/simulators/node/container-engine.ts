/** The containers of a simulated node: what an agent's Docker engine would hold, as data. */
import { createHash, randomBytes } from 'node:crypto';
import type { JsonRecord } from '../agbot/json-record.ts';

export interface ContainerSpec {
  /** Container name in the service's deployment. */
  readonly serviceContainer: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly binds: readonly string[];
  readonly networkMode: string;
  readonly pidMode: string;
  readonly privileged: boolean;
  /** As the service defines it. */
  readonly definition: JsonRecord;
  readonly service: { readonly org: string; readonly url: string; readonly version: string; readonly arch: string };
  /** Agreement id, or the key of a required service's instance. */
  readonly instanceKey: string;
}

export interface SimulatedContainer extends ContainerSpec {
  /** 64 hexadecimal digits; the same across restarts. */
  readonly id: string;
  readonly state: 'running' | 'restarting' | 'exited';
  /** Docker's own count: of crashes since the last start by hand. */
  readonly restartCount: number;
  /** Counts every start: a process of its own each, with namespaces of its own. */
  readonly incarnation: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

export type ContainerAction = 'create' | 'start' | 'kill' | 'die' | 'stop' | 'restart' | 'destroy';

/** As Docker's event stream tells it. */
export interface ContainerEvent {
  readonly action: ContainerAction;
  /** Unix milliseconds. */
  readonly time: number;
  /** The container as it is after the event. */
  readonly container: SimulatedContainer;
  readonly exitCode?: number;
}

export type ContainerListener = (event: ContainerEvent) => void;

const KILLED = 137;
const TERMINATED = 143;

export class ContainerEngine {
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #listeners = new Set<ContainerListener>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  list(): SimulatedContainer[] {
    return [...this.#containers.values()];
  }

  /** Calls back for every event from now on. @returns how to stop that */
  subscribe(listener: ContainerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Creates and starts. */
  run(spec: ContainerSpec): SimulatedContainer {
    const id = createHash('sha256').update(randomBytes(32)).digest('hex');
    const created = { ...spec, id, state: 'exited', restartCount: 0, incarnation: 0, startedAt: 0 } as const;
    this.#containers.set(id, created);
    this.#tell('create', created);
    return this.#start(created, 0);
  }

  /** The process dies, and Docker starts it again under the same id, unless it is to stay down for a while. */
  crash(id: string, { exitCode = KILLED, stayDown = false } = {}): void {
    const container = this.#get(id);
    const dead = this.#set({ ...container, state: 'restarting' });
    this.#tell('die', dead, exitCode);
    if (!stayDown) this.recover(id);
  }

  /** Docker's restart policy gets round to a container that has crashed. */
  recover(id: string): void {
    const container = this.#get(id);
    if (container.state === 'restarting') this.#start(container, container.restartCount + 1);
  }

  /** As `POST /containers/<id>/restart`: Docker's count of restarts begins anew. */
  restart(id: string): void {
    const container = this.#get(id);
    this.#tell('kill', container);
    const dead = this.#set({ ...container, state: 'exited' });
    this.#tell('die', dead, TERMINATED);
    this.#tell('stop', dead);
    this.#tell('restart', this.#start(dead, 0));
  }

  remove(id: string): void {
    const container = this.#get(id);
    this.#tell('kill', container);
    const dead = { ...container, state: 'exited' } as const;
    if (container.state === 'running') this.#tell('die', dead, KILLED);
    this.#containers.delete(id);
    this.#tell('destroy', dead);
  }

  #start(container: SimulatedContainer, restartCount: number): SimulatedContainer {
    const started = this.#set({
      ...container,
      state: 'running',
      restartCount,
      incarnation: container.incarnation + 1,
      startedAt: this.#now(),
    });
    this.#tell('start', started);
    return started;
  }

  #get(id: string): SimulatedContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new Error(`No such container: ${id}`);
    return container;
  }

  #set(container: SimulatedContainer): SimulatedContainer {
    this.#containers.set(container.id, container);
    return container;
  }

  #tell(action: ContainerAction, container: SimulatedContainer, exitCode?: number): void {
    const event = { action, time: this.#now(), container, ...(exitCode === undefined ? {} : { exitCode }) };
    for (const listener of this.#listeners) listener(event);
  }
}
