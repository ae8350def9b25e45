import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { PASSWORD, type Publisher, publisher, publishes, SERVE } from './hub-fixture.ts';

interface Line {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly fix: string;
}

async function lines(t: ExecutionContext, p: Publisher, status: 0 | 1, env = {}): Promise<Line[]> {
  const ran = await p.run(['doctor', '--json'], env);
  t.is(ran.status, status, ran.stdout + ran.stderr);
  return JSON.parse(ran.stdout);
}

const of = (found: readonly Line[], check: string): string[] =>
  found.filter((line) => line.check === check).map(({ status, message }) => `${status}: ${message}`);

test('says one line for each thing that publishing needs', async (t) => {
  const p = await publisher(t);
  const found = await lines(t, p, 0);
  t.deepEqual(of(found, 'Exchange'), ['ok: version 2.154.0']);
  t.deepEqual(of(found, 'credentials'), ['ok: acme/ci, a user of acme']);
  t.deepEqual(of(found, 'rights'), ['ok: may publish to acme']);
  t.deepEqual(of(found, 'CSS'), ['ok: 0 security policies in acme']);
  t.deepEqual(of(found, 'clock'), ["ok: within 1 s of the hub's"]);
  t.deepEqual(of(found, 'bundle'), ['ok: small 1.0.0 for acme']);
  t.regex(of(found, 'key')[0] ?? '', /^ok: [0-9a-f]{64} /);
  t.true(
    found.filter(({ check }) => check === 'images').every(({ status, fix }) => status === 'warning' && fix !== ''),
  );
  t.true(p.seen().every(({ method }) => method === 'GET'));
  const { stdout } = await p.run(['doctor']);
  t.regex(stdout, /^STATUS {3}CHECK\nok {7}settings/);
});

test('goes on with the other checks when one fails', async (t) => {
  const p = await publisher(t);
  const found = await lines(t, p, 1, { HZN_EXCHANGE_URL: 'http://127.0.0.1:1/v1', HZN_PRIVATE_KEY_FILE: '/no/key' });
  t.regex(of(found, 'Exchange')[0] ?? '', /^failed: GET .*refuses the connection/);
  t.deepEqual(of(found, 'credentials'), ['skipped: not asked: the Exchange does not answer']);
  t.deepEqual(of(found, 'CSS'), ['ok: 0 security policies in acme']);
  t.regex(of(found, 'key')[0] ?? '', /^failed: \/no\/key: there is no signing key/);
  t.deepEqual(of(found, 'bundle'), ['ok: small 1.0.0 for acme']);
});

test('names settings that are missing, and still looks at the rest', async (t) => {
  const p = await publisher(t);
  const found = await lines(t, p, 1, { HZN_EXCHANGE_USER_AUTH: undefined, HZN_EXCHANGE_URL: undefined });
  t.deepEqual(
    of(found, 'settings').map((line) => line.split(' ').slice(0, 3).join(' ')),
    ['ok: from the', 'failed: settings: HZN_EXCHANGE_URL', 'failed: settings: HZN_EXCHANGE_USER_AUTH'],
  );
  t.is(of(found, 'bundle').length, 1);
});

test('says who may not publish, and what belongs to others', async (t) => {
  const p = await publisher(t, { user: 'acme/admin' });
  await publishes(t, p);
  const node = await lines(t, p, 1, { HZN_EXCHANGE_USER_AUTH: `acme/node1:${PASSWORD}` });
  t.true(of(node, 'rights').some((line) => /^failed: acme\/node1 is no user but a node or agbot/.test(line)));
  const root = await lines(t, p, 0, { HZN_EXCHANGE_USER_AUTH: `root/root:${PASSWORD}` });
  t.deepEqual(of(root, 'credentials'), ['ok: root/root, the super user']);
  t.deepEqual(of(root, 'rights'), ['ok: may publish to acme']);
  const beta = await lines(t, p, 1, { HZN_EXCHANGE_USER_AUTH: `beta/user:${PASSWORD}` });
  t.true(
    of(beta, 'org').some((line) => /^failed: there is no org acme, or beta\/user may not see it/.test(line)) ||
      of(beta, 'credentials')[0]?.startsWith('failed'),
  );
});

test('warns of a clock that is off', async (t) => {
  const p = await publisher(t);
  p.meet(({ path }) =>
    path.includes('version')
      ? {
          kind: 'answer',
          status: 200,
          body: '2.154.0\n',
          headers: { date: new Date(Date.now() + 3_600_000).toUTCString() },
        }
      : SERVE,
  );
  t.regex(of(await lines(t, p, 0), 'clock')[0] ?? '', /^warning: this machine is 3\d\d\d s behind the hub/);
});

test('warns of settings that hzn reads otherwise or others can read', async (t) => {
  const p = await publisher(t);
  const file = join(p.env.HOME ?? '', '.hzn/hzn.json');
  mkdirSync(join(p.env.HOME ?? '', '.hzn'), { recursive: true });
  writeFileSync(file, JSON.stringify({ HZN_EXCHANGE_USER_AUTH: `acme/ci:${PASSWORD}` }));
  chmodSync(file, 0o644);
  const found = await lines(t, p, 0, { HZN_EXCHANGE_USER_AUTH: undefined, HZN_SSL_SKIP_VERIFY: '1' });
  const said = of(found, 'settings').join('\n');
  t.regex(said, /HZN_SSL_SKIP_VERIFY is set/);
  t.regex(said, /hzn\.json holds your password and is readable for others \(0644\)/);
});

test('warns of an object that a node has put under an id of ours', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const listed = await p.hub.css.ask({
    path: '/api/v1/objects/acme?filters=true&objectType=security-policy',
    auth: `acme/ci:${PASSWORD}`,
  });
  const objects = JSON.parse(listed.body).map((object: object) => ({
    ...object,
    originType: 'openhorizon.edgenode',
    originID: 'node1',
    ownerID: 'acme/node1',
  }));
  p.meet(({ path }) =>
    path.includes('filters=true') ? { kind: 'answer', status: 200, body: JSON.stringify(objects) } : SERVE,
  );
  t.regex(
    of(await lines(t, p, 0), 'CSS').join('\n'),
    /warning: acme\/node1 has put an object under our id deployment\.web\./,
  );
  const { stderr } = await p.run(['publish']);
  t.regex(stderr, /was put into MMS by a service on node acme\/node1, under the id of ours \(HUB_CONFLICT\)/);
});
