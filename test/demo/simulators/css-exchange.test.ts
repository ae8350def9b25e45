/** A CSS that checks logins at an Exchange, as the real one does: over HTTP (anax css/horizonAuthenticate.go). */
import test from 'ava';
import { startCss } from '#demo/simulators/css/start-css.ts';
import { startExchange } from '#demo/simulators/exchange/exchange.ts';
import { objectBody } from './css-lab.ts';
import { STATE } from './lab.ts';

async function setup(t: { teardown(undo: () => Promise<void>): void }) {
  const exchange = await startExchange({
    state: {
      ...STATE,
      users: [...STATE.users, { id: 'root/hubadmin', hubAdmin: true }],
      nodes: [{ id: 'acme/node1', token: 'pw' }],
    },
  });
  t.teardown(() => exchange.close());
  const css = await startCss({ exchange: exchange.url, exchangeRetryMs: 1 });
  t.teardown(() => css.close());
  const write = async (auth: string, type: string, org = 'acme') => {
    const body = objectBody('o1', { objectType: type, destinationOrgID: org }, 'x');
    return (await css.ask({ method: 'PUT', path: `/api/v1/objects/${org}/${type}/o1`, auth, body })).status;
  };
  return { exchange, css, write };
}

const rights = test.macro({
  async exec(t, auth: string, expected: readonly [own: number, manifest: number, other: number]) {
    const { write } = await setup(t);
    const found = [
      await write(auth, 'probe'),
      await write(auth, 'agent_upgrade_manifests'),
      await write(auth, 'probe', 'IBM'),
    ];
    t.deepEqual(found, expected);
  },
  title: (_, auth) => `${auth} writes what its role at the Exchange allows`,
});
test(rights, 'acme/ci:pw', [204, 403, 403]);
test(rights, 'acme/admin:pw', [204, 204, 403]);
test(rights, 'root/root:pw', [204, 204, 204]);
test(rights, 'root/hubadmin:pw', [204, 204, 204]);
test(rights, 'IBM/agbot:pw', [204, 204, 204]);
test(rights, 'acme/node1:pw', [403, 403, 403]);
test(rights, 'acme/ci:wrong', [403, 403, 403]);
test(rights, 'acme/nobody:pw', [403, 403, 403]);
test(rights, 'acme:pw', [403, 403, 403]);

test('an agbot, a user and a node of one name are asked about in this order, and once in a while', async (t) => {
  const { exchange, write } = await setup(t);
  await write('acme/ci:pw', 'probe');
  await write('acme/ci:pw', 'probe');
  t.deepEqual(
    exchange.seen.map(({ path }) => path),
    ['/v1/orgs/acme/agbots/ci', '/v1/orgs/acme/users/ci'],
  );
});

test('an API key is its owner', async (t) => {
  const { exchange, css, write } = await setup(t);
  const reply = await exchange.request({
    method: 'POST',
    path: '/orgs/acme/users/ci/apikeys',
    authorization: `Basic ${Buffer.from('acme/ci:pw').toString('base64')}`,
    body: { description: 'ci' },
  });
  const { value } = reply.body instanceof Object && 'value' in reply.body ? reply.body : { value: undefined };
  const auth = `acme/apikey:${value}`;
  t.is(await write(auth, 'probe'), 204);
  const object = await css.ask({ path: '/api/v1/objects/acme/probe/o1', auth });
  t.like(JSON.parse(object.body), { ownerID: 'acme/ci' });
});

test('an Exchange that cannot be reached lets nobody in but those it let in before', async (t) => {
  const { exchange, write } = await setup(t);
  t.is(await write('acme/ci:pw', 'probe'), 204);
  await exchange.close();
  t.is(await write('acme/ci:pw', 'probe'), 204);
  t.is(await write('acme/admin:pw', 'probe'), 403);
});
