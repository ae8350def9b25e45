import { randomBytes } from 'node:crypto';
import { NamespaceNumbers, type NamespaceSet } from './namespaces.ts';
import type { FileFacts, LsmCall, Process, RootFs, Sensor } from './process.ts';
import { ProcessTable } from './process-table.ts';

export interface ContainerSpec {
  /** Made up when absent. */
  readonly id?: string;
  readonly name: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Path and arguments of its first process; the path is real, not a link. */
  readonly command?: readonly [string, ...string[]];
  /** Shares the host's process ids: KubeArmor takes it for the host (reference/kubearmor.md §3.4). */
  readonly pidHost?: boolean;
  readonly privileged?: boolean;
  readonly apparmorProfile?: string;
  readonly files?: FileFacts;
}

/** A container as Docker's inspect shows it, and its processes' kernel side. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: readonly [string, ...string[]];
  readonly pidHost: boolean;
  readonly privileged: boolean;
  readonly apparmorProfile: string;
  readonly files: FileFacts;
  readonly running: boolean;
  readonly restarts: number;
  readonly startedAtMs: number;
  readonly namespaces?: NamespaceSet;
  readonly init?: Process;
}

export type DockerAction = 'create' | 'start' | 'kill' | 'die' | 'stop' | 'restart' | 'destroy';

export interface DockerEvent {
  readonly action: DockerAction;
  readonly container: Container;
  readonly atMs: number;
}

/** What hears Docker: events as they happen, and that the daemon went and came back. */
export interface DockerListener {
  event(event: DockerEvent): void;
  down?(): void;
  up?(): void;
}

/**
 * A machine with Docker: containers, their namespaces, and who watches them. It outlives every KubeArmor on it; tests
 * and demos drive it, a simulated docker-proxy may as well.
 */
export class Machine {
  readonly hostname: string;
  /** Its wall clock, milliseconds since the epoch: Docker's and KubeArmor's as well. */
  readonly now: () => number;
  readonly processes: ProcessTable;
  /** Set while a KubeArmor runs. */
  sensor: Sensor | undefined;
  /** AppArmor profiles in the kernel: they stay when the KubeArmor that loaded them is killed (§7). */
  readonly profiles = new Map<string, (process: Process, call: LsmCall) => boolean>();
  readonly #roots = new Map<string, RootFs>();
  readonly #numbers = new NamespaceNumbers();
  readonly #containers = new Map<string, Container>();
  readonly #listeners = new Set<DockerListener>();
  #dockerUp = true;

  constructor({ hostname = 'edge-1', now = wallMs }: { hostname?: string; now?: () => number } = {}) {
    this.hostname = hostname;
    this.now = now;
    this.processes = new ProcessTable(now);
  }

  get dockerUp(): boolean {
    return this.#dockerUp;
  }

