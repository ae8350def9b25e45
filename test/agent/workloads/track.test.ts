import test from 'ava';
import fc from 'fast-check';
import type { KnownContainer, Observation } from '#agent/workloads/observation.ts';
import { NOTHING_KNOWN, observe, type TrackedContainer } from '#agent/workloads/track.ts';

const ID = 'a'.repeat(64);
const facts = { id: ID, name: 'agreement-work', image: 'work:1', labels: { 'openhorizon.anax.service_name': 'work' } };

type Life = (at: number) => Observation;
const docker =
  (action: Extract<Observation, { kind: 'docker-event' }>['action']): Life =>
  (atMs) => ({ kind: 'docker-event', action, container: facts, atMs });
const known = (runStartedAtMs: number, registeredAtMs = runStartedAtMs): KnownContainer => ({
  ...facts,
  pidNamespace: 4026532220,
  mountNamespace: 4026532217,
  runStartedAtMs,
  registeredAtMs,
});
const state =
  (kind: 'state-added' | 'state-waiting' | 'state-removed', registeredAtMs?: number): Life =>
  (atMs) => ({ kind, container: known(registeredAtMs ?? atMs), atMs });
const snapshot =
  (session: string, ...registered: number[]): Life =>
  (atMs) => ({ kind: 'state-snapshot', session, containers: registered.map(known), atMs });
const listing =
  (startedAtMs: number, startGrainMs = 0): Life =>
  (atMs) => ({ kind: 'docker-listing', containers: [{ ...facts, running: true, startedAtMs, startGrainMs }], atMs });

/** As it would be told by a clock that is a year ahead. */
const yearLater =
  (life: Life): Life =>
  (at) =>
    life(at + 365 * 86_400_000);

/** Observations 1000 ms apart, the first at 1000. */
function after(...life: Life[]): TrackedContainer | undefined {
  return life
    .reduce((tracker, step, index) => observe(tracker, step((index + 1) * 1000)), NOTHING_KNOWN)
    .containers.get(ID);
}

const holds = test.macro({
  exec(
    t,
    life: readonly Life[],
    expected: { running?: boolean; crashHole: boolean; registered: boolean; crashes?: number },
  ) {
    const container = after(...life);
    t.is(container?.running, expected.running);
    t.is(container?.crashHole, expected.crashHole);
    t.is(container?.registration !== undefined, expected.registered);
    if (expected.crashes !== undefined) t.is(container?.crashes.length, expected.crashes);
  },
  title: (behaviour) => `a container ${behaviour}`,
});

