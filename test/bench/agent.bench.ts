import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { systemClock } from '#agent/clock.ts';
import { createJournal } from '#agent/events/journal.ts';
import { createPipeline } from '#agent/events/pipeline.ts';
import { procedures } from '#agent/kubearmor/wire.ts';
import { createMetrics } from '#agent/metrics.ts';
import { createProtector, type Protector } from '#agent/protector.ts';
import { desiredPolicies } from '#agent/reconcile/desired.ts';
import { type AppliedPolicy, planReconcile } from '#agent/reconcile/plan.ts';
import { waitUntil } from '#demo/wait-until.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { startProcess, writeBundle } from '../agent/agent-process.ts';
import { blockWrites, payload } from '../agent/payloads.ts';
import { nameOf, type Scope, startWorld } from '../agent/world.ts';
import type { BenchLine } from './run.ts';
import { sampleLines, samplePolicies } from './telemetry-sample.ts';

const EVENTS = 20_000;
const POLICIES = 200;
const publisher = { keyId: 'c'.repeat(64) };
/** The container of the sample events. */
const CONTAINER = {
  id: 'db19ac75039e84bb24f6a08081d95cfb088c849ce2a90d214d91e21439b8411f',
  name: `${'a'.repeat(64)}-homeassistant`,
  image: 'homeassistant:1',
  labels: { [SERVICE_NAME_LABEL]: 'homeassistant' },
};

