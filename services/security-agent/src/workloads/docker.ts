import type Docker from 'dockerode';
import type { ContainerFacts, DockerAction, ListedContainer, Observation } from './observation.ts';

const ACTIONS: ReadonlySet<string> = new Set<DockerAction>([
  'create',
  'start',
  'die',
  'stop',
  'kill',
  'destroy',
  'rename',
]);

/** Attributes of a Docker event that are not labels of its container. */
const NOT_LABELS: ReadonlySet<string> = new Set(['name', 'image', 'exitCode', 'signal', 'execDuration', 'oldName']);

/** What Docker writes, one JSON a line, on GET /events. */
export interface DockerEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
  readonly timeNano?: number;
}

/** An observation from a Docker event, or undefined for one that says nothing about protection. */
export function fromDockerEvent(event: DockerEvent): Observation | undefined {
  const { Type, Action, Actor, timeNano } = event;
  if (Type !== 'container' || Action === undefined || !ACTIONS.has(Action) || Actor?.ID === undefined) return undefined;
  const attributes = Actor.Attributes ?? {};
  const labels = Object.fromEntries(Object.entries(attributes).filter(([key]) => !NOT_LABELS.has(key)));
  const exitCode = attributes.exitCode === undefined ? undefined : Number(attributes.exitCode);
  return {
    kind: 'docker-event',
    action: Action as DockerAction,
    container: { id: Actor.ID, name: attributes.name ?? '', image: attributes.image ?? '', labels },
    ...(exitCode === undefined ? {} : { exitCode }),
    atMs: (timeNano ?? 0) / 1e6,
  };
}

/** The observation that a full listing (`docker ps -a`) makes. */
export function fromDockerListing(containers: readonly Docker.ContainerInfo[], nowMs: number): Observation {
  return { kind: 'docker-listing', atMs: nowMs, containers: containers.map((container) => listed(container, nowMs)) };
}

function listed({ Id, Names, Image, Labels, State, Status }: Docker.ContainerInfo, nowMs: number): ListedContainer {
  const facts: ContainerFacts = { id: Id, name: (Names[0] ?? '').replace(/^\//, ''), image: Image, labels: Labels };
  const up = uptime(Status);
  return {
    ...facts,
    running: State === 'running' || State === 'paused',
    startGrainMs: up?.grainMs ?? 0,
    ...(up === undefined ? {} : { startedAtMs: nowMs - up.ageMs }),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
};

/** Docker's `Up 5 minutes`, `Up About an hour`, `Up Less than a second` (go-units HumanDuration), with its error. */
function uptime(status: string): { ageMs: number; grainMs: number } | undefined {
  const match = /^Up (?:About |Less than )?(an?|\d+) (second|minute|hour|day|week|month|year)/.exec(status);
  if (match === null) return undefined;
  const unit = UNIT_MS[match[2] ?? ''] ?? 0;
  const count = /^an?$/.test(match[1] ?? '') ? 1 : Number(match[1]);
  return { ageMs: count * unit, grainMs: 2 * unit };
}
