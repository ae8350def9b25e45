import test from 'ava';
import { waitUntil } from '#demo/wait-until.ts';
import { payload } from '../payloads.ts';
import { nameOf, startWorld, type World } from '../world.ts';

const YEAR_MS = 365 * 24 * 60 * 60_000;

async function enforced(world: World): Promise<void> {
  world.run('web');
  await world.publish('web');
  await world.agent().pollNow();
  await world.becomes('web', 'enforced');
}

for (const [direction, years] of [
  ['back', -1],
  ['forward', 1],
] as const) {
  test.serial(
    `a clock that is set ${direction} by a year ends no policy, hides no crash, and stops nothing`,
    async (t) => {
      const world = await startWorld(t, { env: { ARMOR_HEAL: 'report' } });
      await enforced(world);
      await world.node.remove(payload(world.publisher, 'web').id);
      world.clock.set(years * YEAR_MS);
      for (let look = 0; look < 3; look++) await world.agent().pollNow();
      const [attachment] = world.agent().view.status().attachments;
      t.is(attachment?.state, 'vanished');
      t.is(world.workload('web')?.protection, 'enforced');
      t.true(world.isBlocked('web'));
      t.true((world.workload('web')?.exposedSeconds ?? 1) < 60, 'what was protected does not become exposed');

      world.machine.crash(nameOf('web'), () => void world.machine.unshare(['/bin/sleep', '60']));
      await world.becomes('web', 'unprotected');
      t.deepEqual(world.workload('web')?.reasons, ['crashed-and-restarted']);
      world.machine.restart(nameOf('web'));
      await world.becomes('web', 'enforced');

      // Docker refuses to tell a past that begins after it ends; the link must come back all the same.
      await world.proxy.down();
      await world.becomes('web', 'unprotected');
      await world.proxy.up();
      await world.becomes('web', 'enforced');
      await world.publish('web', { policies: [] });
      await world.agent().pollNow();
      await waitUntil('the withdrawal', () => !world.isBlocked('web'));
      await world.stopAgent();
      await world.startAgent();
      t.is(world.agent().view.status().attachments[0]?.state, 'withdrawn');
    },
  );
}

test.serial('a policy bomb is refused, with the budget it breaks, and what held before holds', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  const [policy] = payload(world.publisher, 'web').policies;
  if (policy?.kind !== 'KubeArmorPolicy') return t.fail('the fixture is a container policy');
  const matchPaths = Array.from({ length: 10_000 }, (_, index) => ({ path: `/opt/bomb/${index}` }));
  await world.publish('web', { policies: [{ ...policy, spec: { ...policy.spec, file: { matchPaths } } }] });
  await world.agent().pollNow();
  const [rejected] = world.notices('policy-rejected');
  t.regex(rejected?.message ?? '', /^over-budget: needs 10\d{3} entries of KubeArmor's rule map, which holds 256$/);
  t.true(world.isBlocked('web'));
  t.is(world.workload('web')?.protection, 'enforced');
});

test.serial('without an ESS the agent holds what it has, says what it lacks, and reports to nobody', async (t) => {
  const world = await startWorld(t, { agent: false, env: { HZN_ESS_API_ADDRESS: '' } });
  world.run('web');
  await world.startAgent();
  await waitUntil('the word', () => world.notices('ess-down').length === 1);
  t.true(
    world
      .agent()
      .view.health()
      .problems.some((problem) => problem.includes('HZN_ESS_API_ADDRESS')),
  );
  await world.becomes('web', 'unprotected');
  await waitUntil('KubeArmor', () => world.workload('web')?.reasons.join() === 'no-policy');
  await world.agent().pollNow();
  t.is(world.notices('ess-down').length, 1);
});
