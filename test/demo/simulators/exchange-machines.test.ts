import test, { type ExecutionContext } from 'ava';
import { type Ask, basic, exchange, node, pattern, policy, service } from './exchange-support.ts';

/** What nodes and agbots do with the Exchange: reference/exchange-mms.md §0, §A.11, §A.12 and anax.md 1 to 3. */

const TOKEN = { password: 'token-of-the-node' };

async function withNode(t: ExecutionContext): Promise<Ask> {
  const { ask } = await exchange(t);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: node() })).status, 201);
  return ask;
}

test('a new node without token and public key is 500 (§0); pattern, key and token go together (§A.11)', async (t) => {
  const { ask } = await exchange(t);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: { name: 'n' } })).status, 500);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: { name: 'n', token: 'Tok' } })).status, 400);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: node({ pattern: 'acme/nope' }) })).status, 400);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: node({ nodeType: 'robot' }) })).status, 400);
  t.is((await ask('PUT', '/orgs/acme/nodes/n', { body: node() })).status, 201);
  const stored = await ask('GET', '/orgs/acme/nodes/n');
  t.like(stored.at('nodes', 'acme/n'), {
    owner: 'acme/admin',
    nodeType: 'device',
    token: '***************',
    publicKey: 'KEY',
  });
});

test('node policy: types checked, missing ones 404 on GET and 500 elsewhere (§0)', async (t) => {
  const ask = await withNode(t);
  const path = '/orgs/acme/nodes/n/policy';
  const missing = await ask('GET', path);
  t.deepEqual([missing.status, missing.at('code')], [404, 'not-found']);
  t.is((await ask('DELETE', path)).status, 500);
  t.is((await ask('PUT', '/orgs/acme/nodes/nope/policy', { body: {} })).status, 500);
  const typed = { deployment: { properties: [{ name: 'a', type: 'odd', value: 1 }] } };
  t.is((await ask('PUT', path, { body: typed })).status, 400);
  const good = { properties: [{ name: 'a', value: 1 }], constraints: ['x == y'], nodePolicyVersion: '2.0' };
  t.is((await ask('PUT', path, { as: 'acme/n', ...TOKEN, body: good })).status, 201);
  t.like((await ask('GET', path)).body, { constraints: ['x == y'], nodePolicyVersion: '2.0' });
});

test('a node reports, and the searches find it by that', async (t) => {
  const ask = await withNode(t);
  const as = { as: 'acme/n', ...TOKEN };
  const running = { agreementId: 'g', serviceUrl: 'lab.svc', orgid: 'acme', version: '1.0.0', arch: 'amd64' };
  const status = { connectivity: { hub: true }, services: [{ ...running, containerStatus: [] }] };
  t.is((await ask('PUT', '/orgs/acme/nodes/n/status', { ...as, body: status })).status, 201);
  t.like((await ask('GET', '/orgs/acme/nodes/n/status', as)).body, {
    connectivity: { hub: true },
    runningServices: '|acme/lab.svc_1.0.0_amd64|',
  });
  const wanted = { orgid: 'acme', serviceURL: 'lab.svc', serviceVersion: '1.0.0', serviceArch: 'amd64' };
  const found = await ask('POST', '/orgs/acme/search/nodes/service', { body: wanted });
  t.deepEqual([found.status, found.at('nodes', 0, 0)], [201, 'acme/n']);
  t.is((await ask('POST', '/orgs/acme/search/nodes/error')).status, 404);
  const errors = [{ record_id: '1', message: 'm', event_code: 'e', hidden: false }];
  t.is((await ask('PUT', '/orgs/acme/nodes/n/errors', { ...as, body: { errors } })).status, 201);
  t.deepEqual((await ask('POST', '/orgs/acme/search/nodes/error')).body, { nodes: ['acme/n'] });
  t.like((await ask('GET', '/orgs/acme/node-details?id=acme/n')).at(0), { id: 'acme/n', errors, policy: undefined });
  t.is((await ask('PUT', '/orgs/acme/nodes/nope/status', { body: {} })).status, 500);
});

