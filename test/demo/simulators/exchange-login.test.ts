import test from 'ava';
import { basic, exchange, node, service } from './exchange-support.ts';

/** Who may log in and what for: reference/exchange-mms.md §A.2, §A.5 and §A.6. */

test('authenticate says who a header belongs to, as the CSS needs it', async (t) => {
  const { ask, simulator } = await exchange(t);
  t.deepEqual(simulator.authenticate(basic('acme/admin')), {
    org: 'acme',
    id: 'admin',
    kind: 'user',
    roles: ['AdminUser'],
  });
  t.deepEqual(simulator.authenticate(basic('acme/node1')), { org: 'acme', id: 'node1', kind: 'node', roles: ['Node'] });
  t.like(simulator.authenticate(basic('root/root')), { kind: 'user', roles: ['SuperUser'] });
  t.is((await ask('PUT', '/orgs/acme/agbots/a', { body: { token: 'tok', name: 'a', publicKey: '' } })).status, 201);
  t.like(simulator.authenticate(basic('acme/a', 'tok')), { kind: 'agbot', roles: ['Agbot'] });
  t.is(simulator.authenticate(basic('acme/admin', 'wrong')), 'invalid.credentials');
  t.is(simulator.authenticate(basic('acme/ghost')), 'unauthorized');
  t.is(typeof simulator.authenticate(undefined), 'string');
});

test('a node beats a user of the same name (§A.2)', async (t) => {
  const { ask, simulator } = await exchange(t);
  t.like(simulator.authenticate(basic('acme/ci')), { kind: 'user' });
  t.is((await ask('PUT', '/orgs/acme/nodes/ci', { body: node() })).status, 201);
  t.like(simulator.authenticate(basic('acme/ci', 'token-of-the-node')), { kind: 'node' });
  t.is(simulator.authenticate(basic('acme/ci')), 'invalid.credentials');
});

test('API keys log in under the name apikey, with what their owner may', async (t) => {
  const { ask } = await exchange(t);
  const made = await ask('POST', '/orgs/acme/users/ci/apikeys', { as: 'acme/ci', body: { label: 'CI' } });
  t.is(made.status, 201);
  const [id, value] = [String(made.at('id')), String(made.at('value'))];
  const login = { as: 'acme/apikey', password: value };
  t.is((await ask('POST', '/orgs/acme/services', { ...login, body: service() })).status, 201);
  const listed = await ask('GET', '/orgs/acme/services', { as: 'acme/ci' });
  t.is(listed.at('services', 'acme/lab.svc_1.0.0_amd64', 'owner'), 'acme/ci');
  const shown = await ask('GET', `/orgs/acme/users/ci/apikeys/${id}`, { as: 'acme/ci' });
  t.false(shown.keys().includes('value'));
  t.is((await ask('GET', '/orgs/acme/services', { as: 'acme/iamapikey', password: value })).status, 401);
  t.is((await ask('DELETE', `/orgs/acme/users/ci/apikeys/${id}`, { as: 'acme/ci' })).status, 204);
  t.is((await ask('GET', '/orgs/acme/services', login)).status, 401);
});

test('a user that exists already is 400, an org 409 (§A.4)', async (t) => {
  const { ask } = await exchange(t);
  const body = { password: 'pw', email: 'e' };
  t.is((await ask('POST', '/orgs/acme/users/u', { body })).status, 201);
  const user = await ask('POST', '/orgs/acme/users/u', { body });
  t.deepEqual([user.status, user.at('code')], [400, 'invalid-input']);
  const org = { label: 'L', description: 'D' };
  t.is((await ask('POST', '/orgs/new', { as: 'root/root', body: org })).status, 201);
  const again = await ask('POST', '/orgs/new', { as: 'root/root', body: org });
  t.deepEqual([again.status, again.at('code')], [409, 'already-exists']);
});

