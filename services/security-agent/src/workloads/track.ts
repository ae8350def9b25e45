import type { ContainerFacts, KnownContainer, Observation } from './observation.ts';

/** What KubeArmor enforces on, and for which run of the container. */
export type Registration = Pick<
  KnownContainer,
  'pidNamespace' | 'mountNamespace' | 'runStartedAtMs' | 'registeredAtMs'
>;

/** What is known of one container; a new value after each observation that concerns it. */
export interface TrackedContainer extends ContainerFacts {
  /** undefined: only KubeArmor spoke of it, and Docker cannot be asked. */
  readonly running: boolean | undefined;
  /** Of the present run; `startGrainMs` says how exact it is: 0 from an event, more from a listing's "Up 5 minutes". */
  readonly startedAtMs?: number;
  readonly startGrainMs: number;
  /** A `stop` was seen since the last start: KubeArmor drops its registration and makes a new one (§3.4). */
  readonly stopSeen: boolean;
  /** Of the run before the present one, as far as it was seen. */
  readonly diedAtMs?: number;
  /** The present registration in KubeArmor, if any. */
  readonly registration?: Registration;
  /**
   * Died and started again without a stop: KubeArmor keeps the registration of namespaces that are gone, so nothing
   * holds and nothing is reported, unless the kernel re-used the numbers (§0 "Crash").
   */
  readonly crashHole: boolean;
  /**
   * KubeArmor has, or had, another container under the same namespace numbers, which the kernel gives out again at once.
   * It keeps rules by these numbers, and the end of either takes them away from both (§0 "Crash").
   */
  readonly displaced: boolean;
  /** Times of deaths without a stop, newest last, at most `CRASHES_KEPT`: a restart resets Docker's own counter. */
  readonly crashes: readonly number[];
}

export interface Tracker {
  readonly docker: 'up' | 'down';
  readonly kubearmor: 'up' | 'down';
  /** Whether KubeArmor tells what it has registered; without its StateAgent nothing can be concluded from its silence. */
  readonly stateAgent: boolean;
  readonly session?: string;
  readonly containers: ReadonlyMap<string, TrackedContainer>;
}

export const NOTHING_KNOWN: Tracker = { docker: 'down', kubearmor: 'down', stateAgent: false, containers: new Map() };

const CRASHES_KEPT = 20;

/** The tracker after one more observation. Pure; unknown containers are taken in, never guessed about. */
export function observe(tracker: Tracker, observation: Observation): Tracker {
  return withDisplaced(tracker, take(tracker, observation));
}

function take(tracker: Tracker, observation: Observation): Tracker {
  switch (observation.kind) {
    case 'docker-event':
      return onDockerEvent({ ...tracker, docker: 'up' }, observation);
    case 'docker-listing':
      return onListing(tracker, observation);
    case 'docker-lost':
      return { ...tracker, docker: 'down' };
    case 'state-added':
      return update(tracker, observation.container, (known) =>
        registered(tracker.docker === 'up' ? known : begun(known, observation.container), observation.container),
      );
    case 'state-waiting':
      return onWaiting(tracker, observation.container, observation.atMs);
    case 'state-removed':
      return onStateRemoved(tracker, observation.container);
    case 'state-snapshot':
      return onSnapshot(tracker, observation);
    case 'kubearmor-lost':
      return { ...tracker, kubearmor: 'down' };
  }
}

function onDockerEvent(
  tracker: Tracker,
  { action, container, atMs }: Extract<Observation, { kind: 'docker-event' }>,
): Tracker {
  switch (action) {
    case 'create':
      return update(tracker, container, (known) => ({ ...known, running: false }));
    case 'start':
      return update(tracker, container, (known) => started(known, atMs));
    case 'die':
      return update(tracker, container, (known) => ({
        ...known,
        running: false,
        diedAtMs: atMs,
        crashes: [...known.crashes, atMs].slice(-CRASHES_KEPT),
      }));
    case 'stop':
      // Docker reports kill, die, stop for an ordered stop: the death was none of its own.
      return update(tracker, container, (known) => ({
        ...known,
        running: false,
        stopSeen: true,
        crashes: known.crashes.slice(0, -1),
      }));
    case 'rename':
      return update(tracker, container, (known) => known);
    case 'kill':
      return tracker;
    case 'destroy':
      return without(tracker, container.id);
  }
}