test('a status whose connectivity is no boolean can be stored but not read', async (t) => {
  const ask = await withNode(t);
  t.is((await ask('PUT', '/orgs/acme/nodes/n/status', { body: { connectivity: { hub: 'x' } } })).status, 201);
  const { status, body } = await ask('GET', '/orgs/acme/nodes/n/status');
  t.deepEqual(
    [status, body],
    [400, { code: 'invalid-input', msg: 'Do not know how to convert JString(x) into boolean' }],
  );
});

test('agbots and nodes send each other messages; a user cannot, and a mailbox must be there', async (t) => {
  const ask = await withNode(t);
  await ask('PUT', '/orgs/acme/agbots/a', { body: { token: 'tok', name: 'a', publicKey: 'AKEY' } });
  const agbot = { as: 'acme/a', password: 'tok' };
  const body = { message: 'hello', ttl: 60 };
  t.is((await ask('POST', '/orgs/acme/nodes/n/msgs', { ...agbot, body })).status, 201);
  t.is((await ask('POST', '/orgs/acme/nodes/nope/msgs', { ...agbot, body })).status, 404);
  t.is((await ask('POST', '/orgs/acme/nodes/n/msgs', { body })).status, 400);
  t.is((await ask('POST', '/orgs/acme/nodes/n/msgs', { ...agbot, body: 'null' })).status, 500);
  const [message] = (await ask('GET', '/orgs/acme/nodes/n/msgs', { as: 'acme/n', ...TOKEN })).list('messages');
  t.like(message, { agbotId: 'acme/a', agbotPubKey: 'AKEY', message: 'hello' });
  const path = `/orgs/acme/nodes/n/msgs/${message?.msgId}`;
  t.is((await ask('DELETE', path, { as: 'acme/n', ...TOKEN })).status, 204);
  t.is((await ask('GET', '/orgs/acme/nodes/n/msgs', { as: 'acme/n', ...TOKEN })).status, 404);
});

