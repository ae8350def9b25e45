/** The protocol with which nodes register, fetch and report, call by call (edge-sync-service core/communications). */
import test from 'ava';
import { type CssLab, startCssLab } from './css-lab.ts';

const NODE = 'acme/openhorizon.edgenode/node1';

interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly as?: string | null;
  /** The header in which the node names itself. */
  readonly node?: string;
  readonly body?: string;
}

/** @returns status and body as one text */
async function call(lab: CssLab, { method = 'PUT', path, as = NODE, node = NODE, body }: Call): Promise<string> {
  const headers = { 'x-sync-service-dest': node };
  const reply = await lab.speak({ method, path, as, headers, ...(body !== undefined && { body }) });
  return `${reply.status} ${String(reply.body).trim()}`.trim();
}

async function registered(t: { teardown(undo: () => Promise<void>): void }): Promise<CssLab> {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  await call(lab, { path: `/register-new/${NODE}` });
  return lab;
}

test('a node registers, as a new one when it is not known', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const path = `/register/${NODE}`;
  t.is(await call(lab, { path }), '404');
  t.is(await call(lab, { path: `/ping/${NODE}` }), '404');
  t.is(await call(lab, { path: '/objects/', method: 'GET' }), '424');
  t.is(await call(lab, { path: `/register-new/${NODE}` }), '204');
  t.is(await call(lab, { path }), '204');
  t.is(await call(lab, { path: '/objects/', method: 'GET' }), '204');
  t.is(await call(lab, { path: `${path}?persistent-storage=x` }), '400');
  t.is(await call(lab, { path, method: 'GET' }), '405');
  t.is(await call(lab, { path: `/unregister/${NODE}` }), '204');
  t.is(await call(lab, { path: '/objects/', method: 'GET' }), '424');
});

const refuses = test.macro({
  async exec(t, given: Omit<Call, 'path'>) {
    const lab = await registered(t);
    t.is(await call(lab, { ...given, path: `/register/${NODE}` }), '403 Unauthorized');
  },
  title: (who) => `nobody registers a node but itself: ${who}`,
});
test('another name in the header', refuses, { node: 'acme/openhorizon.edgenode/node2' });
test('half a name in the header', refuses, { node: 'acme/node1' });
test('a user', refuses, { as: 'acme/ci' });
test('an agbot', refuses, { as: 'IBM/agbot' });
test('nobody', refuses, { as: null });

test('what is waiting is told until the node has taken it', async (t) => {
  const lab = await registered(t);
  await lab.put('o1', {}, 'hello');
  await lab.place('o1', 'node1');
  const poll = async () => (await call(lab, { method: 'GET', path: '/objects/' })).replace(/\s+/g, ' ');
  const told = await poll();
  t.regex(told, /^200 \[ \{ "Type": "update", "MetaData": \{ "objectID": "o1"/);
  t.is(await poll(), told);
  const version = /"instanceID": (\d+), "dataID": (\d+)/.exec(told)?.slice(1).join('/') ?? '';
  const about = `/objects/acme/probe/o1/${version}`;
  t.is(await call(lab, { path: '/objects/acme/probe/o1/1/1/updated' }), '409 Ignore object updated');
  t.is(
    await call(lab, { method: 'GET', path: '/objects/acme/probe/o1/1/1/data' }).then((text) => text.slice(0, 3)),
    '409',
  );
  t.is(await call(lab, { path: `${about}/updated` }), '204');
  t.is(await poll(), '204');
  t.deepEqual(lab.delivery('o1'), ['pending']);
  t.is(await call(lab, { method: 'GET', path: `${about}/data` }), '200 hello');
  t.is(await call(lab, { path: `${about}/received` }), '204');
  t.deepEqual(lab.delivery('o1'), ['delivered']);
  t.is(await call(lab, { path: `${about}/received` }), '409 Ignore object received', 'once');
});

test("a failure is kept as the delivery's message, and the version is offered again", async (t) => {
  const lab = await registered(t);
  await lab.put('o1', {}, 'hello');
  await lab.place('o1', 'node1');
  const poll = () => call(lab, { method: 'GET', path: '/objects/' });
  const version =
    /"instanceID": (\d+),\s+"dataID": (\d+)/
      .exec(await poll())
      ?.slice(1)
      .join('/') ?? '';
  const body = JSON.stringify({ Code: 1, RetryInterval: 0, Reason: 'disk full' });
  t.is(await call(lab, { path: `/objects/acme/probe/o1/${version}/feedback`, body }), '204');
  const [delivery] = lab.css.deliveries({ org: 'acme', type: 'probe', id: 'o1' });
  t.like(delivery, { status: 'error', message: 'disk full' });
  t.is(await poll(), '204');
  lab.css.maintain();
  t.regex(await poll(), /^200/);
});

test('what nobody was told about cannot be reported on', async (t) => {
  const lab = await registered(t);
  const answers: Record<string, string> = {};
  for (const action of ['updated', 'received', 'consumed', 'ackDelete', 'deleted', 'feedback', 'data', 'nonsense']) {
    answers[action] = await call(lab, { path: `/objects/acme/probe/none/1/1/${action}`, body: '{}' });
  }
  t.deepEqual(answers, {
    updated: '500 Error in handleObjectUpdated: no notification to update.',
    received: '409 Ignore object received',
    consumed: '409 Ignore object consumed',
    ackDelete: '500 Error in handleAckDelete: no notification to update.',
    deleted: '409 Ignore object deleted',
    feedback: '500 Error in handleFeedback: no notification to update.',
    data: '400 Failed to find object to set data',
    nonsense: '400',
  });
  t.is(await call(lab, { method: 'GET', path: '/objects/acme/probe/none/1/1/data' }), '204', 'proves nothing');
  t.is(await call(lab, { method: 'GET', path: '/objects/acme/probe' }), '400');
  t.is(await call(lab, { path: '/objects/acme/probe/none/x/1/updated' }), '400');
});

test('an older version from the node is ignored, and chunks never make a whole (bolt)', async (t) => {
  const lab = await registered(t);
  const update = (instanceID: number, over = {}) =>
    call(lab, {
      path: `/objects/acme/probe/up/${instanceID}/${instanceID}/update`,
      body: JSON.stringify({
        objectID: 'up',
        objectType: 'probe',
        destinationOrgID: 'acme',
        originID: 'node1',
        originType: 'openhorizon.edgenode',
        instanceID,
        dataID: instanceID,
        ...over,
      }),
    });
  const status = async () => (await lab.get('up', '/status')).body;
  t.is(await update(5), '204');
  t.is(await status(), 'partiallyreceived');
  t.is(await update(5), '409 Ignore object update');
  t.is(await update(4), '409 Ignore object update');
  const headers = { 'x-sync-service-dest': NODE, 'content-range': 'bytes 0-4/5' };
  const chunk = { method: 'PUT', path: '/objects/acme/probe/up/5/5/data', as: NODE, headers, body: 'hello' } as const;
  t.is((await lab.speak(chunk)).status, 204);
  t.is(await status(), 'partiallyreceived');
  t.is(await update(6, { noData: true }), '204');
  t.is(await status(), 'completelyReceived');
});
