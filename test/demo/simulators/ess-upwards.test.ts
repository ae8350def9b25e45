/** What services publish from a node (reference/exchange-mms.md §0, "A service container can publish upwards"). */
import test from 'ava';
import type { Body } from '#tools/bundle/types.ts';
import { startCssLab } from './css-lab.ts';
import { askEss } from './lab.ts';

async function setup(t: { teardown(undo: () => Promise<void>): void }) {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  const { id, token } = await ess.credentials.create('a', 'acme/lab.guard', '1.0.0');
  await ess.sync();
  const ask = (objectId: string, below: string, method: string, body?: string) =>
    askEss(ess, {
      auth: `${id}:${token}`,
      method,
      path: `/api/v1/objects/probe/${encodeURIComponent(objectId)}${below}`,
      ...(body !== undefined && { body }),
    });
  const publish = async (objectId: string, data: string, meta: Body = {}) => {
    const body = {
      meta: { objectID: objectId, objectType: 'probe', version: '1', ...meta },
      data: Buffer.from(data).toString('base64'),
    };
    const { status } = await ask(objectId, '', 'PUT', JSON.stringify(body));
    await ess.sent();
    return status;
  };
  return { lab, ess, ask, publish };
}

test('the hub has it at once, in the name of the node', async (t) => {
  const { lab, publish } = await setup(t);
  t.is(await publish('status', 'one'), 204);
  t.like(JSON.parse((await lab.get('status')).body), {
    ownerID: 'acme/node1',
    originID: 'node1',
    originType: 'openhorizon.edgenode',
    destinationID: 'node1',
  });
  t.is((await lab.get('status', '/data')).body, 'one');
  t.is((await lab.get('status', '/status')).body, 'completelyReceived');
  t.is(await publish('status', 'two', { version: '2' }), 204);
  t.is((await lab.get('status', '/data')).body, 'two');
  const list = await lab.send({ path: '/objects/acme/probe' });
  t.is(list.status, 200, 'it has arrived here: it is in the plain listing');
});

test("an organisation's users may delete it and not write it", async (t) => {
  const { lab, publish } = await setup(t);
  await publish('status', 'one');
  t.deepEqual(await lab.put('status', {}, 'mine'), {
    status: 400,
    body: "Can't update object of the receiving side\n",
  });
  t.is((await lab.remove('status')).status, 204);
  t.is((await lab.put('status', {}, 'mine')).status, 204, 'then the id is free');
});

test("an id that a publisher has is not the node's to take, and the service is not told", async (t) => {
  const { lab, ess, publish } = await setup(t);
  await lab.put('taken', {}, 'publisher');
  t.is(await publish('taken', 'node'), 204);
  t.is((await lab.get('taken', '/data')).body, 'publisher');
  t.deepEqual(ess.refused, ['update taken: 500 Error in handleUpdate: cannot update object from the receiver side.']);
});

test('what came from the hub cannot be overwritten on the node', async (t) => {
  const { lab, ess, ask, publish } = await setup(t);
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  t.is(await publish('o1', 'node'), 400);
  t.is((await ask('o1', '', 'DELETE')).status, 400);
  t.is((await ask('o1', '/data', 'PUT', 'x')).status, 400);
});

test('a node can delete, by its id alone, what a publisher has', async (t) => {
  const { lab, ess, ask, publish } = await setup(t);
  await publish('o1', 'node');
  await lab.remove('o1');
  await lab.put('o1', {}, 'publisher');
  t.is((await ask('o1', '', 'DELETE')).status, 204);
  await ess.sent();
  t.true(JSON.parse((await lab.get('o1')).body).deleted);
  t.is((await lab.get('o1', '/data')).status, 404);
});

test('a deletion on the node is a tombstone on the hub until somebody acknowledges it', async (t) => {
  const { lab, ess, ask, publish } = await setup(t);
  await publish('status', 'one');
  t.is((await ask('status', '', 'DELETE')).status, 204);
  await ess.sent();
  t.is((await lab.get('status', '/status')).body, 'objdeleted');
  t.is((await lab.send({ method: 'PUT', path: '/objects/acme/probe/status/deleted' })).status, 204);
  await ess.sync();
  t.is((await lab.get('status')).status, 404);
});

test('while the hub cannot be reached it waits, and the newest data goes up', async (t) => {
  const { lab, ess, ask } = await setup(t);
  ess.link.pause();
  const put = (data: string, version: string) =>
    ask(
      'status',
      '',
      'PUT',
      JSON.stringify({
        meta: { objectID: 'status', objectType: 'probe', version },
        data: Buffer.from(data).toString('base64'),
      }),
    );
  t.is((await put('one', '1')).status, 204);
  t.is((await put('two', '2')).status, 204);
  t.is((await lab.get('status')).status, 404);
  ess.link.resume();
  await ess.sent();
  t.is((await lab.get('status', '/data')).body, 'two');
  t.like(JSON.parse((await lab.get('status')).body), { version: '2' });
});

test('what only the hub can do is refused', async (t) => {
  const { publish } = await setup(t);
  t.is(await publish('o1', 'x', { expiration: '2099-01-01T00:00:00Z' }), 400);
  t.is(await publish('o1', 'x', { destinationsList: ['a:b'] }), 400);
});

test('a name that cannot be delivered never goes up', async (t) => {
  const { lab, ess, publish } = await setup(t);
  t.is(await publish('a|b', 'x'), 204);
  t.is((await lab.get('a|b')).status, 404);
  t.deepEqual(ess.refused, ['update a|b: Invalid characters in parameter']);
});
