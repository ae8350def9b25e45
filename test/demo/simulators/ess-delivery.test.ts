/** The life of an object on a node (reference/exchange-mms.md §C.8, §C.9). */
import test from 'ava';
import type { Ess } from '#demo/simulators/ess/start-ess.ts';
import { type CssLab, objectBody, policyFor, startCssLab } from './css-lab.ts';
import { askEss, idsIn } from './lab.ts';

interface Setup {
  readonly lab: CssLab;
  readonly ess: Ess;
  /** As the service lab.guard 1.0.0; paths below /api/v1/objects/probe. */
  ask(below: string, method?: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Ids that it lists, deleted ones with a dash. */
  listed(query?: string): Promise<string[]>;
}

async function setup(
  t: { teardown(undo: () => Promise<void>): void },
  options: Parameters<typeof startCssLab>[0] = {},
): Promise<Setup> {
  const lab = await startCssLab(options);
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  const { id, token } = await ess.credentials.create('agreement', 'acme/lab.guard', '1.0.0');
  await ess.sync();
  const ask = (below: string, method = 'GET') =>
    askEss(ess, { auth: `${id}:${token}`, method, path: `/api/v1/objects/probe${below}` });
  return { lab, ess, ask, listed: async (query = '?received=true') => idsIn(await ask(query)) };
}

test('an object is pending, and delivered when the node has fetched it', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', {}, 'one');
  t.deepEqual(lab.delivery('o1'), []);
  t.is((await lab.place('o1', 'node1')).status, 204);
  t.deepEqual(lab.delivery('o1'), ['pending']);
  t.deepEqual(await listed(), []);
  await ess.sync();
  t.deepEqual(lab.delivery('o1'), ['delivered']);
  t.deepEqual(await listed(), ['o1']);
  t.is((await ask('/o1/data')).body, 'one');
  t.is((await ask('/o1/status')).body, 'completelyReceived');
});

test('a node that is not registered is no destination', async (t) => {
  const { lab } = await setup(t);
  await lab.put('o1', {}, 'one');
  t.deepEqual(await lab.place('o1', 'node2'), {
    status: 500,
    body: 'Failed to find destination openhorizon.edgenode:node2\n',
  });
});

test('right after an update a node still counts as having the object: of the version before', async (t) => {
  const { lab, ess } = await setup(t, { queueMs: 300 });
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  t.deepEqual(lab.delivery('o1'), ['delivered']);
  const path = '/api/v1/objects/acme/probe/o1';
  const body = objectBody('o1', { version: '2' }, 'two');
  t.is((await lab.css.ask({ method: 'PUT', path, auth: 'acme/ci:pw', body })).status, 204);
  t.deepEqual(lab.delivery('o1'), ['delivered'], 'the update waits in a queue (edge-sync-service, objectWorkQueue.go)');
  await ess.sync();
  t.deepEqual(lab.delivery('o1'), ['delivered'], 'the node is not told before');
  await lab.css.settled();
  t.deepEqual(lab.delivery('o1'), ['delivering']);
  await ess.sync();
  t.deepEqual(lab.delivery('o1'), ['delivered']);
});

test('while an update is under way the object is not listed, and its data is gone', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await lab.put('o1', { version: '2' }, 'two');
  t.deepEqual(lab.delivery('o1'), ['delivering']);
  t.is((await ask('/o1/data')).body, 'one', 'until the node looks, it has the old version');
  ess.dataGate.hold();
  const syncing = ess.sync();
  await ess.dataGate.reached();
  t.deepEqual(await listed(), []);
  t.is((await ask('/o1/data')).status, 404);
  t.is((await ask('/o1/status')).body, 'partiallyreceived');
  t.is((await ask('/o1')).status, 200, 'metadata is there all the time');
  ess.dataGate.open();
  await syncing;
  t.deepEqual(await listed(), ['o1']);
  t.is((await ask('/o1/data')).body, 'two');
  t.deepEqual(lab.delivery('o1'), ['delivered']);
});

test('metadata that was written without data does not reach the node, and what it has stays', async (t) => {
  const { lab, ess, ask } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await lab.put('o1', { version: '2' });
  await ess.sync();
  t.deepEqual(lab.delivery('o1'), ['delivered'], "the status is the old version's");
  t.is((await ask('/o1/data')).body, 'one');
});

test('a change of metadata alone does not fetch the data again', async (t) => {
  const { lab, ess, ask } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  const before = lab.css.seen.length;
  await lab.put('o1', { version: '2', metaOnly: true });
  await ess.sync();
  t.false(lab.css.seen.slice(before).some(({ path }) => path.endsWith('/data')));
  t.like(JSON.parse((await ask('/o1')).body), { version: '2' });
  t.is((await ask('/o1/data')).body, 'one');
});

test('a deletion stays listed until nobody is expected to acknowledge it any more', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', { consumers: 1 }, 'one');
  await lab.put('o2', { consumers: -1 }, 'one');
  for (const id of ['o1', 'o2']) await lab.place(id, 'node1');
  await ess.sync();
  for (const id of ['o1', 'o2']) t.is((await lab.remove(id)).status, 204);
  await ess.sync();
  t.deepEqual(await listed(), ['-o1', '-o2']);
  t.is((await ask('/o1/data')).status, 404);
  t.is((await ask('/o1/status')).body, 'objdeleted');
  for (const id of ['o1', 'o2']) t.is((await ask(`/${id}/deleted`, 'PUT')).status, 204);
  t.deepEqual(await listed(), ['-o2'], 'with consumers -1 the tombstone stays for ever (§0)');
});

