import test from 'ava';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import { listen, simulate, until } from './listening.ts';

const LABELS = { 'openhorizon.anax.service_name': 'web', 'openhorizon.anax.agreement_id': 'abc' };

test('a session starts with what KubeArmor knows, and goes on with what changes', async (t) => {
  const simulator = await simulate(t);
  simulator.machine.run({ name: 'before', labels: LABELS });
  await simulator.settled();
  const { ups, observations } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  const [session] = ups;
  t.like(session?.state?.node, { name: 'edge-1', kernel: '6.1.0-50-amd64', hostVisibility: 'none' });
  t.deepEqual(
    session?.state?.containers.map(({ name }) => name),
    ['before'],
  );
  const { machine } = simulator;
  const steps = [
    () => machine.run({ name: 'web', labels: LABELS }),
    () => machine.crash('web'), // that it runs again is told by nobody
    () => machine.restart('web'),
    () => machine.remove('web'),
  ];
  for (const step of steps) {
    step();
    await simulator.settled();
  }
  const expected = ['state-snapshot', 'state-added', 'state-waiting'];
  expected.push('state-waiting', 'state-removed', 'state-added', 'state-waiting', 'state-removed');
  await until(() => observations.length === expected.length);
  t.deepEqual(
    observations.map(({ kind }) => kind),
    expected,
  );
});

test('state events carry namespaces and labels', async (t) => {
  const simulator = await simulate(t);
  const { ups, observations } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  const { id, namespaces } = simulator.machine.run({ name: 'web', image: 'web:1', labels: LABELS });
  await until(() => observations.some(({ kind }) => kind === 'state-added'));
  const added = observations.find((each) => each.kind === 'state-added');
  t.like(added?.kind === 'state-added' ? added.container : {}, {
    id,
    name: 'web',
    image: 'web:1',
    pidNamespace: namespaces?.pid,
    mountNamespace: namespaces?.mount,
    labels: { ...LABELS, namespaceName: 'container_namespace', 'kubearmor.io/container.name': 'web' },
  });
});

for (const end of ['kill', 'stop'] as const) {
  test(`after a ${end} it comes back by itself, with a gap for each stream`, async (t) => {
    const machine = new Machine();
    const first = await simulate(t, { machine });
    const { ups, downs, gaps, observations } = listen(t, first.address);
    await until(() => ups.length === 1);
    const aliveUntil = Date.now();
    await first[end]();
    await until(() => downs.length > 0);
    t.is(observations.at(-1)?.kind, 'kubearmor-lost');
    await simulate(t, { machine, port: first.port });
    await until(() => ups.length === 2);
    t.not(ups[0]?.id, ups[1]?.id);
    t.deepEqual(
      gaps.map(({ stream }) => stream),
      ['alerts', 'logs', 'state'],
    );
    for (const gap of gaps) {
      t.is(gap.kind, 'down');
      t.true(gap.fromMs <= (downs[0]?.atMs ?? 0), 'what was lost right before the break counts');
      t.true(gap.fromMs >= aliveUntil - 1000);
      t.true(gap.toMs >= gap.fromMs && gap.toMs <= Date.now() + 1);
    }
  });
}

test('a KubeArmor that accepts connections but is not initialised yet is not up', async (t) => {
  const simulator = await simulate(t, { initMs: 150 });
  const { ups, downs } = listen(t, simulator.address);
  let initialised = false;
  void simulator.initialised.then(() => {
    initialised = true;
  });
  await until(() => ups.length === 1);
  t.true(initialised);
  t.deepEqual(downs, []);
});

test('why it is down is told once for each reason, and it is found soon after it starts', async (t) => {
  const reserved = await simulate(t);
  const { port, address } = reserved;
  await reserved.stop();
  const { ups, downs } = listen(t, address);
  await until(() => downs.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.is(downs.length, 1, 'many attempts, one reason');
  t.regex(downs[0]?.reason ?? '', /ECONNREFUSED [\d.:]+\)$/);
  const started = Date.now();
  await simulate(t, { port });
  await until(() => ups.length === 1);
  t.true(Date.now() - started < 1000);
});

test('without its StateAgent a session is up all the same, and says so', async (t) => {
  const simulator = await simulate(t, { stateAgent: false });
  const { ups, observations, client } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  t.is(ups[0]?.state, undefined);
  t.deepEqual(observations, []);
  t.is(await client.state(), undefined);
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.is(ups.length, 1, 'the missing service ends no session');
});

test('a peer that stops answering is given up', async (t) => {
  const simulator = await simulate(t);
  const { ups, downs } = listen(t, simulator.address, {
    timing: { healthEveryMs: 20, healthDeadlineMs: 400, stallMs: 5000 },
  });
  await until(() => ups.length === 1);
  simulator.freeze();
  await until(() => downs.length === 1);
  t.regex(downs[0]?.reason ?? '', /DEADLINE_EXCEEDED/);
});

test('aborting ends everything, whatever state it is in', async (t) => {
  const silent = await simulate(t, { initMs: 60_000 });
  const waiting = listen(t, silent.address);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await waiting.stop();
  const simulator = await simulate(t);
  const connected = listen(t, simulator.address);
  await until(() => connected.ups.length === 1);
  await connected.stop();
  await until(() => simulator.clients === 0);
  t.deepEqual([...waiting.downs, ...connected.downs], [], 'what was ended on purpose is not down');
});