/** What the agent costs: per event, per change, and at rest. */
export async function bench(): Promise<BenchLine[]> {
  const ends: (() => unknown)[] = [];
  const scope: Scope = { teardown: (end) => void ends.push(end) };
  try {
    // At rest first: nothing else has run in its neighbourhood yet.
    return [
      ...(await idle(scope)),
      ...(await flooded(scope)),
      ...(await delays(scope)),
      ...planning(),
      ...(await hotPath()),
    ];
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** From the bytes on the wire to two readers: decode, normalise, evaluate, count, number, hand out. */
async function hotPath(): Promise<BenchLine[]> {
  const protector = await protecting();
  const journal = createJournal();
  const metrics = createMetrics({
    workloads: () => [],
    policies: () => [],
    consumers: () => journal.consumers(),
    kubearmorUp: () => true,
    dockerUp: () => true,
    essUp: () => true,
  });
  let told = 0;
  const pipeline = createPipeline({
    state: () => protector.state,
    clock: systemClock,
    notify: (event) => {
      journal.add(event);
      told += 1;
    },
    unreadable: (reason) => metrics.unreadable(reason),
    contradict: () => undefined,
  });
  const readers = ['one', 'two'].map((name) => drain(journal.subscribe(name)));
  const { responseSerialize, responseDeserialize } = procedures.watchLogs;
  const bytes = Array.from(sampleLines(EVENTS), (line) => responseSerialize(JSON.parse(line)));
  const pass = (): void => {
    for (const each of bytes) {
      metrics.received('logs');
      pipeline.take(responseDeserialize(each));
    }
  };
  const times: number[] = [];
  for (let round = 0; round < 8; round++) {
    const before = process.threadCpuUsage();
    pass();
    const { user, system } = process.threadCpuUsage(before);
    times.push((user + system) / 1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  journal.close();
  await Promise.all(readers);
  const rate = EVENTS / Math.min(...times);
  return [
    {
      name: `decode, normalise, evaluate against ${POLICIES} policies, fan out (aim ≥ 50 k/s)`,
      value: `${rate.toFixed(0)} k events/s on one core, ${told} findings of ${8 * EVENTS} events`,
    },
    { name: 'RSS of this process afterwards', value: `${mib(process.memoryUsage().rss)}` },
  ];
}

/** A protector whose KubeArmor has applied 200 policies for the container of the samples. */
async function protecting(): Promise<Protector> {
  const policies = new Map<string, AppliedPolicy>();
  const content = payload(publisher, 'homeassistant', { policies: samplePolicies(POLICIES) });
  const protector = createProtector({
    kubearmor: {
      policies: { add: async () => 'Applied', remove: async () => 'Deleted' },
      probe: async () => ({ endpoints: [], containers: [], policies: [] }),
    },
    record: {
      policies,
      set: async (policy) => void policies.set(policy.name, policy),
      remove: async (name) => void policies.delete(name),
    },
    payloads: () => [content],
    arch: 'amd64',
    ownAgreement: undefined,
    clock: systemClock,
    notify: () => undefined,
    changed: () => undefined,
  });
  const atMs = systemClock.wallMs();
  const registered = { ...CONTAINER, pidNamespace: 1, mountNamespace: 2, runStartedAtMs: atMs, registeredAtMs: atMs };
  protector.enforcerIs('BPFLSM');
  protector.observe(
    { kind: 'docker-event', action: 'start', container: CONTAINER, atMs },
    { kind: 'state-snapshot', session: 's1', containers: [registered], atMs },
  );
  protector.sessionBegan('s1');
  await protector.reconcile();
  return protector;
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

/** 500 policies on 50 workloads, ten each; then every one of the 500 as a default for each of the 50. */
function planning(): BenchLine[] {
  const workloads = Array.from({ length: 50 }, (_, index) => `workload${index}`);
  const rules = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => blockWrites(`${name}-${index}`, `/opt/${index}/`));
  const deployments = workloads.map((each) => payload(publisher, each, { policies: rules(10, each) }));
  const defaults = [payload(publisher, 'edge', { layer: 'node', policies: rules(500, 'edge') })];
  return [
    { name: 'plan 500 policies on 50 workloads, ten each (aim < 100 ms)', value: planned(deployments, workloads) },
    { name: 'plan 500 node defaults for each of 50 workloads: 25,000', value: planned(defaults, workloads) },
  ];
}

function planned(payloads: readonly PolicyPayload[], containers: readonly string[]): string {
  const identities = containers.map((container) => ({ container, arch: 'amd64' }));
  let applied = new Map<string, AppliedPolicy>();
  const plan = (): number => {
    const before = performance.now();
    const { policies } = desiredPolicies(payloads, identities, 'amd64');
    planReconcile([...policies.values()], applied, [], 's1');
    const spent = performance.now() - before;
    applied = new Map([...policies.values()].map(({ name, policy }) => [name, { name, policy, session: 's1' }]));
    return spent;
  };
  const first = plan();
  const again = Math.min(plan(), plan(), plan());
  return `${first.toFixed(0)} ms all new, ${again.toFixed(0)} ms nothing changed`;
}

/** How long a change takes to hold, and a start to be accounted for. */
async function delays(scope: Scope): Promise<BenchLine[]> {
  const world = await startWorld(scope);
  world.run('web');
  await world.publish('web');
  await world.becomes('web', 'enforced');
  const polled: number[] = [];
  const pushed: number[] = [];
  for (let round = 0; round < 5; round++) {
    const wait = round % 2 === 0 ? 0 : 400;
    await sleep(wait);
    const policies = payload(publisher, 'web', { policies: [blockWrites(`round${round}`, `/opt/${round}/`)] }).policies;
    await world.publish('web', { policies });
    const available = performance.now();
    await waitUntil(
      'it to hold',
      () => world.agent().view.policies()[0]?.name === `round${round}` && allApplied(world),
    );
    polled.push(performance.now() - available);
  }
  for (let round = 0; round < 10; round++) {
    const policies = payload(publisher, 'web', { policies: [blockWrites(`push${round}`, `/opt/${round}/`)] }).policies;
    await world.publish('web', { policies });
    const begin = performance.now();
    await world.agent().pollNow();
    pushed.push(performance.now() - begin);
  }
  const starts: number[] = [];
  const attributions: number[] = [];
  await world.publish('web', { policies: payload(publisher, 'web').policies });
  await world.agent().pollNow();
  for (let round = 0; round < 10; round++) {
    world.machine.remove(nameOf('web'));
    await waitUntil('its end', () => world.workload('web') === undefined);
    const begin = performance.now();
    world.run('web');
    await waitUntil('the start', () => world.workload('web')?.protection === 'enforced');
    starts.push(performance.now() - begin);
    const before = world.findings().length;
    world.isBlocked('web');
    const denied = performance.now();
    await waitUntil('the finding', () => world.findings().length > before);
    attributions.push(performance.now() - denied);
  }
  await world.stopAgent();
  return [
    { name: 'object available → applied, poll every 1 s (aim ≤ 1050 ms)', value: `${most(polled)} at most of 5` },
    { name: '  of that without the waiting for the poll', value: `${median(pushed)} median of 10` },
    { name: 'container start → known, registered and told to be enforced', value: `${median(starts)} median of 10` },
    { name: 'denial → finding', value: `${median(attributions)} median of 10` },
  ];
}

function allApplied(world: Awaited<ReturnType<typeof startWorld>>): boolean {
  return world
    .agent()
    .view.policies()
    .every(({ state }) => state === 'applied');
}

/** The bundled agent with one workload and nothing to do, polling every 5 s as it does by default. */
async function idle(scope: Scope): Promise<BenchLine[]> {
  const world = await startWorld(scope, { agent: false, env: { ARMOR_POLL_SECONDS: '5' } });
  const bundle = await writeBundle(scope);
  const begin = performance.now();
  const agent = startProcess(scope, bundle, world.env);
  await agent.started();
  const startedMs = performance.now() - begin;
  world.run('web');
  await world.publish('web');
  await agent.becomes('web', 'enforced');
  await sleep(10_000);
  const before = await cpuTicks(agent.child.pid);
  const seconds = 20;
  await sleep(seconds * 1000);
  const spent = ((await cpuTicks(agent.child.pid)) - before) / TICKS_PER_SECOND;
  const rss = await residentBytes(agent.child.pid);
  await agent.kill();
  return [
    { name: 'start of the bundled agent until its API listens', value: `${startedMs.toFixed(0)} ms` },
    { name: 'bundled agent at rest: RSS (aim ≤ 90 MiB)', value: mib(rss) },
    { name: 'bundled agent at rest: CPU (aim ≤ 1 %)', value: `${((100 * spent) / seconds).toFixed(2)} % of one core` },
  ];
}

/** The bundled agent while a KubeArmor sends it 100,000 events, a tenth of them denials. */
async function flooded(scope: Scope): Promise<BenchLine[]> {
  const worker = new Worker(new URL('../agent/faults/flood-node.ts', import.meta.url));
  scope.teardown(() => worker.terminate());
  const [{ kubearmor, docker }] = await once(worker, 'message');
  const env = { ARMOR_KUBEARMOR: kubearmor, ARMOR_DOCKER: docker };
  const world = await startWorld(scope, { agent: false, env });
  const agent = startProcess(scope, await writeBundle(scope), world.env);
  await agent.started();
  await world.publish('web');
  await agent.becomes('web', 'enforced');
  const before = await cpuTicks(agent.child.pid);
  let dropped = 0;
  let rss = 0;
  for (let burst = 0; burst < 100; burst++) {
    worker.postMessage(1000);
    [{ dropped }] = await once(worker, 'message');
    await sleep(20);
    rss = Math.max(rss, await residentBytes(agent.child.pid));
  }
  const spent = (await cpuTicks(agent.child.pid)) - before;
  await agent.kill();
  const perEvent = (spent / TICKS_PER_SECOND / (100_000 - dropped)) * 1e6;
  return [
    { name: 'bundled agent in a flood: RSS at most (aim ≤ 120 MiB)', value: mib(rss) },
    {
      name: '  processor time, gRPC, findings and log included',
      value: `${perEvent.toFixed(0)} µs an event, ${dropped} of 100,000 dropped by KubeArmor`,
    },
  ];
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Linux tells processor time in these, whatever the kernel's own rate (man 5 proc). */
const TICKS_PER_SECOND = 100;

async function cpuTicks(pid: number | undefined): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
const most = (times: readonly number[]): string => `${Math.max(...times).toFixed(0)} ms`;
const median = (times: readonly number[]): string =>
  `${(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(1)} ms`;
