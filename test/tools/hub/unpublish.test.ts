import test from 'ava';
import { startNode } from '#demo/simulators/node/start-node.ts';
import { SMALL_BUNDLE } from '../bundle/bundle-fixture.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';
import { otherHome, PASSWORD, type Publisher, publisher, publishes } from './hub-fixture.ts';

const asAdmin = `acme/admin:${PASSWORD}`;

async function names({ hub }: Publisher, path: string, field: string): Promise<string[]> {
  const { body } = await hub.askExchange({ path: `/orgs/acme/${path}`, auth: asAdmin });
  return Object.keys(JSON.parse(body)[field]).sort();
}

async function policiesOf({ hub }: Publisher): Promise<Record<string, string[]>> {
  const path = '/api/v1/objects/acme';
  const { status, body } = await hub.css.ask({
    path: `${path}?filters=true&objectType=security-policy`,
    auth: asAdmin,
  });
  const listed: { objectID: string; deleted: boolean }[] = status === 404 ? [] : JSON.parse(body);
  const ids = listed.filter(({ deleted }) => !deleted).map(({ objectID }) => objectID);
  const entries = await Promise.all(
    ids.sort().map(async (id) => {
      const data = await hub.css.ask({ path: `${path}/security-policy/${id}/data`, auth: asAdmin });
      const payload = JSON.parse(Buffer.from(JSON.parse(data.body).payload, 'base64').toString());
      return [
        id.replace(/[0-9a-f]{12}/, 'KEY'),
        payload.policies.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ];
    }),
  );
  return Object.fromEntries(entries);
}

test('withdraws by signed envelopes and removes the rest; the objects stay until they are purged', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  p.meet();
  const { status, stdout } = await p.run(['unpublish', '--json']);
  t.is(status, 0, stdout);
  t.like(JSON.parse(stdout), { withdrawn: 4, deleted: 6, purged: 0 });
  t.deepEqual(await policiesOf(p), {
    'deployment.web.KEY': [],
    'deployment.web.KEY.all': [],
    'node.edge.KEY': [],
    'node.edge.KEY.all': [],
  });
  t.deepEqual(await names(p, 'services', 'services'), []);
  const kinds = p.writes.map((write) =>
    write.replace(/^(\S+) \/(?:v1\/orgs\/acme|api\/v1)\/(business\/policies|[a-z]+)\/.*$/, '$1 $2'),
  );
  t.deepEqual(
    [...kinds.slice(0, 4), ...kinds.slice(4, 6).sort(), ...kinds.slice(6)],
    [
      ...Array(4).fill('PUT objects'),
      'DELETE business/policies',
      'DELETE patterns',
      ...Array(4).fill('DELETE services'),
    ],
    'first the withdrawals, then what deploys, then what is deployed',
  );
  t.like(JSON.parse((await p.run(['unpublish', '--purge', '--json'])).stdout), { withdrawn: 0, deleted: 0, purged: 4 });
  t.deepEqual(await policiesOf(p), {});
  t.true((await publishes(t, p)).created > 0);
});

test('a dry run removes nothing', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  p.seen();
  const { stdout } = await p.run(['unpublish', '--dry-run']);
  t.regex(stdout, /- withdraw security-policy\/deployment\.web/);
  t.regex(stdout, /- delete {3}service\/web_1\.0\.0_amd64\n/);
  t.true(p.seen().every(({ method }) => method === 'GET'));
});

test('services that others still deploy or require stay, with the reason', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const body = JSON.stringify({
    label: 'x',
    service: { name: 'web', org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0' }] },
    constraints: ['a == b'],
  });
  await p.hub.askExchange({ method: 'POST', path: '/orgs/acme/business/policies/theirs', auth: asAdmin, body });
  const { stdout } = await p.run(['unpublish', '--json']);
  t.deepEqual(
    JSON.parse(stdout).kept.map(({ about, message }: { about: string; message: string }) => `${about}: ${message}`),
    ['amd64', 'arm64'].map((arch) => `service/web_1.0.0_${arch}: deployment policy theirs still uses it: it stays`),
  );
  t.deepEqual(await names(p, 'services', 'services'), ['acme/web_1.0.0_amd64', 'acme/web_1.0.0_arm64']);
  t.is((await p.run(['unpublish', '--force'])).status, 0);
  t.deepEqual(await names(p, 'services', 'services'), []);
});

test('what somebody else has put under our names stays', async (t) => {
  const p = await publisher(t, { user: 'acme/admin' });
  const foreign = {
    label: 'theirs',
    public: false,
    url: 'guard',
    version: '1.0.0',
    arch: 'amd64',
    sharable: 'multiple',
    deployment: '{"services":{"x":{"image":"theirs"}}}',
    deploymentSignature: 'AAAA',
  };
  await p.hub.askExchange({
    method: 'POST',
    path: '/orgs/acme/services',
    auth: `acme/other:${PASSWORD}`,
    body: JSON.stringify(foreign),
  });
  const { stdout } = await p.run(['unpublish', '--json']);
  t.regex(
    stdout,
    /service\/guard_1\.0\.0_amd64","message":"it belongs to acme\/other and is not what this bundle publishes: it stays"/,
  );
  t.deepEqual(await names(p, 'services', 'services'), ['acme/guard_1.0.0_amd64']);
});

