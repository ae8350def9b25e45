import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { waitUntilAsync } from '#demo/wait-until.ts';
import { signEnvelope } from '#policy/envelope.ts';
import { startProcess, writeBundle } from '../agent-process.ts';
import { blockWrites, newPublisher, payload } from '../payloads.ts';
import { startWorld } from '../world.ts';

const KILLS = 6;

test.serial('killed at any moment, the agent loses nothing that it verified and starts again', async (t) => {
  t.timeout(120_000);
  const world = await startWorld(t, { agent: false, env: { ARMOR_REPORT_SECONDS: '1' } });
  const bundle = await writeBundle(t);
  const stranger = newPublisher();
  world.run('web');
  await world.publish('web');
  let agent = startProcess(t, bundle, world.env);
  await agent.started();
  await agent.becomes('web', 'enforced');
  let highest = 1;
  for (let round = 0; round < KILLS; round++) {
    // Several payloads a look: many files are written at once, and the blow may fall between any two of them.
    for (let other = 0; other < 8; other++) {
      const content = payload(world.publisher, `other${other}`, {
        seq: round + 1,
        policies: [blockWrites(`other${other}`, `/opt/${round}/`)],
      });
      await world.node.publish(content.id, signEnvelope(content, world.publisher.privateKey), { sync: false });
    }
    await world.publishSigned(payload(stranger, 'web', { seq: 999, policies: [] }), stranger);
    const { seq } = await world.publish('web');
    highest = seq;
    // The next look is due within a second: the blow falls around it.
    await sleep(Math.random() * 1200);
    await agent.kill();
    t.is(agent.complaint(), '');
    if (round % 3 === 2) {
      await world.node.ess.stop();
      agent = startProcess(t, bundle, world.env);
      await agent.started();
      await agent.becomes('web', 'enforced');
      t.true(world.isBlocked('web'), 'without a hub it starts from its disk');
      await agent.kill();
      await world.node.ess.start();
    }
    agent = startProcess(t, bundle, world.env);
    await agent.started();
    await agent.becomes('web', 'enforced');
    t.true(world.isBlocked('web'));
    t.deepEqual(
      agent.log.filter(({ notice }) => notice === 'state-corrupt'),
      [],
    );
  }
  await waitUntilAsync('the newest', async () => {
    const { attachments } = await agent.status();
    return attachments.every(({ id, seq }) => seq === (id.includes('.web.') ? highest : KILLS));
  });
  const { attachments, rejected } = await agent.status();
  t.is(attachments.length, 9);
  t.true(attachments.every(({ state }) => state === 'in-force'));
  t.true(rejected.every(({ reason }) => reason === 'not-signed-by-a-pinned-key'));
});
