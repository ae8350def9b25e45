import test from 'ava';
import { waitUntil } from '#demo/wait-until.ts';
import { raw } from '../policy/raw-events.ts';
import { nameOf, startWorld, type World } from './world.ts';

/** Telemetry that shows a protected workload doing what its policy blocks: then nothing holds (docs/status.md). */

const HOUR_MS = 60 * 60_000;

/** A file below /etc is deleted by web, and nobody minds. */
function deletesFile(world: World, ageMs = 0): void {
  world.kubearmor().emit(
    'logs',
    raw({
      ContainerID: world.machine.container(nameOf('web')).id,
      UpdatedTime: new Date(world.clock.wallMs() - ageMs).toISOString(),
      Resource: '/etc/motd',
      Data: 'syscall=SYS_UNLINKAT flags=',
      EventData: { Syscall: 'SYS_UNLINKAT' },
    }),
  );
}

async function enforcedWorld(t: Parameters<typeof startWorld>[0], aheadMs = 0): Promise<World> {
  const world = await startWorld(t);
  world.clock.set(aheadMs);
  await world.publish('web');
  await world.agent().pollNow();
  world.run('web');
  await world.becomes('web', 'enforced');
  return world;
}

const isContradicted = (world: World): boolean =>
  world.workload('web')?.reasons.includes('seen-doing-what-is-blocked') === true;

for (const aheadMs of [0, HOUR_MS, -HOUR_MS]) {
  test(`is seen, also after the clock was ${aheadMs / HOUR_MS} h off when the workload became protected`, async (t) => {
    const world = await enforcedWorld(t, aheadMs);
    world.clock.set(-aheadMs);
    // Longer than the agent takes to look at what there is.
    await waitUntil('time to pass', () => {
      world.clock.pass(1000);
      deletesFile(world);
      return isContradicted(world);
    });
    t.is(world.workload('web')?.protection, 'unprotected');
  });
}

test('what happened before the workload was protected, or just then, proves nothing', async (t) => {
  const world = await enforcedWorld(t);
  deletesFile(world);
  world.clock.pass(10_000);
  deletesFile(world, 20_000);
  world.kubearmor().emit('logs', raw({ Operation: 'AlertThreshold', Type: 'SystemEvent' }));
  await waitUntil('the mark behind them', () => world.notices('throttled').length > 0);
  t.false(isContradicted(world));
});
