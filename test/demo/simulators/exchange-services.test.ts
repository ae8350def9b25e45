import test from 'ava';
import { basic, exchange, service } from './exchange-support.ts';

/** Services and what hangs on them: reference/exchange-mms.md §0, §A.4 and §A.7. */

const PATH = '/orgs/acme/services/lab.svc_1.0.0_amd64';

test('POST once, PUT from then on; a second POST is 403 already-exists with PostgreSQL’s words (§A.4)', async (t) => {
  const { ask } = await exchange(t);
  t.is((await ask('PUT', PATH, { body: service() })).status, 404);
  const created = await ask('POST', '/orgs/acme/services', { body: service() });
  t.deepEqual([created.status, created.body], [201, { code: 'ok', msg: "service 'acme/lab.svc_1.0.0_amd64' created" }]);
  const again = await ask('POST', '/orgs/acme/services', { body: service() });
  t.is(again.status, 403);
  t.deepEqual(again.body, {
    code: 'already-exists',
    msg: `service 'acme/lab.svc_1.0.0_amd64' already exists: ERROR: duplicate key value violates unique constraint "services_pkey"
  Detail: Key (service)=(acme/lab.svc_1.0.0_amd64) already exists.`,
  });
  t.is((await ask('PUT', PATH, { body: service({ label: 'New' }) })).status, 201);
  t.is((await ask('GET', PATH)).at('services', 'acme/lab.svc_1.0.0_amd64', 'label'), 'New');
  t.is((await ask('DELETE', PATH)).status, 204);
  t.is((await ask('DELETE', PATH)).status, 404);
});

test('a PUT whose body makes another id is 400 (§A.7)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  t.is((await ask('PUT', PATH, { body: service({ version: '1.0.1' }) })).status, 400);
});

test('the id rule: scheme off, some characters to dashes; two urls can share an id (§A.7)', async (t) => {
  const { ask } = await exchange(t);
  const post = (url: string): ReturnType<typeof ask> => ask('POST', '/orgs/acme/services', { body: service({ url }) });
  const created = await post('https://acme.com/svc/a?b=1');
  t.regex(String(created.at('msg')), /'acme\/acme\.com-svc-a-b-1_1\.0\.0_amd64'/);
  t.is((await post('a/b')).status, 201);
  const collision = await post('a-b');
  t.deepEqual([collision.status, collision.at('code')], [403, 'already-exists']);
  t.regex(String((await post('a:b#c+d e_f')).at('msg')), /'acme\/a:b#c\+d e_f_1\.0\.0_amd64'/);
});

test('strange versions and arch * are accepted, words are not (§0)', async (t) => {
  const { ask } = await exchange(t);
  const statusOf = async (fields: Record<string, unknown>): Promise<number> =>
    (await ask('POST', '/orgs/acme/services', { body: service(fields) })).status;
  for (const version of ['INFINITY', '01.2.3', ' 1.0.0', '1', '1.2']) t.is(await statusOf({ version }), 201, version);
  t.is(await statusOf({ arch: '*' }), 201);
  for (const version of ['1.0.0-rc1', 'v1', '1.2.3.4', '']) t.is(await statusOf({ version }), 400, version);
  t.is(await statusOf({ arch: '' }), 400);
  t.is(await statusOf({ sharable: 'Multiple' }), 400);
  t.is(await statusOf({ url: 'u', documentation: 'no url' }), 400);
  t.is(await statusOf({ url: 'u', deployment: '{}' }), 400);
  t.is(await statusOf({ url: 'u', deployment: '{}', deploymentSignature: 'anything' }), 201);
});

test('a required service must exist, with the same arch; deleting it later is nobody’s business (§A.7)', async (t) => {
  const { ask } = await exchange(t);
  const needing = (fields: object): unknown =>
    service({ url: 'top', requiredServices: [{ url: 'lab.svc', org: 'acme', arch: 'amd64', ...fields }] });
  const statusOf = async (fields: object): Promise<number> =>
    (await ask('POST', '/orgs/acme/services', { body: needing(fields) })).status;
  t.is(await statusOf({ versionRange: '1.0.0' }), 400);
  await ask('POST', '/orgs/acme/services', { body: service({ version: '1.4.0' }) });
  t.is(await statusOf({ versionRange: '[2.0.0,INFINITY)' }), 400);
  t.is(await statusOf({ versionRange: '1.0.0', arch: 'arm64' }), 400);
  t.is(await statusOf({}), 400);
  t.is(await statusOf({ version: '1.0.0' }), 201);
  t.is((await ask('DELETE', '/orgs/acme/services/lab.svc_1.4.0_amd64')).status, 204);
});

test('server defaults: description, documentation and imageStore (§0)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  t.like((await ask('GET', PATH)).at('services', 'acme/lab.svc_1.0.0_amd64'), {
    owner: 'acme/admin',
    description: 'L',
    documentation: '',
    imageStore: {},
    matchHardware: {},
    requiredServices: [],
    userInput: [],
    deployment: '',
  });
});

test('parts of a missing service are 500, not 404 (§0)', async (t) => {
  const { ask } = await exchange(t);
  const policy = await ask('PUT', `${PATH}/policy`, { body: { properties: [] } });
  t.deepEqual([policy.status, policy.at('code')], [500, 'internal_error']);
  const key = await ask('PUT', `${PATH}/keys/k`, { body: 'PEM', headers: { 'content-type': 'text/plain' } });
  t.deepEqual([key.status, key.at('code')], [500, 'internal_error']);
});

