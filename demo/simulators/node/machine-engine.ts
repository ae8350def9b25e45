import type { Container, DockerEvent, Machine } from '../kubearmor/machine.ts';
import type {
  ContainerEngine,
  ContainerEvent,
  ContainerListener,
  ContainerSpec,
  SimulatedContainer,
} from './container-engine.ts';

/** What a simulated node needs of the engine that runs its containers. */
export type Engine = Pick<ContainerEngine, 'list' | 'subscribe' | 'run' | 'crash' | 'recover' | 'restart' | 'remove'>;

/**
 * An engine whose containers live on a simulated machine, where a simulated KubeArmor watches them and an agent asks
 * for them: one truth for the node, the kernel and Docker's API.
 */
export class MachineEngine implements Engine {
  readonly #machine: Machine;
  readonly #specs = new Map<string, ContainerSpec>();
  readonly #starts = new Map<string, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  list(): SimulatedContainer[] {
    return this.#machine.containers().flatMap((container) => this.#described(container) ?? []);
  }

  subscribe(listener: ContainerListener): () => void {
    return this.#machine.listen({
      event: (event) => {
        const described = this.#event(event);
        if (described !== undefined) listener(described);
      },
    });
  }

  run(spec: ContainerSpec): SimulatedContainer {
    this.#specs.set(spec.name, spec);
    this.#machine.create({
      name: spec.name,
      image: spec.image,
      labels: spec.labels,
      pidHost: spec.pidMode === 'host',
      privileged: spec.privileged,
    });
    return this.#known(this.#machine.start(spec.name));
  }

  crash(id: string, { stayDown = false }: { exitCode?: number; stayDown?: boolean } = {}): void {
    const { name } = this.#machine.container(id);
    if (stayDown) this.#machine.die(name);
    else this.#machine.crash(name);
  }

  recover(id: string): void {
    this.#machine.start(this.#machine.container(id).name);
  }

  restart(id: string): void {
    this.#machine.restart(this.#machine.container(id).name);
  }

  remove(id: string): void {
    const { name } = this.#machine.container(id);
    this.#machine.remove(name);
    this.#specs.delete(name);
    this.#starts.delete(name);
  }

  #event({ action, container, atMs }: DockerEvent): ContainerEvent | undefined {
    if (action === 'start') this.#starts.set(container.name, (this.#starts.get(container.name) ?? 0) + 1);
    const described = this.#described(container);
    if (described === undefined) return undefined;
    return { action, time: atMs, container: described, ...(action === 'die' ? { exitCode: 137 } : {}) };
  }

  #known(container: Container): SimulatedContainer {
    const described = this.#described(container);
    if (described === undefined) throw new RangeError(`${container.name} is not this node's`);
    return described;
  }

  /** undefined for containers that the node did not start. */
  #described({ id, name, running, restarts, startedAtMs }: Container): SimulatedContainer | undefined {
    const spec = this.#specs.get(name);
    if (spec === undefined) return undefined;
    const state = running ? 'running' : 'restarting';
    return {
      ...spec,
      id,
      state,
      restartCount: restarts,
      incarnation: this.#starts.get(name) ?? 0,
      startedAt: startedAtMs,
    };
  }
}