test('an object that was deleted cannot be made again before its nodes know', async (t) => {
  const { lab, ess } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await lab.remove('o1');
  t.true(JSON.parse((await lab.get('o1')).body).deleted);
  t.deepEqual(await lab.put('o1', {}, 'new'), { status: 400, body: "Can't update object of the receiving side\n" });
  await ess.sync();
  t.is((await lab.get('o1')).status, 404);
  t.is((await lab.put('o1', {}, 'new')).status, 204);
});

test('to a node, no longer being a destination looks like deletion', async (t) => {
  const { lab, ess, listed } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await lab.place('o1', 'node1', 'remove');
  t.deepEqual(lab.delivery('o1'), []);
  await ess.sync();
  t.deepEqual(await listed(), ['-o1']);
  await lab.place('o1', 'node1');
  await ess.sync();
  t.deepEqual(await listed(), ['o1']);
});

test('received counts down to where the plain listing drops the object, and a new version brings it back', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', { consumers: 2 }, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await ask('/o1/received', 'PUT');
  t.deepEqual(await listed(''), ['o1']);
  await ask('/o1/received', 'PUT');
  t.deepEqual(await listed(''), [], 'one reader that calls twice counts twice');
  t.deepEqual(await listed(), ['o1']);
  t.is((await ask('/o1/status')).body, 'objreceived');
  await lab.put('o1', { consumers: 2, version: '2' }, 'two');
  await ess.sync();
  t.deepEqual(await listed(''), ['o1']);
});

test('consumed takes the object away on the node, and the hub knows; with consumers -1 it does nothing', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', { consumers: 1 }, 'one');
  await lab.put('o2', {}, 'one');
  for (const id of ['o1', 'o2']) await lab.place(id, 'node1');
  await ess.sync();
  for (const id of ['o1', 'o2']) t.is((await ask(`/${id}/consumed`, 'PUT')).status, 204);
  t.deepEqual(await listed(), ['o2']);
  t.deepEqual([lab.delivery('o1'), lab.delivery('o2')], [['consumed'], ['delivered']]);
  t.is((await ask('/o1/status')).status, 403, 'what is not there is refused like what is not yours');
  t.is((await lab.get('o1')).status, 200, 'the hub still has it');
});

test('acknowledging what there is nothing to acknowledge of', async (t) => {
  const { lab, ess, ask } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  const { status, body } = await ask('/o1/deleted', 'PUT');
  t.is(status, 400);
  t.regex(body, /empty lastRemovedPolicyServices list/);
  await lab.put('o1', { version: '2' }, 'two');
  ess.dataGate.hold();
  const syncing = ess.sync();
  await ess.dataGate.reached();
  t.regex((await ask('/o1/received', 'PUT')).body, /Invalid attempt to mark object in status partiallyreceived/);
  ess.dataGate.open();
  await syncing;
});

test('a service that an update takes out of the policy sees a deletion until it acknowledges', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await lab.put('o1', { destinationPolicy: policyFor('lab.other') }, 'two');
  await ess.sync();
  t.deepEqual(await listed(), ['-o1']);
  t.is((await ask('/o1/data')).status, 403);
  t.is((await ask('/o1/deleted', 'PUT')).status, 204);
  t.deepEqual(await listed(), []);
  t.is((await ask('/o1/deleted', 'PUT')).status, 403);
});

test('an object without a policy goes to every node of the organisation, also to those that come later', async (t) => {
  const { lab, ess, listed } = await setup(t);
  await lab.put('o1', { destinationPolicy: null }, 'one');
  await ess.sync();
  t.deepEqual(await listed(), ['o1']);
  const late = await lab.addEss('node2');
  await late.sync();
  t.deepEqual(late.object({ org: 'acme', type: 'probe', id: 'o1' })?.status, 'completelyReceived');
  t.deepEqual(lab.delivery('o1').sort(), ['delivered', 'delivered']);
});

test('an object whose name no node can deliver is never there, and stops nothing else (§0)', async (t) => {
  const { lab, ess, ask, listed } = await setup(t);
  await lab.put('a|b', {}, 'one');
  await lab.put('fine', {}, 'one');
  for (const id of ['a|b', 'fine']) await lab.place(id, 'node1');
  await ess.sync();
  t.deepEqual(ess.stalled, [{ org: 'acme', type: 'probe', id: 'a|b' }]);
  t.deepEqual(await listed(), ['fine']);
  t.is((await ask('/a%7Cb/status')).body, 'partiallyreceived');
  t.deepEqual(lab.delivery('a|b'), ['pending']);
});

test('data in several chunks arrives whole', async (t) => {
  const { lab, ess, ask } = await setup(t);
  const data = `${'x'.repeat(5_242_880)}end`;
  await lab.put('big', {}, data);
  await lab.place('big', 'node1');
  await ess.sync();
  t.is((await ask('/big/data')).body, data);
});

test('a hub that cannot be reached leaves everything as it is, and what was missed comes when it is back', async (t) => {
  const { lab, ess, listed } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  ess.link.pause();
  await lab.put('o1', { version: '2' }, 'two');
  await lab.put('o2', {}, 'two');
  await lab.place('o2', 'node1');
  t.false(await ess.sync());
  t.deepEqual(await listed(), ['o1']);
  ess.link.resume();
  t.true(await ess.sync());
  t.deepEqual(await listed(), ['o1', 'o2']);
});