  listen(listener: DockerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  containers(): readonly Container[] {
    return [...this.#containers.values()];
  }

  /** By name or id. @throws RangeError when there is none */
  container(name: string): Container {
    const found = this.#containers.get(name) ?? this.containers().find(({ id }) => id === name);
    if (found === undefined) throw new RangeError(`no such container: ${name}`);
    return found;
  }

  /** What a process runs on; the host's root is nobody's image. */
  rootOf({ id, files }: Container): RootFs {
    const root = this.#roots.get(id) ?? {
      facts: files,
      changed: new Set(),
      lookedUp: new Set(),
      workDirectory: `/var/lib/docker/overlay2/${id}/work/work`,
    };
    this.#roots.set(id, root);
    return root;
  }

  /** Whether the kernel says no, in the name of KubeArmor's BPF programs or of an AppArmor profile. */
  denies(process: Process, call: LsmCall): boolean {
    return (
      (this.sensor?.deny(process, call) ?? false) || (this.profiles.get(process.profile)?.(process, call) ?? false)
    );
  }

  create({ name, ...spec }: ContainerSpec): Container {
    if (this.#containers.has(name)) throw new RangeError(`the name ${name} is taken`);
    const container: Container = {
      id: spec.id ?? randomBytes(32).toString('hex'),
      name,
      image: spec.image ?? 'test:1',
      labels: spec.labels ?? {},
      command: spec.command ?? ['/bin/sleep', '1000000'],
      pidHost: spec.pidHost ?? false,
      privileged: spec.privileged ?? false,
      apparmorProfile: spec.apparmorProfile ?? (spec.privileged ? 'unconfined' : 'docker-default'),
      files: spec.files ?? {},
      running: false,
      restarts: 0,
      startedAtMs: 0,
    };
    this.#containers.set(name, container);
    this.#emit('create', container);
    return container;
  }

  /** `docker run -d`. */
  run(spec: ContainerSpec): Container {
    return this.start(this.create(spec).name);
  }

  start(name: string): Container {
    const container = this.container(name);
    if (container.running) return container;
    const { apparmorProfile } = container;
    if (apparmorProfile.startsWith('kubearmor_') && !this.profiles.has(apparmorProfile)) {
      throw new RangeError(`apparmor profile ${apparmorProfile} is not loaded: docker starts no container with it`);
    }
    const namespaces = this.#numbers.take();
    const init = this.processes.init(container, namespaces);
    const started = { ...container, running: true, startedAtMs: this.now(), namespaces, init };
    this.#containers.set(name, started);
    this.#emit('start', started);
    return started;
  }

  /** An orderly stop: kill, die, stop. */
  stop(name: string): Container {
    this.#emit('kill', this.container(name));
    this.#end(name);
    return this.stopped(name);
  }

  /** Docker says of a container that died that it was stopped. */
  stopped(name: string): Container {
    const container = this.container(name);
    this.#emit('stop', container);
    return container;
  }

  /** `docker restart`: with a stop in it, so KubeArmor registers it anew; counts as no restart of Docker's own. */
  restart(name: string): Container {
    this.stop(name);
    this.#update(name, { restarts: 0 });
    const started = this.start(name);
    this.#emit('restart', started);
    return started;
  }

  /**
   * Its first process dies and Docker's restart policy starts it again under the same id: die, start, no stop. Whatever
   * happens in `meanwhile` may take its namespace numbers.
   */
  crash(name: string, meanwhile?: () => void): Container {
    this.die(name);
    meanwhile?.();
    this.#update(name, { restarts: this.container(name).restarts + 1 });
    return this.start(name);
  }

  /** Its first process ends by itself, and nobody starts it again. */
  die(name: string): Container {
    return this.#end(name);
  }

  /** `docker rm -f`. */
  remove(name: string): void {
    if (this.container(name).running) {
      this.#emit('kill', this.container(name));
      this.#end(name);
    }
    const gone = this.container(name);
    this.#containers.delete(name);
    this.#roots.delete(gone.id);
    this.#emit('destroy', gone);
  }

  /** A process of the host in namespaces of its own, as `unshare` makes it; it keeps their numbers until released. */
  unshare(command: readonly [string, ...string[]]): { readonly process: Process; release(): void } {
    const namespaces = this.#numbers.take();
    return {
      process: this.processes.onHost(command, namespaces),
      release: () => this.#numbers.free(namespaces),
    };
  }

  /** dockerd ends; without live-restore its containers do too. */
  stopDocker({ liveRestore = false }: { liveRestore?: boolean } = {}): void {
    if (!liveRestore) for (const { name, running } of this.containers()) if (running) this.stop(name);
    this.#dockerUp = false;
    for (const listener of this.#listeners) listener.down?.();
  }

  /** dockerd comes back, and starts what has restart policy always. */
  startDocker(): void {
    this.#dockerUp = true;
    for (const { name } of this.containers()) this.start(name);
    for (const listener of this.#listeners) listener.up?.();
  }

  #end(name: string): Container {
    const container = this.container(name);
    if (container.namespaces !== undefined) this.#numbers.free(container.namespaces);
    const { namespaces: _gone, init: _dead, ...rest } = container;
    const ended = { ...rest, running: false };
    this.#containers.set(name, ended);
    this.#emit('die', ended);
    return ended;
  }

  #update(name: string, changed: Partial<Container>): void {
    this.#containers.set(name, { ...this.container(name), ...changed });
  }

  #emit(action: DockerAction, container: Container): void {
    if (!this.#dockerUp) return;
    const event = { action, container, atMs: this.now() };
    for (const listener of this.#listeners) listener.event(event);
  }
}

function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
