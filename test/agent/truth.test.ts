import test from 'ava';
import fc from 'fast-check';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { blockWrites, newPublisher, payload } from './payloads.ts';
import { nameOf, type Scope, startWorld, type World } from './world.ts';

/**
 * Whatever happens to a node, in whatever order: what the agent calls enforced the kernel refuses, and a verified policy
 * that nobody withdrew holds again once everything is up. Sequences are long and few: a world takes a second to start.
 */

const WORKLOADS = ['web', 'db'] as const;
type Workload = (typeof WORKLOADS)[number];

const YEAR_MS = 365 * 24 * 60 * 60_000;
/** So long the agent may take to hear of something: everything on a node is told at once. */
const HEARD_MS = 2000;

type Step =
  | { readonly do: 'crash'; readonly of: Workload; readonly numbersTaken: boolean }
  | { readonly do: 'crash both' | 'docker up' | 'kill KubeArmor' | 'restart agent' | 'take numbers' | 'free numbers' }
  | {
      readonly do: 'restart' | 'recreate' | 'die' | 'publish' | 'withdraw' | 'replay' | 'delete object';
      readonly of: Workload;
    }
  | { readonly do: 'forge'; readonly of: Workload; readonly overwrite: boolean }
  | { readonly do: 'docker down'; readonly liveRestore: boolean }
  | { readonly do: 'rest' }
  | { readonly do: 'proxy down' | 'stop agent' }
  | { readonly do: 'start KubeArmor'; readonly keepPolicies: boolean }
  | { readonly do: 'set clock'; readonly years: 1 | -1 };

const of = fc.constantFrom(...WORKLOADS);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash'), of, numbersTaken: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('restart', 'recreate', 'die', 'publish', 'withdraw', 'replay', 'delete object'),
      of,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'crash both',
        'docker up',
        'kill KubeArmor',
        'restart agent',
        'stop agent',
        'take numbers',
        'free numbers',
        'proxy down',
      ),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('rest') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forge'), of, overwrite: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('docker down'), liveRestore: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start KubeArmor'), keepPolicies: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('set clock'), years: fc.constantFrom(1, -1) }) },
);

/** What the test knows of a world, to see what is possible and what must hold. */
interface Model {
  /** What the hub has for the node, as far as it is genuine: a deletion takes it away before an agent that is down sees it. */
  readonly hub: Map<Workload, { readonly seq: number; readonly inForce: boolean }>;
  /** The newest that an agent has seen. */
  readonly known: Map<Workload, { readonly seq: number; readonly inForce: boolean }>;
  readonly signed: Map<Workload, Awaited<ReturnType<World['publish']>>[]>;
  readonly taken: { release(): void }[];
  proxyUp: boolean;
  agentUp: boolean;
}

async function carryOut(world: World, model: Model, step: Step): Promise<void> {
  const { machine } = world;
  switch (step.do) {
    case 'crash':
      if (!machine.dockerUp) return;
      machine.crash(nameOf(step.of), () => {
        if (step.numbersTaken) model.taken.push(machine.unshare(['/bin/sleep', '60']));
      });
      return;
    case 'crash both':
      if (!machine.dockerUp) return;
      for (const each of WORKLOADS) machine.die(nameOf(each));
      for (const each of WORKLOADS.toReversed()) machine.start(nameOf(each));
      return;
    case 'die':
      // Docker starts it again, at once or when it is back.
      machine.die(nameOf(step.of));
      if (machine.dockerUp) machine.start(nameOf(step.of));
      return;
    case 'restart':
      if (machine.dockerUp) machine.restart(nameOf(step.of));
      return;
    case 'recreate':
      if (!machine.dockerUp) return;
      machine.remove(nameOf(step.of));
      world.run(step.of);
      return;
    case 'take numbers':
      model.taken.push(machine.unshare(['/bin/sleep', '60']));
      return;
    case 'free numbers':
      model.taken.shift()?.release();
      return;
    case 'docker down':
      if (machine.dockerUp) machine.stopDocker(step);
      return;
    case 'docker up':
      return dockerUp(world, model);
    case 'proxy down':
      if (model.proxyUp) await world.proxy.down();
      model.proxyUp = false;
      return;
    case 'kill KubeArmor':
      return world.kubearmor().kill();
    case 'start KubeArmor':
      return world.startKubeArmor(step.keepPolicies);
    case 'stop agent':
      await world.stopAgent();
      model.agentUp = false;
      return;
    case 'restart agent':
      await world.stopAgent();
      await world.startAgent();
      model.agentUp = true;
      return look(world, model);
    case 'rest':
      if (model.agentUp) await isCalm(world).catch(() => undefined);
      return;
    case 'set clock':
      return world.clock.set(step.years * YEAR_MS);
    case 'publish':
    case 'withdraw': {
      const before = model.signed.get(step.of) ?? [];
      const policies =
        step.do === 'withdraw' ? [] : [blockWrites(step.of), blockWrites(`more${before.length}`, '/opt/')];
      const { policies: selected } = payload(world.publisher, step.of, { policies });
      model.signed.set(step.of, [...before, await world.publish(step.of, { policies: selected })]);
      model.hub.set(step.of, { seq: before.length + 1, inForce: step.do === 'publish' });
      break;
    }
    case 'replay': {
      const [oldest] = model.signed.get(step.of) ?? [];
      if (oldest === undefined) return;
      await world.publishSigned(oldest);
      model.hub.set(step.of, { seq: oldest.seq, inForce: true });
      break;
    }
    case 'forge': {
      const stranger = newPublisher();
      const content = payload(stranger, step.of, { seq: 1000, policies: [] });
      if (step.overwrite) model.hub.delete(step.of);
      const objectId = step.overwrite ? payload(world.publisher, step.of).id : content.id;
      await world.publishSigned({ ...content, id: payload(world.publisher, step.of).id }, stranger, objectId);
      break;
    }
    case 'delete object':
      await world.node.remove(payload(world.publisher, step.of).id);
      model.hub.delete(step.of);
      break;
  }
  await look(world, model);
}