test('changed passwords and deleted users count at once (captures/hub/exchange-concurrency.json)', async (t) => {
  const { ask } = await exchange(t);
  const body = { password: 'old', email: 'e' };
  await ask('POST', '/orgs/acme/users/u', { body });
  const login = async (password: string): Promise<number> =>
    (await ask('GET', '/orgs/acme/users/u', { as: 'acme/u', password })).status;
  t.is(await login('old'), 200);
  t.is((await ask('POST', '/orgs/acme/users/u/changepw', { body: { newPassword: 'new' } })).status, 201);
  t.deepEqual([await login('old'), await login('new')], [401, 200]);
  t.is((await ask('DELETE', '/orgs/acme/users/u')).status, 204);
  t.is(await login('new'), 401);
});

test('standard users create, write their own, and see their own and what is public (§A.2, §A.7)', async (t) => {
  const { ask } = await exchange(t);
  t.is((await ask('POST', '/orgs/acme/services', { as: 'acme/ci', body: service() })).status, 201);
  const path = '/orgs/acme/services/lab.svc_1.0.0_amd64';
  t.is((await ask('GET', path, { as: 'acme/ci' })).status, 200);
  t.is((await ask('GET', path)).status, 200);
  t.is((await ask('GET', path, { as: 'acme/node1' })).status, 200);
  t.is((await ask('GET', path, { as: 'acme/other' })).status, 404);
  t.is((await ask('GET', '/orgs/acme/services', { as: 'acme/other' })).status, 404);
  t.is((await ask('DELETE', path, { as: 'acme/other' })).status, 403);
  t.is((await ask('PUT', path, { as: 'acme/ci', body: service({ public: true }) })).status, 201);
  t.is((await ask('GET', path, { as: 'acme/other' })).status, 200);
  t.is((await ask('POST', '/orgs/acme/services', { as: 'acme/node1', body: service() })).status, 403);
  t.is((await ask('POST', '/orgs/acme/services', { as: 'root/hubadmin', body: service() })).status, 403);
});

test('what was private stays so for other orgs for 90 minutes once they asked: the flag is cached (§A.2)', async (t) => {
  const { ask } = await exchange(t);
  const path = '/orgs/acme/services/lab.svc_1.0.0_amd64';
  t.is((await ask('POST', '/orgs/acme/services', { body: service() })).status, 201);
  t.is((await ask('GET', path, { as: 'IBM/admin' })).status, 403);
  t.is((await ask('PUT', path, { body: service({ public: true }) })).status, 201);
  t.is((await ask('GET', path, { as: 'IBM/admin' })).status, 403);
  t.is((await ask('GET', '/orgs/acme/services', { as: 'IBM/admin' })).status, 200);
});

test('only root and hub admins make orgs; myorgs and the listing show what the caller may see (§A.5)', async (t) => {
  const { ask } = await exchange(t);
  const body = { label: 'L', description: 'D', tags: { ibmcloud_id: 'account' } };
  t.is((await ask('POST', '/orgs/new', { body })).status, 403);
  t.is((await ask('POST', '/orgs/new', { as: 'root/hubadmin', body })).status, 201);
  t.deepEqual((await ask('GET', '/orgs')).keys('orgs'), ['IBM', 'acme']);
  t.deepEqual((await ask('POST', '/myorgs', { body: [{ id: 'account' }] })).keys('orgs'), ['new']);
  t.is((await ask('POST', '/myorgs', { body: [null] })).status, 502);
});

test('an attribute of an org is text, and empty where nothing was ever set', async (t) => {
  const { ask } = await exchange(t);
  const attribute = async (name: string): Promise<unknown> => (await ask('GET', `/orgs/acme?attribute=${name}`)).body;
  t.deepEqual(await attribute('limits'), { attribute: 'limits', value: '' });
  t.is((await ask('PATCH', '/orgs/acme', { body: { limits: { maxNodes: 3 } } })).status, 201);
  t.deepEqual(await attribute('limits'), { attribute: 'limits', value: '{"maxNodes":3}' });
});