/** A start under a registration that no stop has ended is one KubeArmor ignores (dockerHandler.go:655, §3.4). */
function started(known: TrackedContainer, atMs: number, startGrainMs = 0): TrackedContainer {
  const { registration, ...rest } = known;
  const run = { ...rest, running: true, startedAtMs: atMs, startGrainMs, stopSeen: false };
  if (registration === undefined) return { ...run, crashHole: false };
  if (!isOfEarlierRun(registration, known, atMs) && covers(registration, run)) {
    return { ...run, registration, crashHole: false };
  }
  return known.stopSeen ? { ...run, crashHole: false } : { ...run, registration, crashHole: true };
}

/** Docker notes a run's StartedAt before it tells of it: a registration that is not after the last start is not of the next. */
function isOfEarlierRun(
  { runStartedAtMs }: Registration,
  { startedAtMs, startGrainMs }: Pick<TrackedContainer, 'startedAtMs' | 'startGrainMs'>,
  nextStartMs: number,
): boolean {
  if (startedAtMs === undefined || nextStartMs <= startedAtMs + startGrainMs) return false;
  return runStartedAtMs <= startedAtMs + startGrainMs;
}

/** Without Docker, KubeArmor's registration of a start is the news of the start itself; Docker may tell of it later. */
function begun(known: TrackedContainer, { runStartedAtMs, registeredAtMs }: KnownContainer): TrackedContainer {
  const startedAtMs = runStartedAtMs || registeredAtMs;
  return { ...known, running: true, startedAtMs, startGrainMs: START_EVENT_LAG_MS, stopSeen: false };
}

function registered(known: TrackedContainer, container: KnownContainer): TrackedContainer {
  const { pidNamespace, mountNamespace, runStartedAtMs, registeredAtMs } = container;
  const registration = { pidNamespace, mountNamespace, runStartedAtMs, registeredAtMs };
  return { ...known, registration, crashHole: !covers(registration, known) };
}

/**
 * Whether a registration is of the present run: that began after the last death, shortly before Docker's `start`. One
 * that claims to be of a later run is of an earlier one, from before the clock was set back.
 */
function covers(
  { runStartedAtMs }: Registration,
  { startedAtMs, startGrainMs, diedAtMs }: Pick<TrackedContainer, 'startedAtMs' | 'startGrainMs' | 'diedAtMs'>,
): boolean {
  if (startedAtMs === undefined) return true;
  const ended = diedAtMs !== undefined && diedAtMs > startedAtMs;
  if (!ended && runStartedAtMs > startedAtMs + startGrainMs + START_EVENT_LAG_MS) return false;
  if (diedAtMs !== undefined && diedAtMs <= startedAtMs) return runStartedAtMs > diedAtMs;
  return runStartedAtMs >= startedAtMs - startGrainMs - START_EVENT_LAG_MS;
}

/** Docker notes StartedAt, then writes the event: 31 ms later on a slow machine (captures: e2e/docker-events.txt). */
const START_EVENT_LAG_MS = 5000;

/** Docker tells the same, and may have told more by now: that the container is gone. */
function onWaiting(tracker: Tracker, container: KnownContainer, atMs: number): Tracker {
  if (tracker.docker === 'up') return tracker;
  return update(tracker, container, (known) => waiting(known, atMs));
}

/** `die` seen by KubeArmor. Without Docker nobody tells whether it runs again; under restart `always` it does. */
function waiting(known: TrackedContainer, atMs: number): TrackedContainer {
  return { ...known, running: undefined, crashHole: true, crashes: [...known.crashes, atMs].slice(-CRASHES_KEPT) };
}

function onStateRemoved(tracker: Tracker, container: KnownContainer): Tracker {
  const known = tracker.containers.get(container.id);
  if (known === undefined) return tracker;
  // Nobody but KubeArmor spoke of it.
  if (tracker.docker === 'down' || known.running === undefined) return without(tracker, container.id);
  return update(tracker, container, ({ registration: _ended, ...known }) => ({ ...known, stopSeen: true }));
}