test('an agbot serves patterns and policies, finds nodes for them, and skips those with an agreement', async (t) => {
  const ask = await withNode(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  await ask('POST', '/orgs/acme/business/policies/d', { body: policy() });
  await ask('POST', '/orgs/acme/patterns/p', { body: pattern() });
  await ask('PUT', '/orgs/acme/agbots/a', { body: { token: 'tok', name: 'a', publicKey: 'AKEY' } });
  const agbot = { as: 'acme/a', password: 'tok' };
  const served = { businessPolOrgid: 'acme', businessPol: 'd', nodeOrgid: 'acme' };
  t.is((await ask('POST', '/orgs/acme/agbots/a/businesspols', { ...agbot, body: served })).status, 201);
  t.is((await ask('POST', '/orgs/acme/agbots/a/businesspols', { ...agbot, body: served })).status, 409);
  t.deepEqual((await ask('GET', '/orgs/acme/agbots/a/businesspols', agbot)).keys('businessPols'), ['acme_d_acme']);
  const search = (): ReturnType<Ask> =>
    ask('POST', '/orgs/acme/business/policies/d/search', { ...agbot, body: { changedSince: 0 } });
  const found = await search();
  t.is(found.status, 201);
  t.deepEqual(found.at('nodes'), [{ id: 'acme/n', nodeType: 'device', publicKey: 'KEY' }]);
  const agreement = {
    services: [],
    agreementService: { orgid: 'acme', pattern: '', url: 'acme/lab.svc' },
    state: 'ok',
  };
  const path = '/orgs/acme/nodes/n/agreements/g';
  t.is((await ask('PUT', path, { as: 'acme/n', ...TOKEN, body: agreement })).status, 201);
  t.is((await search()).status, 404);
  t.is((await ask('DELETE', path, { as: 'acme/n', ...TOKEN })).status, 204);
  t.is((await search()).status, 201);
  const byPattern = { ...agbot, body: { serviceUrl: 'acme/lab.svc', nodeOrgids: ['acme'] } };
  t.is((await ask('POST', '/orgs/acme/patterns/p/search', byPattern)).status, 404);
  t.is((await ask('PUT', '/orgs/acme/nodes/m', { body: node({ pattern: 'acme/p' }) })).status, 201);
  t.is((await ask('POST', '/orgs/acme/patterns/p/search', byPattern)).at('nodes', 'length'), 1);
});

test('a paged search is resumed by its session, refused for another one, and kept for agbots only', async (t) => {
  const ask = await withNode(t);
  await ask('PUT', '/orgs/acme/nodes/m', { body: node() });
  await ask('POST', '/orgs/acme/services', { body: service() });
  await ask('POST', '/orgs/acme/business/policies/d', { body: policy() });
  await ask('PUT', '/orgs/acme/agbots/a', { body: { token: 'tok', name: 'a', publicKey: 'AKEY' } });
  const search = (session: string, as: object = { as: 'acme/a', password: 'tok' }): ReturnType<Ask> =>
    ask('POST', '/orgs/acme/business/policies/d/search', { ...as, body: { numEntries: 1, session } });
  const first = await search('one');
  t.deepEqual([first.at('nodes', 0, 'id'), first.at('offsetUpdated')], ['acme/n', true]);
  const other = await search('two');
  t.deepEqual([other.status, other.at('session')], [409, 'one']);
  t.is((await search('one')).status, 201);
  const asUser = await search('one', { as: 'acme/admin' });
  t.deepEqual([asUser.status, asUser.at('code')], [500, 'internal_error']);
});

test('changes: everything that was written, in order, and a heartbeat for who asks (§A.12)', async (t) => {
  const ask = await withNode(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  await ask('PUT', '/orgs/acme/services/lab.svc_1.0.0_amd64', { body: service() });
  const body = { changeId: 0, maxRecords: 1000 };
  const answer = await ask('POST', '/orgs/acme/changes', { body });
  t.is(answer.status, 201);
  t.like(answer.body, { hitMaxRecords: false, exchangeVersion: '2.154.0' });
  const entry = answer.list('changes').find(({ resource }) => resource === 'service');
  t.like(entry, { orgId: 'acme', id: 'lab.svc_1.0.0_amd64', operation: 'created/modified' });
  t.is(Array.isArray(entry?.resourceChanges) ? entry.resourceChanges.length : 0, 2);
  t.deepEqual((await ask('GET', '/changes/maxchangeid')).body, { maxChangeId: answer.at('mostRecentChangeId') });
  t.is((await ask('GET', '/changes/maxchangeid', { as: 'acme/ci' })).status, 403);
  const none = await ask('POST', '/orgs/acme/changes', { body: { changeId: 0 } });
  t.deepEqual([none.status, none.at('changes')], [201, []]);
  const before = (await ask('GET', '/orgs/acme/nodes/n')).at('nodes', 'acme/n', 'lastHeartbeat');
  t.is((await ask('POST', '/orgs/acme/changes', { as: 'acme/n', ...TOKEN, body })).status, 201);
  t.not((await ask('GET', '/orgs/acme/nodes/n')).at('nodes', 'acme/n', 'lastHeartbeat'), before);
});

test('changes just before the one asked from are given once more: slow writers may have come in between', async (t) => {
  const ask = await withNode(t);
  // Written now: what is given once more is no older than two seconds.
  await ask('POST', '/orgs/acme/services', { body: service({ version: '1.0.0' }) });
  const last = Number((await ask('GET', '/changes/maxchangeid')).at('maxChangeId'));
  await ask('POST', '/orgs/acme/services', { body: service({ version: '2.0.0' }) });
  const answer = await ask('POST', '/orgs/acme/changes', { body: { changeId: last + 1, maxRecords: 100 } });
  const ids = answer.list('changes').map(({ id }) => String(id));
  t.true(ids.some((id) => id.includes('_1.0.0_')));
  t.true(ids.some((id) => id.includes('_2.0.0_')));
});

test('a simulated node or agbot can work in process: same rules, no socket', async (t) => {
  const { simulator } = await exchange(t);
  const authorization = basic('acme/node1');
  const body = { services: [] };
  const path = '/orgs/acme/nodes/node1/status';
  t.is((await simulator.request({ method: 'PUT', path, authorization, body })).status, 201);
  t.is(simulator.store.nodes.get('acme/node1')?.status?.runningServices, '|');
  t.is((await simulator.request({ method: 'PUT', path, authorization, body: { x: 1 } })).status, 400);
  t.is((await simulator.request({ method: 'GET', path })).status, 401);
  const filter = '/orgs/acme/nodes?name=nope';
  const filtered = await simulator.request({ method: 'GET', path: filter, authorization: basic('acme/admin') });
  t.deepEqual(filtered, { status: 404, body: { nodes: {}, lastIndex: 0 } });
  t.is(simulator.seen.length, 0);
});

test('a connection cut after the hub acted leaves the thing there', async (t) => {
  const { ask } = await exchange(t, { fate: ({ index }) => ({ kind: index === 0 ? 'cut-after' : 'serve' }) });
  await t.throwsAsync(() => ask('POST', '/orgs/acme/services', { body: service() }));
  t.is((await ask('GET', '/orgs/acme/services/lab.svc_1.0.0_amd64')).status, 200);
});

test('deleting a node takes its reports and agreements along, and its login', async (t) => {
  const ask = await withNode(t);
  const agreement = { services: [], agreementService: { orgid: '', pattern: '', url: 'u' }, state: 's' };
  await ask('PUT', '/orgs/acme/nodes/n/agreements/g', { body: agreement });
  t.is((await ask('DELETE', '/orgs/acme/nodes/n')).status, 204);
  t.is((await ask('GET', '/orgs/acme/nodes/n/agreements/g')).status, 404);
  t.is((await ask('GET', '/orgs/acme/nodes/n', { as: 'acme/n', ...TOKEN })).status, 401);
});

test('HA groups: a node is in one at most, members are shown by name, and users may take others’ nodes', async (t) => {
  const ask = await withNode(t);
  const group = '/orgs/acme/hagroups/g';
  t.is((await ask('GET', '/orgs/acme/hagroups')).status, 404);
  t.is((await ask('POST', group, { body: { members: ['nope'] } })).status, 403);
  t.is((await ask('POST', group, { body: { members: ['n', 'acme/n'], description: 'D' } })).status, 201);
  t.is((await ask('POST', group, { body: {} })).status, 409);
  t.is((await ask('POST', '/orgs/acme/hagroups/h', { body: { members: ['n'] } })).status, 409);
  t.like((await ask('GET', group)).at('nodeGroups', 0), { name: 'g', description: 'D', members: ['n'], admin: true });
  t.like((await ask('GET', group, { as: 'acme/ci' })).at('nodeGroups', 0), { description: '', members: [] });
  t.is((await ask('GET', '/orgs/acme/nodes/n')).at('nodes', 'acme/n', 'ha_group'), 'g');
  t.is((await ask('PUT', group, { as: 'root/root', body: {} })).status, 403);
  t.is((await ask('DELETE', `${group}/nodes/n`, { as: 'acme/ci' })).status, 204);
  t.is((await ask('POST', '/orgs/acme/hagroups/own', { as: 'acme/ci', body: {} })).status, 201);
  t.is((await ask('POST', '/orgs/acme/hagroups/own/nodes/n', { as: 'acme/ci' })).status, 201);
  t.is((await ask('DELETE', group)).status, 204);
});