test('services go after what requires them', async (t) => {
  const requiring = (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace(
    'sharable: multiple',
    'sharable: multiple\nrequiredServices: [{ url: db, org: acme, versionRange: "[1.0.0,INFINITY)" }]',
  );
  const p = await publisher(t, {
    changes: {
      'services/web/service.yaml': requiring,
      'services/db/service.yaml':
        'label: DB\nurl: db\nversion: "1.0.0"\narch: [amd64, arm64]\nsharable: singleton\ndeployment: { services: { db: { image: "example.com/db:1" } } }\n',
    },
  });
  await publishes(t, p);
  p.seen();
  t.is((await p.run(['unpublish'])).status, 0);
  const deleted = p
    .seen()
    .filter(({ method }) => method === 'DELETE')
    .map(({ path }) => path.split('/').at(-1));
  t.true(deleted.indexOf('web_1.0.0_amd64') < deleted.indexOf('db_1.0.0_amd64'), deleted.join());
});

test('--only removes a part', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  t.like(JSON.parse((await p.run(['unpublish', '--only', 'deployment-policies', '--json'])).stdout), {
    withdrawn: 0,
    deleted: 1,
  });
  t.deepEqual(await names(p, 'business/policies', 'businessPolicy'), []);
  t.is((await names(p, 'services', 'services')).length, 4);
});

test('without the key that signed them, policies cannot be withdrawn, and nothing is removed', async (t) => {
  const p = await publisher(t);
  await p.run(['build']);
  await publishes(t, p, 'dist');
  p.seen();
  const { status, stderr } = await p.run(['unpublish', 'dist'], { HOME: otherHome(t) });
  t.is(status, 1);
  t.regex(
    stderr,
    /2 security policies have to be withdrawn, and the key that signed them is not here \(KEY_UNUSABLE\)/,
  );
  t.true(p.seen().every(({ method }) => method === 'GET'));
});

test('a policy that somebody deleted from MMS is withdrawn as well: nodes keep what merely vanished', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const id = Object.keys(await policiesOf(p)).length;
  t.is(id, 4);
  const listed = await p.hub.css.ask({
    path: '/api/v1/objects/acme?filters=true&objectType=security-policy',
    auth: asAdmin,
  });
  for (const { objectID } of JSON.parse(listed.body))
    await p.hub.css.ask({ method: 'DELETE', path: `/api/v1/objects/acme/security-policy/${objectID}`, auth: asAdmin });
  t.like(JSON.parse((await p.run(['unpublish', '--json'])).stdout), { withdrawn: 4 });
  t.deepEqual((await policiesOf(p))['deployment.web.KEY'], []);
});

test('--wait goes on when every node has the withdrawal, and --purge spares what one still needs', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const node = await startNode({
    hub: p.hub,
    org: 'acme',
    id: 'edge1',
    token: PASSWORD,
    user: asAdmin,
    policy: {
      properties: [
        { name: 'armor.profile', value: 'edge' },
        { name: 'purpose', value: 'web' },
      ],
      constraints: [],
    },
    dir: temporaryDirectory(t),
  });
  t.teardown(() => node.close());
  const guard = {
    label: 'g',
    service: { name: 'guard', org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0' }] },
    constraints: ['armor.profile == edge'],
  };
  await p.hub.askExchange({
    method: 'POST',
    path: '/orgs/acme/business/policies/guard',
    auth: asAdmin,
    body: JSON.stringify(guard),
  });
  for (let round = 0; round < 6; round += 1) {
    await p.hub.agbot.tick();
    await node.tick();
  }
  const delivered = JSON.parse((await p.run(['unpublish', '--dry-run', '--json'])).stdout);
  t.is(delivered.withdrawn, 4);

  // The node is away: the withdrawal is sent and does not arrive.
  node.disconnect();
  const waiting = await p.run(['unpublish', '--wait', '0', '--json']);
  t.is(waiting.status, 1);
  t.like(JSON.parse(waiting.stdout).errors[0], { code: 'NODE_UNREACHABLE' });
  t.regex(JSON.parse(waiting.stdout).errors[0].message, /these nodes do not have the withdrawals: edge1/);
  t.is((await names(p, 'services', 'services')).length, 4, 'nothing else was removed');

  const away = JSON.parse((await p.run(['unpublish', '--purge', '--json'])).stdout);
  t.like(
    away.deliveries.find(({ objectId }: { objectId: string }) => /^node\.edge\.\w+$/.test(objectId)),
    { nodes: 1, delivered: 0, waiting: ['edge1'] },
  );
  t.true(
    away.kept.some(({ message }: { message: string }) => message === 'not purged: edge1 has not got the withdrawal'),
  );
  t.true('node.edge.KEY' in (await policiesOf(p)));

  node.reconnect();
  const working = setInterval(() => void node.tick(), 20);
  t.teardown(() => clearInterval(working));
  const done = await p.run(['unpublish', '--wait', '20', '--purge', '--json']);
  t.is(done.status, 0, done.stdout + done.stderr);
  t.deepEqual(await policiesOf(p), {});
});