function onListing(tracker: Tracker, { containers }: Extract<Observation, { kind: 'docker-listing' }>): Tracker {
  const listed = new Map<string, TrackedContainer>();
  for (const { id, name, image, labels, ...run } of containers) {
    const known = tracker.containers.get(id) ?? newcomer({ id, name, image, labels });
    listed.set(id, reconcileRun({ ...known, name, image, labels }, run));
  }
  return { ...tracker, docker: 'up', containers: listed };
}

/** What a listing proves about a run that events did not show (they were missed, or the agent is new). */
function reconcileRun(
  known: TrackedContainer,
  { running, startedAtMs, startGrainMs }: { running: boolean; startedAtMs?: number; startGrainMs: number },
): TrackedContainer {
  if (!running) return { ...known, running: false };
  if (startedAtMs === undefined) return { ...known, running: true };
  const missedStart =
    known.startedAtMs === undefined || startedAtMs > known.startedAtMs + startGrainMs + known.startGrainMs;
  return missedStart ? started(known, startedAtMs, startGrainMs) : { ...known, running: true };
}

function onSnapshot(
  tracker: Tracker,
  { session, containers, stateAgent = true }: Extract<Observation, { kind: 'state-snapshot' }>,
): Tracker {
  const known = new Map(containers.map((container) => [container.id, container]));
  const next = new Map<string, TrackedContainer>();
  for (const tracked of tracker.containers.values()) {
    const { registration: _old, ...rest } = tracked;
    const inKubeArmor = known.get(tracked.id);
    if (inKubeArmor === undefined) {
      if (tracker.docker === 'up') next.set(tracked.id, rest);
      continue;
    }
    // A KubeArmor that was restarted has read the namespaces anew: its newer registrations close the holes (§3.3).
    next.set(tracked.id, registered(rest, inKubeArmor));
  }
  for (const container of containers) {
    if (!next.has(container.id)) next.set(container.id, registered(newcomer(container), container));
  }
  return { ...tracker, kubearmor: 'up', stateAgent, session, containers: next };
}

/** Who shares its numbers is displaced, and stays so until KubeArmor registers it anew. */
function withDisplaced(before: Tracker, after: Tracker): Tracker {
  if (before.containers === after.containers) return after;
  const holders = new Map<string, number>();
  for (const { registration } of after.containers.values()) {
    const key = numbersOf(registration);
    if (key !== undefined) holders.set(key, (holders.get(key) ?? 0) + 1);
  }
  let containers = after.containers;
  for (const container of after.containers.values()) {
    const key = numbersOf(container.registration);
    const stays =
      container.displaced && isSame(before.containers.get(container.id)?.registration, container.registration);
    const displaced = key !== undefined && (stays || (holders.get(key) ?? 0) > 1);
    if (displaced !== container.displaced) {
      containers = new Map(containers).set(container.id, { ...container, displaced });
    }
  }
  return { ...after, containers };
}

/** undefined where KubeArmor has none, or could not read them. */
function numbersOf(registration: Registration | undefined): string | undefined {
  if (registration === undefined || registration.pidNamespace === 0) return undefined;
  return `${registration.pidNamespace}/${registration.mountNamespace}`;
}

function isSame(before: Registration | undefined, now: Registration | undefined): boolean {
  return numbersOf(before) === numbersOf(now) && before?.runStartedAtMs === now?.runStartedAtMs;
}

function update(
  tracker: Tracker,
  facts: ContainerFacts,
  change: (known: TrackedContainer) => TrackedContainer,
): Tracker {
  const { id, name, image, labels } = facts;
  const before = tracker.containers.get(id);
  const named = {
    ...(before ?? newcomer(facts)),
    name,
    image: image || (before?.image ?? ''),
    labels: { ...before?.labels, ...labels },
  };
  return { ...tracker, containers: new Map(tracker.containers).set(id, change({ ...named, id })) };
}

function without(tracker: Tracker, id: string): Tracker {
  const containers = new Map(tracker.containers);
  containers.delete(id);
  return { ...tracker, containers };
}

function newcomer({ id, name, image, labels }: ContainerFacts): TrackedContainer {
  return {
    id,
    name,
    image,
    labels,
    running: undefined,
    startGrainMs: 0,
    stopSeen: false,
    crashHole: false,
    displaced: false,
    crashes: [],
  };
}
