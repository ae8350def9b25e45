import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import type { Machine } from './machine.ts';

/** What Docker writes on GET /events, one JSON a line. */
interface EngineEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** Attributes of an event that are not labels of its container. */
const NOT_LABELS = new Set(['name', 'image', 'exitCode', 'signal', 'execDuration', 'oldName']);

/**
 * Lets a simulated machine follow a real Docker engine: its containers come, crash and go there as they do here, so that
 * a simulated KubeArmor and an agent can be watched with containers that one starts by hand. What programs do in them
 * stays unseen; that takes a real KubeArmor.
 *
 * @returns when it follows: what runs already is there by then. It ends with `signal`, or with the engine
 */
export async function followDocker(docker: Docker, machine: Machine, signal: AbortSignal): Promise<void> {
  // Events first, so that nothing falls between the listing and them.
  const stream = await docker.getEvents({ filters: { type: ['container'] }, abortSignal: signal });
  for (const { Id, Names, Image, Labels } of await docker.listContainers({ abortSignal: signal })) {
    const name = (Names[0] ?? Id).replace(/^\//, '');
    if (!has(machine, name)) machine.run({ id: Id, name, image: Image, labels: Labels });
  }
  const lines = createInterface({ input: stream });
  lines.on('line', (line) => apply(machine, JSON.parse(line)));
  // The engine went away, or `signal` said so: there is nothing to follow any more.
  stream.on('error', () => undefined);
  lines.on('error', () => undefined);
}

function apply(machine: Machine, { Action, Actor }: EngineEvent): void {
  const { name = '', image = '', ...attributes } = Actor?.Attributes ?? {};
  if (Action === 'create' || (Action === 'start' && !has(machine, name))) {
    const labels = Object.fromEntries(Object.entries(attributes).filter(([key]) => !NOT_LABELS.has(key)));
    machine.create({ name, image, labels, ...(Actor?.ID === undefined ? {} : { id: Actor.ID }) });
  }
  if (!has(machine, name)) return;
  if (Action === 'start') machine.start(name);
  if (Action === 'die') machine.die(name);
  if (Action === 'stop') machine.stopped(name);
  if (Action === 'destroy') machine.remove(name);
}

function has(machine: Machine, name: string): boolean {
  return machine.containers().some((container) => container.name === name);
}