test('property types of a service policy are checked, constraints are not (§A.7)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  const put = (body: unknown): ReturnType<typeof ask> => ask('PUT', `${PATH}/policy`, { body });
  t.is((await put({ properties: [{ name: 'a', type: 'number', value: 1 }] })).status, 400);
  t.is((await put({ properties: [{ name: 'a', type: 'int', value: 'x' }], constraints: ['(('] })).status, 201);
  t.deepEqual((await ask('GET', `${PATH}/policy`)).at('constraints'), ['((']);
  t.is((await ask('DELETE', `${PATH}/policy`)).status, 204);
  t.is((await ask('GET', `${PATH}/policy`)).status, 404);
});

test('keys take any content of any type and come back as plain text (§0)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  const none = await ask('GET', `${PATH}/keys`);
  t.deepEqual([none.status, none.body], [404, []]);
  t.is((await ask('PUT', `${PATH}/keys/a`, { body: 'no PEM', headers: { 'content-type': 'image/png' } })).status, 201);
  t.is((await ask('PUT', `${PATH}/keys/b`)).status, 201);
  t.deepEqual((await ask('GET', `${PATH}/keys`)).body, ['a', 'b']);
  const key = await ask('GET', `${PATH}/keys/a`);
  t.deepEqual([key.type, key.body], ['text/plain; charset=UTF-8', 'no PEM']);
  const missing = await ask('GET', `${PATH}/keys/nope`);
  t.deepEqual([missing.status, missing.body], [404, '']);
});

test('of 32 parallel PUTs of one new key 9 get 500; one after another they are fine (§0)', async (t) => {
  const { ask, simulator } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  const authorization = basic('acme/admin');
  const put = async (): Promise<number> =>
    (await simulator.request({ method: 'PUT', path: `${PATH}/keys/k`, authorization, body: 'PEM' })).status;
  const together = await Promise.all(Array.from({ length: 32 }, put));
  t.is(together.filter((status) => status === 201).length, 23);
  t.is(together.filter((status) => status === 500).length, 9);
  t.deepEqual([await put(), await put()], [201, 201]);
});

test('parallel POSTs of one id: one 201, else 403; parallel PUTs: all 201 (exchange-concurrency.json)', async (t) => {
  const { ask } = await exchange(t);
  const body = service();
  const posts = await Promise.all(
    Array.from({ length: 32 }, async () => (await ask('POST', '/orgs/acme/services', { body })).status),
  );
  t.is(posts.filter((status) => status === 201).length, 1);
  t.is(posts.filter((status) => status === 403).length, 31);
  const puts = await Promise.all(Array.from({ length: 32 }, async () => (await ask('PUT', PATH, { body })).status));
  t.deepEqual(new Set(puts), new Set([201]));
});

test('dockauths: a duplicate touches, a missing one is 404 with code ok (§0)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  const body = { registry: 'r', username: 'u', token: 't' };
  const empty = await ask('GET', `${PATH}/dockauths`);
  t.deepEqual([empty.status, empty.body], [404, []]);
  t.is((await ask('POST', `${PATH}/dockauths`, { body })).status, 201);
  t.is((await ask('POST', `${PATH}/dockauths`, { body })).status, 201);
  t.is((await ask('GET', `${PATH}/dockauths`)).at('length'), 1);
  const missing = await ask('PUT', `${PATH}/dockauths/99`, { body });
  t.deepEqual([missing.status, missing.at('code')], [404, 'ok']);
});

test('PATCH changes one attribute, the first it knows (§A.7)', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  const patched = await ask('PATCH', PATH, { body: { label: 'New', description: 'New' } });
  t.is(patched.status, 201);
  const stored = (await ask('GET', PATH)).at('services', 'acme/lab.svc_1.0.0_amd64');
  t.like(stored, { label: 'New', description: 'L' });
  t.is((await ask('PATCH', PATH, { body: {} })).status, 400);
});

test('limits: the one above the limit passes, the next is 403 (§A.7)', async (t) => {
  const { ask } = await exchange(t, { limits: { services: 2 } });
  const statuses: number[] = [];
  for (const url of ['a', 'b', 'c', 'd']) {
    statuses.push((await ask('POST', '/orgs/acme/services', { body: service({ url }) })).status);
  }
  t.deepEqual(statuses, [201, 201, 201, 403]);
});

test('filters: % is a wildcard for url, not for versions (§A.7); the catalogue has what is public', async (t) => {
  const { ask } = await exchange(t);
  await ask('POST', '/orgs/acme/services', { body: service() });
  await ask('POST', '/orgs/acme/services', { body: service({ url: 'other.svc', public: true }) });
  const ids = async (path: string): Promise<string[]> => (await ask('GET', path)).keys('services');
  t.deepEqual(await ids('/orgs/acme/services?url=lab%25'), ['acme/lab.svc_1.0.0_amd64']);
  t.deepEqual(await ids('/orgs/acme/services?public=true'), ['acme/other.svc_1.0.0_amd64']);
  t.is((await ask('GET', '/orgs/acme/services?version=%25')).status, 400);
  t.is((await ask('GET', '/orgs/acme/services?owner=nobody')).status, 404);
  const catalogue = await ask('GET', '/catalog/acme/services', { as: 'acme/other' });
  t.deepEqual(catalogue.keys('services'), ['acme/other.svc_1.0.0_amd64']);
});
