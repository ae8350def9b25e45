import test from 'ava';
import { waitUntil } from '#demo/wait-until.ts';
import { nameOf, startWorld, type World } from '../world.ts';

async function enforced(world: World): Promise<void> {
  world.run('web');
  await world.publish('web');
  await world.agent().pollNow();
  await world.becomes('web', 'enforced');
}

/** A minute without a registration, and then the time that two restarts are apart. */
const HEALED_MS = 6 * 60_000;

test.serial(
  'Docker is restarted and takes its containers along: KubeArmor misses their start, the agent mends it',
  async (t) => {
    const world = await startWorld(t);
    await enforced(world);
    world.machine.stopDocker();
    await world.becomes('web', 'unprotected');
    world.machine.startDocker();
    await waitUntil('Docker to be heard', () => world.agent().view.status().docker === 'up');
    // KubeArmor reconnects, but does not look what has started meanwhile (kubearmor.md §1.9).
    t.deepEqual(world.workload('web')?.reasons, ['not-registered']);
    t.false(world.isBlocked('web'));
    t.deepEqual(world.proxy.restarts, []);
    await waitUntil('the healing', () => {
      world.clock.pass(HEALED_MS / 10);
      return world.workload('web')?.protection === 'enforced';
    });
    t.true(world.isBlocked('web'));
    t.deepEqual(world.proxy.restarts, [nameOf('web')]);
  },
);

test.serial(
  'Docker is restarted with live-restore: unprotected while it cannot be heard, as before afterwards',
  async (t) => {
    const world = await startWorld(t);
    await enforced(world);
    world.machine.stopDocker({ liveRestore: true });
    await world.becomes('web', 'unprotected');
    t.deepEqual(world.workload('web')?.reasons, ['docker-unreachable']);
    t.true(world.isBlocked('web'), 'it is; but who would tell if it were not');
    world.machine.startDocker();
    await world.becomes('web', 'enforced');
    t.true(world.isBlocked('web'));
    t.deepEqual(world.proxy.restarts, []);
  },
);

test.serial(
  'a process that dies while Docker is away comes back under numbers that KubeArmor does not know',
  async (t) => {
    const world = await startWorld(t, { env: { ARMOR_HEAL: 'report' } });
    await enforced(world);
    world.machine.stopDocker({ liveRestore: true });
    world.machine.die(nameOf('web'));
    world.machine.unshare(['/bin/sleep', '60']);
    await world.becomes('web', 'unprotected');
    world.machine.startDocker();
    await waitUntil('Docker to be heard', () => world.agent().view.status().docker === 'up');
    t.is(world.workload('web')?.protection, 'unprotected');
    t.false(world.isBlocked('web'));
  },
);

test.serial('the proxy goes and comes: what crashed meanwhile is found and healed', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  await world.proxy.down();
  await world.becomes('web', 'unprotected');
  world.machine.crash(nameOf('web'), () => void world.machine.unshare(['/bin/sleep', '60']));
  await world.proxy.up();
  await waitUntil('the healing', () => world.proxy.restarts.length > 0);
  await world.becomes('web', 'enforced');
  t.true(world.isBlocked('web'));
});

test.serial(
  'two containers that crash at once swap their numbers: neither is called protected until both are',
  async (t) => {
    const world = await startWorld(t, { env: { ARMOR_HEAL: 'report' } });
    await enforced(world);
    world.run('db');
    await world.publish('db');
    await world.agent().pollNow();
    await world.becomes('db', 'enforced');
    const { machine } = world;
    // web's numbers go to cam, whom KubeArmor registers under them; web's end then takes cam's rules along.
    machine.crash(nameOf('web'), () => {
      world.run('cam');
    });
    await world.publish('cam');
    await world.agent().pollNow();
    await world.kubearmor().settled();
    await waitUntil('cam to be known', () => world.workload('cam') !== undefined);
    machine.restart(nameOf('web'));
    await world.kubearmor().settled();
    await world.becomes('web', 'enforced');
    t.false(world.isBlocked('cam'));
    t.deepEqual(world.workload('cam')?.reasons, ['namespaces-reused']);
    machine.restart(nameOf('cam'));
    await world.becomes('cam', 'enforced');
    for (const each of ['web', 'db', 'cam']) t.true(world.isBlocked(each), each);
  },
);

test.serial('without Docker nothing is called protected, and what is lost is said', async (t) => {
  const world = await startWorld(t, { env: { ARMOR_DOCKER: 'none' } });
  world.run('web');
  await world.publish('web');
  await world.agent().pollNow();
  await waitUntil('the policy to be applied', () => world.isBlocked('web'));
  await waitUntil('KubeArmor to tell of it', () => world.workload('web') !== undefined);
  t.is(world.workload('web')?.protection, 'unprotected');
  t.deepEqual(world.workload('web')?.reasons, ['docker-unreachable']);
  t.true(
    world
      .agent()
      .view.health()
      .problems.some((problem) => problem.includes('Docker')),
  );
});
