import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import type { KubeArmorPolicy } from '#policy/types.ts';
import { payload } from '../payloads.ts';
import { watchTurns } from '../watch-turns.ts';
import { startWorld } from '../world.ts';

const EVENTS = 100_000;
/** KubeArmor gives a client up that does not answer for 5 s, and others wait meanwhile. */
const MOST_BLOCKED_MS = 100;
/** 2000 events in the ring, 1000 for each reader, and what waits for its other half. */
const MOST_HELD_BYTES = 48 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heldBytes(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}

test.serial('a flood of 100,000 events blocks nothing, kills nothing and is not kept', async (t) => {
  t.timeout(90_000);
  const worker = new Worker(new URL('flood-node.ts', import.meta.url));
  t.teardown(async () => {
    worker.postMessage('stop');
    await once(worker, 'exit');
  });
  const [{ kubearmor, docker }] = await once(worker, 'message');
  const world = await startWorld(t, { env: { ARMOR_KUBEARMOR: kubearmor, ARMOR_DOCKER: docker } });
  const policy: KubeArmorPolicy = {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'web' },
    spec: { file: { matchDirectories: [{ dir: '/etc/', recursive: true }] }, action: 'Block' },
  };
  await world.publish('web', { policies: payload(world.publisher, 'web', { policies: [policy] }).policies });
  await world.agent().pollNow();
  await world.becomes('web', 'enforced');
  const arrived = async (): Promise<number> =>
    Number(/events_total\{stream="logs"\} (\d+)/.exec(await world.agent().view.metrics())?.[1] ?? 0);
  world.events.length = 0;
  const before = heldBytes();
  const worst = watchTurns();
  let dropped = 0;
  // KubeArmor keeps 1000 events for a client: as many are sent as it can have taken, then ten times more than it can.
  for (const burst of [...Array<number>(EVENTS / 1000 - 10).fill(1000), 10_000]) {
    const sent = (await arrived()) + dropped + burst;
    worker.postMessage(burst);
    [{ dropped }] = await once(worker, 'message');
    await waitUntilAsync('what was sent', async () => (await arrived()) + dropped >= sent);
  }
  const blocked = worst();
  // The last denials wait a moment for their other halves.
  await waitUntil('the findings', () => world.findings().length >= Math.floor((EVENTS - dropped) / 10) * 0.99);
  const found = world.findings().length;
  world.events.length = 0;
  const held = heldBytes() - before;
  t.log(`${dropped} dropped by KubeArmor, ${found} findings, ${blocked.toFixed(0)} ms, ${held >> 20} MiB held`);
  t.true(blocked < MOST_BLOCKED_MS, `blocked for ${blocked} ms`);
  t.true(held < MOST_HELD_BYTES, `${held >> 20} MiB are still held`);
  t.is(world.workload('web')?.protection, 'enforced');
  t.is(world.findings()[0]?.policy ?? 'web', 'web');
  t.deepEqual(world.notices('kubearmor-down'), []);
});
