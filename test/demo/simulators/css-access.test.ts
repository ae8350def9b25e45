import test from 'ava';
import { login, objectBody, startCssLab } from './css-lab.ts';

const LAB = test.macro({
  async exec(t, as: string | null, expected: Readonly<Record<string, number | string>>) {
    const lab = await startCssLab();
    t.teardown(() => lab.close());
    await lab.put('o1', {}, 'data');
    await lab.put('open', { public: true }, 'data');
    const ask = async (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: string) => {
      const reply = await lab.send({ method, path, as, ...(body !== undefined && { body }) });
      return reply.status === 200 && path.includes('?')
        ? String(reply.body).replaceAll(/\s/g, '').slice(0, 2)
        : reply.status;
    };
    t.deepEqual(
      {
        meta: await ask('GET', '/objects/acme/probe/o1'),
        data: await ask('GET', '/objects/acme/probe/o1/data'),
        missing: await ask('GET', '/objects/acme/probe/none'),
        public: await ask('GET', '/objects/acme/probe/open'),
        filters: await ask('GET', '/objects/acme?filters=true&objectType=probe&objectID=o1'),
        write: await ask('PUT', '/objects/acme/probe/o2', objectBody('o2', {}, 'x')),
        manifest: await ask(
          'PUT',
          '/objects/acme/agent_upgrade_manifests/m',
          objectBody('m', { objectType: 'agent_upgrade_manifests' }, 'x'),
        ),
        remove: await ask('DELETE', '/objects/acme/probe/o1'),
        otherOrg: await ask('PUT', '/objects/IBM/probe/o2', objectBody('o2', { destinationOrgID: 'IBM' }, 'x')),
      },
      expected,
    );
  },
  title: (_, as) => `${as ?? 'nobody'} may do as much as the real CSS allows (§C.1)`,
});

const everything = { meta: 200, data: 200, missing: 404, public: 200, filters: '[{', write: 204, remove: 204 };
const nothing = {
  meta: 403,
  data: 403,
  missing: 403,
  public: 403,
  filters: 403,
  write: 403,
  manifest: 403,
  remove: 403,
  otherOrg: 403,
};
test(LAB, 'acme/ci', { ...everything, manifest: 403, otherOrg: 403 });
test(LAB, 'acme/admin', { ...everything, manifest: 204, otherOrg: 403 });
test(LAB, 'root/root', { ...everything, manifest: 204, otherOrg: 204 });
test(LAB, 'IBM/agbot', { ...everything, manifest: 204, otherOrg: 204 });
// An admin of another organisation sees what is public; the rest is there for him as an empty list.
test(LAB, 'IBM/admin', {
  meta: 403,
  data: 403,
  missing: 403,
  public: 200,
  filters: '[]',
  write: 403,
  manifest: 403,
  remove: 403,
  otherOrg: 204,
});
test(LAB, 'acme/node1', {
  meta: 403,
  data: 403,
  missing: 403,
  public: 200,
  filters: '[]',
  write: 403,
  manifest: 403,
  remove: 403,
  otherOrg: 403,
});
test(LAB, 'acme/openhorizon.edgenode/node1', nothing);
test(LAB, 'acme/nobody', nothing);
test(LAB, null, nothing);

test('a failed login is a 403 in plain text', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const { status, headers, body } = await lab.send({ path: '/objects/acme?filters=true', as: null });
  t.deepEqual([status, headers['content-type'], String(body)], [403, 'text/plain; charset=utf-8', 'Unauthorized']);
});

test('names and bodies are looked at before logins', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  t.is((await lab.send({ path: '/objects/acme/probe/a%20b', as: null })).status, 400);
  t.is((await lab.send({ method: 'PUT', path: '/objects/acme/probe/o1', as: null, body: '{' })).status, 400);
  t.is((await lab.send({ method: 'PUT', path: '/objects/acme/probe/o1', as: null, body: '{}' })).status, 403);
});

test('a login is good for 15 minutes after it was checked', async (t) => {
  let now = 0;
  let known = true;
  const lab = await startCssLab({ now: () => now, exchange: async (who) => (known ? login(who) : undefined) });
  t.teardown(() => lab.close());
  t.is((await lab.put('o1', {}, 'x')).status, 204);
  known = false;
  now = 14 * 60_000;
  t.is((await lab.put('o1', {}, 'y')).status, 204, 'a deleted user can still write');
  now = 16 * 60_000;
  t.is((await lab.put('o1', {}, 'z')).status, 403);
});

test('another password under the same name is no way in, and ends the remembered login', async (t) => {
  let known = true;
  const lab = await startCssLab({ exchange: async (who) => (known ? login(who) : undefined) });
  t.teardown(() => lab.close());
  const ask = async (auth: string) => (await lab.css.ask({ path: '/api/v1/health', auth })).status;
  t.is(await ask('acme/ci:pw'), 200);
  known = false;
  t.is(await ask('acme/ci:wrong'), 403);
  t.is(await ask('acme/ci:pw'), 403);
});

test('whoever may see an object in part may change where it goes', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  await ess.sync();
  await lab.put('o1', {}, 'x');
  const body = JSON.stringify({ action: 'add', destinations: ['openhorizon.edgenode:node1'] });
  const path = '/objects/acme/probe/o1/destinations';
  t.is((await lab.send({ method: 'POST', path, as: 'IBM/admin', body })).status, 204);
  t.deepEqual(lab.delivery('o1'), ['pending']);
  t.is((await lab.send({ method: 'PUT', path, as: 'IBM/admin', body: '[]' })).status, 403);
});
