import test from 'ava';
import { firstProgram } from '#demo/simulators/kubearmor/docker-exec.ts';
import { waitUntil } from '#demo/wait-until.ts';
import { deletePolicy } from '../delete-policy.ts';
import { nameOf, startWorld, type World } from '../world.ts';

async function enforced(world: World): Promise<void> {
  world.run('web');
  await world.publish('web');
  await world.agent().pollNow();
  await world.becomes('web', 'enforced');
}

test.serial('NotExist is no success: a withdrawn policy does not come back with the next KubeArmor', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  const policy = world.agent().view.policies()[0]?.policy;
  if (policy?.kind !== 'KubeArmorPolicy') return t.fail('the policy is not there');
  // Somebody deletes it under a wrong selector: KubeArmor enforces it no more, answers NotExist, and keeps its file.
  const wrong = { ...policy, spec: { ...policy.spec, selector: { matchLabels: { app: 'other' } } } };
  t.is(await deletePolicy(world.kubearmor().address, wrong), 'NotExist');
  await world.publish('web', { policies: [] });
  await world.agent().pollNow();
  await waitUntil('the policy to be gone', () => world.agent().view.policies().length === 0);
  const answers = world.kubearmor().calls.filter(({ request }) => request.includes('DELETED'));
  t.deepEqual(
    answers.map(({ status }) => status),
    ['NotExist', 'NotExist', 'Deleted'],
  );
  await world.startKubeArmor();
  await waitUntil('the new session', () => world.agent().view.status().kubearmor.reachable);
  await world.agent().pollNow();
  t.false(world.isBlocked('web'));
});

test.serial('a policy withdrawn while KubeArmor is down and has lost its volume is gone without a trace', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  world.kubearmor().kill();
  await world.becomes('web', 'unprotected');
  await world.publish('web', { policies: [] });
  await world.agent().pollNow();
  await world.startKubeArmor(false);
  await waitUntil('the deletion', () =>
    world.notices('policy-applied').some(({ message }) => message.startsWith('deleted')),
  );
  t.false(world.isBlocked('web'));
  await world.startKubeArmor(true);
  await waitUntil('the new session', () => world.agent().view.status().kubearmor.reachable);
  await world.agent().pollNow();
  t.false(world.isBlocked('web'), 'its old folder of policies must not bring it back');
});

test.serial(
  'without the StateAgent policies hold, but nothing is called protected, and nothing is restarted',
  async (t) => {
    const world = await startWorld(t, { kubearmor: { stateAgent: false } });
    world.run('web');
    await world.publish('web');
    await world.agent().pollNow();
    await waitUntil('the policy to be applied', () => world.isBlocked('web'));
    await waitUntil('Docker to tell of it', () => world.workload('web') !== undefined);
    world.clock.pass(60 * 60_000);
    await waitUntil('the policies’ state', () => world.agent().view.policies()[0]?.state === 'applied');
    t.is(world.workload('web')?.protection, 'unprotected');
    t.deepEqual(world.workload('web')?.reasons, ['not-registered']);
    t.true(world.notices('kubearmor-up').some(({ message }) => message.includes('StateAgent is off')));
    t.deepEqual(world.proxy.restarts, []);
  },
);

test.serial('what an outage may have cost is told, stream by stream, with its bounds', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  world.kubearmor().kill();
  await world.becomes('web', 'unprotected');
  await world.startKubeArmor();
  await waitUntil('the gaps', () => world.notices('stream-gap').length === 3);
  t.deepEqual(
    world.notices('stream-gap').map(({ details }) => details?.stream),
    ['alerts', 'logs', 'state'],
  );
  for (const { details } of world.notices('stream-gap')) t.true(Number(details?.toMs) >= Number(details?.fromMs));
});

test.serial('a container that is too loud is throttled, and that is an event of its own', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  // After a restart of KubeArmor the container's denials are alerts of a policy, which are what it throttles (§5.6).
  await world.startKubeArmor();
  await waitUntil('the new session', () => world.notices('stream-gap').length === 3);
  await world.becomes('web', 'enforced');
  const program = firstProgram(world.machine, nameOf('web'));
  for (let index = 0; index < 40; index++) program.open(`/etc/loud-${index}`, 'O_WRONLY|O_CREAT');
  await waitUntil('the notice', () => world.notices('throttled').length > 0);
  t.like(world.notices('throttled')[0], {
    subject: 'web',
    details: { silentSeconds: 30, maxAlertsPerSecond: 10 },
  });
  t.is(world.agent().view.status().counts.throttled, 1);
});

test.serial('a KubeArmor that hangs is noticed, and taken back when another takes its place', async (t) => {
  const world = await startWorld(t);
  await enforced(world);
  world.kubearmor().freeze();
  await world.becomes('web', 'unprotected', 20_000);
  t.true(world.workload('web')?.reasons.includes('kubearmor-unreachable'));
  await world.startKubeArmor();
  await world.becomes('web', 'enforced');
  t.true(world.isBlocked('web'));
});