const protectedStart = [docker('start'), state('state-added')];
test('is registered once KubeArmor adds it', holds, protectedStart, {
  running: true,
  crashHole: false,
  registered: true,
});
test('is registered even when KubeArmor is heard first', holds, [state('state-added', 2500), docker('start')], {
  running: true,
  crashHole: false,
  registered: true,
});
test(
  'whose start KubeArmor told of before Docker could be heard has started once',
  holds,
  [state('state-added', 970), docker('start')],
  { running: true, crashHole: false, registered: true },
);
test(
  'whose start is listed after KubeArmor told of it has started once',
  holds,
  [state('state-added', 970), listing(1500, 1000)],
  { running: true, crashHole: false, registered: true },
);
test(
  'that crashes after KubeArmor alone told of its start falls into the hole',
  holds,
  [state('state-added', 970), docker('start'), docker('die'), docker('start')],
  { running: true, crashHole: true, registered: true, crashes: 1 },
);
test(
  'that KubeArmor alone told of, and is listed as started much later, falls into the hole',
  holds,
  [state('state-added', 970), listing(60_000, 2000)],
  { running: true, crashHole: true, registered: true },
);
test(
  'that crashes and is restarted falls into the hole (captures: e2e/life-a.txt, x03b)',
  holds,
  [...protectedStart, state('state-waiting', 2000), docker('die'), docker('start')],
  { running: true, crashHole: true, registered: true, crashes: 1 },
);
test(
  'whose death nobody told of, since Docker was away, falls into the hole however soon it comes back',
  holds,
  [docker('start'), state('state-added', 990), docker('start')],
  { running: true, crashHole: true, registered: true },
);
test(
  'that crashes after the clock was set back a year falls into the hole',
  holds,
  [yearLater(docker('start')), yearLater(state('state-added')), docker('die'), docker('start')],
  { running: true, crashHole: true, registered: true },
);
test(
  'that crashes after the clock was set forward a year falls into the hole',
  holds,
  [docker('start'), state('state-added'), yearLater(docker('die')), yearLater(docker('start'))],
  { running: true, crashHole: true, registered: true },
);
test(
  'that is killed by docker kill and started falls into the hole, too (kubearmor.md §3.4)',
  holds,
  [...protectedStart, docker('kill'), docker('die'), docker('start')],
  { running: true, crashHole: true, registered: true, crashes: 1 },
);
test(
  'that docker restart restarts is registered anew and has not crashed (captures: e2e/docker-events.txt)',
  holds,
  [
    ...protectedStart,
    docker('kill'),
    docker('die'),
    docker('stop'),
    state('state-removed', 2000),
    docker('start'),
    state('state-added'),
  ],
  { running: true, crashHole: false, registered: true, crashes: 0 },
);
test(
  'between an ordered restart and its registration is not registered',
  holds,
  [...protectedStart, docker('kill'), docker('die'), docker('stop'), docker('start')],
  { running: true, crashHole: false, registered: false },
);
test(
  'in the hole is closed by an ordered restart',
  holds,
  [
    ...protectedStart,
    docker('die'),
    docker('start'),
    docker('die'),
    docker('stop'),
    docker('start'),
    state('state-added'),
  ],
  { running: true, crashHole: false, registered: true },
);
test(
  'in the hole is closed by a KubeArmor that was restarted',
  holds,
  [...protectedStart, docker('die'), docker('start'), snapshot('second', 4500)],
  { running: true, crashHole: false, registered: true },
);
test(
  'in the hole stays there when only the connection was renewed',
  holds,
  [...protectedStart, docker('die'), docker('start'), snapshot('first', 2000)],
  { running: true, crashHole: true, registered: true },
);
test(
  'that crashed while nobody watched is found by its older registration',
  holds,
  [snapshot('first', -10_000), docker('start')],
  { running: true, crashHole: true, registered: true },
);
test('whose start is known only roughly is not accused', holds, [snapshot('first', -10_000), listing(2000, 60_000)], {
  running: true,
  crashHole: false,
  registered: true,
});
test(
  'that died while Docker cannot be asked counts as restarted in the dark',
  holds,
  [snapshot('first', 500), state('state-waiting', 500)],
  { crashHole: true, registered: true, crashes: 1 },
);
test(
  'that starts while Docker cannot be asked is known to run by its registration',
  holds,
  [snapshot('first'), state('state-added')],
  { running: true, crashHole: false, registered: true },
);
test('that KubeArmor does not know is not registered', holds, [docker('start'), snapshot('first')], {
  running: true,
  crashHole: false,
  registered: false,
});

test('a destroyed container is forgotten, and so is one that a listing lacks', (t) => {
  t.is(after(docker('start'), docker('die'), docker('destroy')), undefined);
  t.is(
    after(docker('start'), (atMs) => ({ kind: 'docker-listing', containers: [], atMs })),
    undefined,
  );
});

test('KubeArmor tells of an end later than Docker: a container that is gone stays gone', (t) => {
  const gone = [docker('start'), state('state-added'), docker('kill'), docker('die'), docker('destroy')];
  t.is(after(...gone, state('state-waiting', 2000)), undefined);
  t.is(after(...gone, state('state-removed', 2000)), undefined);
  t.is(after(docker('start'), docker('destroy'), state('state-added', 990), state('state-removed', 990)), undefined);
});

test('whatever is observed, a hole is only ever closed by a registration of a run that began after the last death', (t) => {
  const step = fc.constantFrom<Life>(
    docker('start'),
    docker('die'),
    docker('kill'),
    docker('stop'),
    state('state-added'),
    state('state-waiting', 500),
    state('state-removed', 500),
    snapshot('first', 500),
    (atMs) => ({ kind: 'docker-lost', atMs }),
    (atMs) => ({ kind: 'kubearmor-lost', atMs }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (life) => {
      const container = after(...life);
      if (container?.running !== true || container.crashHole || container.registration === undefined) return;
      const { startedAtMs = 0, diedAtMs, registration } = container;
      t.true(diedAtMs === undefined || diedAtMs > startedAtMs || registration.runStartedAtMs > diedAtMs);
    }),
  );
});