/** The agent, if there is one, asks the ESS. */
async function look(world: World, model: Model): Promise<void> {
  if (!model.agentUp) return;
  await world.agent().pollNow();
  for (const [workload, newest] of model.hub) {
    if (newest.seq > (model.known.get(workload)?.seq ?? 0)) model.known.set(workload, newest);
  }
}

/** Everything that is up is heard; a second is enough for that, and what is down is not waited for any longer. */
function isCalm(world: World): Promise<void> {
  return waitUntil(
    'calm',
    () => {
      const { kubearmor, docker } = world.agent().view.status();
      return (
        kubearmor.reachable &&
        docker === 'up' &&
        world
          .agent()
          .view.policies()
          .every(({ state }) => state === 'applied')
      );
    },
    1000,
  );
}

async function dockerUp(world: World, model: Model): Promise<void> {
  if (!world.machine.dockerUp) world.machine.startDocker();
  if (!model.proxyUp) await world.proxy.up();
  model.proxyUp = true;
}

/** Workloads that the agent calls enforced although the kernel lets them. */
const lies = (world: World): string[] =>
  WORKLOADS.filter((each) => world.workload(each)?.protection === 'enforced' && !world.isBlocked(each));

async function staysTrue(world: World, model: Model): Promise<void> {
  await world.kubearmor().settled();
  if (model.agentUp) await waitUntilAsync('the truth', async () => lies(world).length === 0, HEARD_MS);
}

/** Everything that was broken is mended; then what was attached holds, and what was withdrawn does not. */
async function recovers(world: World, model: Model): Promise<void> {
  await dockerUp(world, model);
  await world.startKubeArmor();
  if (!model.agentUp) await world.startAgent();
  model.agentUp = true;
  await look(world, model);
  const holds = (each: Workload): boolean => model.known.get(each)?.inForce === true;
  const rest = (): string[] => [
    ...WORKLOADS.filter((each) => holds(each) && world.workload(each)?.protection !== 'enforced').map(
      (each) => `${each} is ${JSON.stringify(world.workload(each))}`,
    ),
    ...WORKLOADS.filter((each) => world.isBlocked(each) !== holds(each)).map(
      (each) => `the kernel ${holds(each) ? 'lets' : 'still stops'} ${each}`,
    ),
  ];
  let passed = 0;
  await waitUntilAsync('recovery', async () => {
    // A workload is healed once in five minutes at the most.
    if (++passed % 50 === 0) world.clock.pass(5 * 60_000);
    return rest().length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${rest().join('; ')}`);
  });
}

/** One world from its start to its end. */
async function live(story: readonly Step[]): Promise<void> {
  const ends: (() => unknown)[] = [];
  try {
    await liveIn({ teardown: (end) => void ends.push(end) }, story);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function liveIn(scope: Scope, story: readonly Step[]): Promise<void> {
  const world = await startWorld(scope, { env: { ARMOR_POLL_SECONDS: '3600' } });
  const model: Model = { hub: new Map(), known: new Map(), signed: new Map(), taken: [], proxyUp: true, agentUp: true };
  for (const each of WORKLOADS) {
    world.run(each);
    model.signed.set(each, [await world.publish(each)]);
    model.hub.set(each, { seq: 1, inForce: true });
  }
  await look(world, model);
  for (const each of WORKLOADS) await world.becomes(each, 'enforced');
  for (const [index, step] of story.entries()) {
    await carryOut(world, model, step);
    await staysTrue(world, model).catch((error: unknown) => {
      throw new Error(`after step ${index}, ${JSON.stringify(step)}: ${String(error)}: ${lies(world).join()}`);
    });
  }
  await recovers(world, model);
}

test.serial('whatever happens: what is called enforced is refused, and what was attached holds again', async (t) => {
  const runs = Number(process.env.ARMOR_TRUTH_RUNS ?? 6);
  t.timeout(60_000 + runs * 10_000);
  await t.notThrowsAsync(async () => {
    await fc.assert(fc.asyncProperty(fc.array(steps, { minLength: 25, maxLength: 25 }), live), {
      numRuns: runs,
      endOnFailure: true,
      includeErrorInReport: true,
    });
  });
});
