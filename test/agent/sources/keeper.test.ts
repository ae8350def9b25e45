import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '#agent/clock.ts';
import type { NewAgentEvent } from '#agent/events/agent-event.ts';
import { checkPayload } from '#agent/sources/check-payload.ts';
import { connectEss } from '#agent/sources/ess-client.ts';
import { openHeldStore } from '#agent/sources/held-store.ts';
import { createKeeper, type Keeper } from '#agent/sources/keeper.ts';
import { openStore } from '#agent/sources/store.ts';
import { signEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { type EssNode, renewCredentials, startEssNode } from '../ess-node.ts';
import { blockWrites, newPublisher, payload } from '../payloads.ts';

const publisher = newPublisher();
const stranger = newPublisher();
const sign = (content: PolicyPayload, by = publisher): string => signEnvelope(content, by.privateKey);
const web = payload(publisher, 'web', { seq: 5 });

interface Fixture {
  readonly keeper: Keeper;
  readonly notices: string[];
  /** How often what is in force changed. */
  changes(): number;
}

async function keep(node: EssNode, options: { pinned?: string; onVanish?: 'keep' | 'drop' } = {}): Promise<Fixture> {
  const notices: string[] = [];
  let changes = 0;
  const pinned = new Set([options.pinned ?? publisher.keyId]);
  const keeper = createKeeper({
    ess: connectEss(node.address),
    store: openHeldStore(await openStore(join(node.dir, 'held')), { pinned, check: checkPayload }),
    pinned,
    onVanish: options.onVanish ?? 'keep',
    clock: systemClock,
    notify: (event: NewAgentEvent) => {
      if (event.kind === 'notice')
        notices.push(`${event.notice}${event.subject === undefined ? '' : ` ${event.subject}`}`);
    },
    changed: () => {
      changes += 1;
    },
    workloadPresent: () => true,
  });
  await keeper.load();
  return { keeper, notices, changes: () => changes };
}

const inForce = ({ keeper }: Fixture): string[] => keeper.payloads().map(({ id, seq }) => `${id} ${seq}`);
const stateOf = ({ keeper }: Fixture, id: string): string | undefined =>
  keeper.attachments().find((each) => each.id === id)?.state;

test('a policy that the hub places on the node comes into force, and is read once', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), []);
  t.is(await node.publish(web.id, sign(web)), 204);
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 5`]);
  t.is(fixture.changes(), 1);
  await fixture.keeper.poll();
  t.is(fixture.changes(), 1, 'what has not changed is not read again');
});

test('an update replaces it, a replay and a forgery do not', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  await node.publish(web.id, sign({ ...web, seq: 6, policies: [blockWrites('other')] }));
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 6`]);
  await node.publish(web.id, sign(web));
  await node.publish('forged', sign(payload(stranger, 'web'), stranger));
  await node.publish('garbage', 'policies: []');
  await node.publish('huge', 'x'.repeat(10 * 1024 * 1024));
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 6`]);
  t.deepEqual(
    fixture.keeper
      .rejections()
      .map(({ objectId, reason }) => [objectId, reason])
      .sort(),
    [
      ['forged', 'not-signed-by-a-pinned-key'],
      ['garbage', 'unreadable'],
      ['huge', 'oversized'],
      [web.id, 'replayed'],
    ].sort(),
  );
});

test('an object that somebody deletes leaves its policy in force, shown as vanished, also after a restart', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  await node.remove(web.id);
  await fixture.keeper.poll();
  t.is(stateOf(fixture, web.id), 'in-force', 'once missing may be the moment of an update');
  await fixture.keeper.poll();
  t.is(stateOf(fixture, web.id), 'vanished');
  t.deepEqual(inForce(fixture), [`${web.id} 5`]);
  const restarted = await keep(node);
  t.is(stateOf(restarted, web.id), 'vanished');
  t.deepEqual(inForce(restarted), [`${web.id} 5`]);
});

test('a signed withdrawal ends it, and what was withdrawn cannot be replayed, not even after a restart', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  await node.publish(web.id, sign({ ...web, seq: 6, policies: [] }));
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), []);
  t.is(stateOf(fixture, web.id), 'withdrawn');
  const restarted = await keep(node);
  await node.publish(web.id, sign(web));
  await restarted.keeper.poll();
  t.deepEqual(inForce(restarted), []);
  t.is(restarted.keeper.rejections()[0]?.reason, 'replayed');
});

test('data that is gone amid an update is awaited, and the old policy holds meanwhile', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  node.ess.dataGate.hold();
  await node.publish(web.id, sign({ ...web, seq: 6 }), { sync: false });
  const syncing = node.ess.sync();
  await node.ess.dataGate.reached();
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 5`]);
  t.is(stateOf(fixture, web.id), 'in-force');
  node.ess.dataGate.open();
  await syncing;
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 6`]);
});

test('credentials that changed under the container are read again', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  await renewCredentials(node);
  await node.publish(web.id, sign({ ...web, seq: 6 }));
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 6`]);
});

test('an ESS that stops changes nothing that is in force, and is used again when it is back', async (t) => {
  const node = await startEssNode(t);
  const fixture = await keep(node);
  await node.publish(web.id, sign(web));
  await fixture.keeper.poll();
  await node.ess.stop();
  await fixture.keeper.poll();
  await fixture.keeper.poll();
  t.deepEqual(inForce(fixture), [`${web.id} 5`]);
  t.is(stateOf(fixture, web.id), 'in-force');
  t.false(fixture.keeper.essState()?.up);
  await node.ess.start();
  await fixture.keeper.poll();
  t.true(fixture.keeper.essState()?.up);
  t.deepEqual(
    fixture.notices.filter((notice) => notice.startsWith('ess')),
    ['ess-up', 'ess-down', 'ess-up'],
  );
});

test('without any ESS at the start the last known good holds', async (t) => {
  const node = await startEssNode(t);
  const first = await keep(node);
  await node.publish(web.id, sign(web));
  await first.keeper.poll();
  await node.ess.stop();
  const offline = await keep(node);
  t.deepEqual(inForce(offline), [`${web.id} 5`]);
  await offline.keeper.poll();
  t.deepEqual(inForce(offline), [`${web.id} 5`]);
});

test('what was tampered with on disk, or signed by a key that is no longer pinned, is not taken back', async (t) => {
  const node = await startEssNode(t);
  const first = await keep(node);
  await node.publish(web.id, sign(web));
  await first.keeper.poll();
  await node.ess.stop();
  const other = await keep(node, { pinned: stranger.keyId });
  t.deepEqual(inForce(other), []);
  const file = join(node.dir, 'held', `${web.id}.json`);
  const kept = JSON.parse(await readFile(file, 'utf8'));
  const envelope = JSON.parse(kept.envelope);
  envelope.payload = Buffer.from(JSON.stringify({ ...web, policies: [] })).toString('base64');
  await writeFile(file, JSON.stringify({ ...kept, envelope: JSON.stringify(envelope) }));
  const tampered = await keep(node);
  t.deepEqual(inForce(tampered), []);
  t.true(tampered.notices.includes('state-corrupt'));
  await writeFile(file, '{"envelope":');
  t.deepEqual(inForce(await keep(node)), []);
  t.true((await readdir(join(node.dir, 'held'))).includes(`${web.id}.json.corrupt`));
});
