import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { SMALL_BUNDLE } from '../bundle/bundle-fixture.ts';
import { otherHome, PASSWORD, type Publisher, publisher, publishes } from './hub-fixture.ts';

const WEB_POLICY = SMALL_BUNDLE['deployment-policies/web.yaml'] ?? '';

/** Objects of ours on the CSS, opened with the key that they carry. */
async function objects({ hub }: Publisher): Promise<Map<string, PolicyPayload>> {
  const auth = `acme/ci:${PASSWORD}`;
  const listed = await hub.css.ask({ path: '/api/v1/objects/acme?filters=true&objectType=security-policy', auth });
  if (listed.status === 404) return new Map();
  const found = JSON.parse(listed.body) as { objectID: string }[];
  const read = await Promise.all(
    found.map(async ({ objectID }): Promise<[string, PolicyPayload]> => {
      const { body } = await hub.css.ask({ path: `/api/v1/objects/acme/security-policy/${objectID}/data`, auth });
      const keyId: string = JSON.parse(body).signatures[0].keyid;
      return [objectID.replace(keyId.slice(0, 12), 'KEY'), openEnvelope(body, new Set([keyId])).payload];
    }),
  );
  return new Map(read.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function listed(
  { hub }: Publisher,
  path: string,
  field: string,
): Promise<Record<string, Record<string, unknown>>> {
  const { body } = await hub.askExchange({ path: `/orgs/acme/${path}`, auth: `acme/admin:${PASSWORD}` });
  return JSON.parse(body)[field];
}

test('a bundle is published whole, and a second time nothing is written', async (t) => {
  const p = await publisher(t);
  const first = await publishes(t, p);
  const { created, updated, deleted } = first;
  t.deepEqual([updated, deleted], [0, 0]);
  t.is(first.requests.writes, created);
  t.deepEqual(Object.keys(await listed(p, 'services', 'services')).sort(), [
    'acme/guard_1.0.0_amd64',
    'acme/kubearmor_1.0.0_amd64',
    'acme/web_1.0.0_amd64',
    'acme/web_1.0.0_arm64',
  ]);
  t.deepEqual(Object.keys(await listed(p, 'business/policies', 'businessPolicy')), ['acme/web']);
  t.deepEqual(Object.keys(await listed(p, 'patterns', 'patterns')), ['acme/all']);
  const published = await objects(p);
  t.deepEqual(
    [...published.keys()],
    ['deployment.web.KEY', 'deployment.web.KEY.all', 'node.edge.KEY', 'node.edge.KEY.all'],
  );
  t.deepEqual(
    published.get('deployment.web.KEY')?.policies.map(({ metadata }) => metadata.name),
    ['no-write', 'own'],
  );

  p.seen();
  const second = await publishes(t, p);
  t.like(second, { created: 0, updated: 0, deleted: 0, unchanged: created, requests: { writes: 0 } });
  t.true(p.seen().every(({ method }) => method === 'GET'));
});

test('services are read by one listing; by themselves only keys and policies, which no listing has', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  p.seen();
  await publishes(t, p);
  const paths = p.seen().map(({ path }) => path.replace(/[0-9a-f]{64}/, 'KEY').replace(/\.[0-9a-f]{12}/, '.key'));
  t.deepEqual(
    paths.filter((path) => /\/services/.test(path)).sort(),
    [
      '/v1/orgs/acme/services',
      ...['guard_1.0.0_amd64', 'kubearmor_1.0.0_amd64', 'web_1.0.0_amd64', 'web_1.0.0_arm64'].map(
        (id) => `/v1/orgs/acme/services/${id}/keys/KEY.pem`,
      ),
      '/v1/orgs/acme/services/web_1.0.0_amd64/policy',
      '/v1/orgs/acme/services/web_1.0.0_arm64/policy',
    ].sort(),
  );
});

test('only what changed is written, and plan names the field', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const before = await objects(p);
  p.write(
    'deployment-policies/web/own.yaml',
    (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace('/bin/sh', '/bin/bash'),
  );
  const planned = JSON.parse((await p.run(['plan', '--json'])).stdout);
  const updates = planned.steps.filter(({ action }: { action: string }) => action !== 'unchanged');
  t.deepEqual(
    updates.map(({ kind }: { kind: string }) => kind),
    ['security-policy', 'security-policy'],
  );
  t.deepEqual(updates[0].changes, [
    { field: 'policies[own].spec.process.matchPaths[0].path', from: '/bin/sh', to: '/bin/bash' },
  ]);
  t.like(await publishes(t, p), { updated: 2, created: 0, requests: { writes: 2 } });
  const after = await objects(p);
  t.true((after.get('deployment.web.KEY')?.seq ?? 0) > (before.get('deployment.web.KEY')?.seq ?? 0));
  t.deepEqual(after.get('node.edge.KEY'), before.get('node.edge.KEY'));
  t.like(await publishes(t, p), { updated: 0, requests: { writes: 0 } });
});

test('a changed definition, policy and placement are each updated in place', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  p.write('services/web/service.yaml', (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace('web:1.0', 'web:1.1'));
  p.write('services/web/service.policy.yaml', 'properties: [{ name: kind, value: site }]\n');
  p.write('deployment-policies/web.yaml', WEB_POLICY.replace('purpose == web', 'purpose == site'));
  const { stdout } = await p.run(['plan']);
  t.regex(stdout, /deployment\.services\.web\.image: "example\.com\/web:1\.0" → "example\.com\/web:1\.1"/);
  t.regex(stdout, /properties\[kind\]\.value: "web" → "site"/);
  t.regex(stdout, /destinationPolicy\.constraints\[0\]: "purpose == web" → "purpose == site"/);
  // Two definitions, two service policies, the deployment policy and its object.
  t.like(await publishes(t, p), { updated: 6, created: 0 });
  t.like(await publishes(t, p), { updated: 0, requests: { writes: 0 } });
});

test('what hzn and the hub fill in by themselves is no difference', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const auth = `acme/ci:${PASSWORD}`;
  const path = '/orgs/acme/services/web_1.0.0_amd64/policy';
  const properties = ['url', 'name', 'org', 'version', 'arch'].map((name) => ({
    name: `openhorizon.service.${name}`,
    value: 'x',
  }));
  const put = await p.hub.askExchange({
    method: 'PUT',
    path,
    auth,
    body: JSON.stringify({
      label: '',
      description: '',
      properties: [{ name: 'kind', value: 'web' }, ...properties],
      constraints: [],
    }),
  });
  t.is(put.status, 201);
  t.like(await publishes(t, p), { updated: 0, requests: { writes: 0 } });
});

test('somebody else’s change of a field is put right', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const auth = `acme/ci:${PASSWORD}`;
  const body = JSON.stringify({ constraints: ['purpose == other'] });
  await p.hub.askExchange({ method: 'PATCH', path: '/orgs/acme/business/policies/web', auth, body });
  await p.hub.askExchange({ method: 'DELETE', path: '/orgs/acme/services/web_1.0.0_arm64/policy', auth });
  t.like(await publishes(t, p), { updated: 1, created: 1 });
  t.like(await publishes(t, p), { updated: 0, requests: { writes: 0 } });
});

test('an object that others overwrote or deleted comes back with a higher seq', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const auth = `acme/other:${PASSWORD}`;
  const list = await p.hub.css.ask({ path: '/api/v1/objects/acme?filters=true&objectType=security-policy', auth });
  const ids: string[] = JSON.parse(list.body).map(({ objectID }: { objectID: string }) => objectID);
  const [deployment = '', , node = ''] = ids.sort();
  const meta = {
    objectID: node,
    objectType: 'security-policy',
    destinationOrgID: 'acme',
    version: '9',
    destinationPolicy: { properties: [], constraints: [], services: [] },
  };
  await p.hub.css.ask({
    method: 'PUT',
    path: `/api/v1/objects/acme/security-policy/${node}`,
    auth,
    body: JSON.stringify({ meta, data: 'eA==' }),
  });
  await p.hub.css.ask({ method: 'DELETE', path: `/api/v1/objects/acme/security-policy/${deployment}`, auth });
  t.like(await publishes(t, p), { updated: 1, created: 1 });
  t.is((await objects(p)).size, 4);
  t.like(await publishes(t, p), { updated: 0, requests: { writes: 0 } });
});

test('a policy that is no longer attached is withdrawn, and can be attached again', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const before = (await objects(p)).get('deployment.web.KEY');
  p.write('deployment-policies/web.yaml', WEB_POLICY.slice(0, WEB_POLICY.indexOf('securityPolicies')));
  const plan = await p.run(['plan']);
  t.regex(plan.stdout, /- withdraw security-policy\/deployment\.web\.[0-9a-f]{12}\n {6}ends no-write\n {6}ends own\n/);
  t.like(await publishes(t, p), { deleted: 2, updated: 0 });
  const withdrawn = (await objects(p)).get('deployment.web.KEY');
  t.deepEqual(withdrawn?.policies, []);
  t.true((withdrawn?.seq ?? 0) > (before?.seq ?? 0));
  t.like(await publishes(t, p), { deleted: 0, requests: { writes: 0 } });
  p.write('deployment-policies/web.yaml', WEB_POLICY);
  t.like(await publishes(t, p), { updated: 2, deleted: 0 });
  const again = (await objects(p)).get('deployment.web.KEY');
  t.is(again?.policies.length, 2);
  t.true((again?.seq ?? 0) > (withdrawn?.seq ?? 0));
});

test('a policy whose attachment point is gone is named, and ended with --prune only', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  rmSync(join(p.dir, 'node-policies/edge.yaml'));
  const kept = await p.run(['publish']);
  t.regex(kept.stderr, /note: node\.edge\.[0-9a-f]{12}: signed with your key, and not of this bundle/);
  t.is((await objects(p)).get('node.edge.KEY')?.policies.length, 2);
  t.like(await publishes(t, p, '--prune'), { deleted: 2 });
  t.is((await objects(p)).get('node.edge.KEY')?.policies.length, 0);
  t.like(await publishes(t, p, '--prune'), { deleted: 0, requests: { writes: 0 } });
});

test('what another bundle of the same key may have is said once, with what --prune would do to it', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  rmSync(join(p.dir, 'deployment-policies/web.yaml'));
  t.regex(
    (await p.run(['publish'])).stderr,
    /note: deployment\.web\.[0-9a-f]{12}: signed with your key, and not of this/,
  );
  p.write(
    'node-policies/other.yaml',
    (SMALL_BUNDLE['node-policies/edge.yaml'] ?? '').replace('value: edge', 'value: other'),
  );
  await publishes(t, p);
  for (const file of ['edge', 'other']) rmSync(join(p.dir, `node-policies/${file}.yaml`));
  const { stderr } = await p.run(['publish']);
  t.regex(
    stderr,
    /note: deployment\.web\.\S+, node\.edge\.\S+, node\.other\.\S+: signed with your key, and not of this/,
  );
  t.regex(stderr, /If no other bundle uses this key: publish --prune/);
  t.is(stderr.match(/not of this bundle/g)?.length, 1);
});

test('a pattern’s copy of a policy that goes on elsewhere is deleted, not withdrawn', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const pattern = SMALL_BUNDLE['patterns/all.yaml'] ?? '';
  p.write(
    'patterns/all.yaml',
    `${pattern.slice(0, pattern.indexOf('  - serviceUrl: web'))}${pattern.slice(pattern.indexOf('  - { serviceUrl: guard'))}`,
  );
  t.like(await publishes(t, p), { deleted: 1, updated: 1 });
  const left = await objects(p);
  t.deepEqual([...left.keys()], ['deployment.web.KEY', 'node.edge.KEY', 'node.edge.KEY.all']);
  t.is(left.get('deployment.web.KEY')?.policies.length, 2);
});

test('a dry run writes nothing and says what it would', async (t) => {
  const p = await publisher(t);
  const { status, stdout } = await p.run(['publish', '--dry-run']);
  t.is(status, 0);
  t.regex(stdout, /\+ create {3}service\/web_1\.0\.0_amd64\n/);
  t.regex(stdout, /dry run: nothing was written/);
  t.true(p.seen().every(({ method }) => method === 'GET'));
});

test('--only takes kinds and names', async (t) => {
  const p = await publisher(t);
  await publishes(t, p, '--only', 'services,service-keys');
  t.deepEqual(await objects(p), new Map());
  t.like(await publishes(t, p, '--only', 'web'), { created: 5 });
  t.deepEqual([...(await objects(p)).keys()], ['deployment.web.KEY', 'deployment.web.KEY.all']);
  t.like(await publishes(t, p, '--only', 'web', '--only', 'services'), { created: 0, unchanged: 11 });
  t.is((await p.run(['build'])).status, 0);
  t.like(await publishes(t, p, '--only', 'services,web', 'dist'), { created: 0, unchanged: 11 });
  const { status, stderr } = await p.run(['publish', '--only', 'wep']);
  t.is(status, 2);
  t.regex(stderr, /has nothing named "wep" \(USAGE\)\. Did you mean "web"\?/);
});

test('a dist and an archive publish like the sources they were built from, without the private key', async (t) => {
  const p = await publisher(t);
  t.is((await p.run(['build'])).status, 0);
  const created = (await publishes(t, p, 'dist')).created;
  t.like(await publishes(t, p), { unchanged: created, requests: { writes: 0 } });
  const { status, stdout } = await p.run(['publish', 'dist/small-1.0.0.tar.gz', '--json'], { HOME: otherHome(t) });
  t.is(status, 0, stdout);
  t.like(JSON.parse(stdout), { unchanged: created, requests: { writes: 0 } });
});

test('what a build has signed is not signed again, and envelopes are made with a seq of now', async (t) => {
  const p = await publisher(t);
  t.is((await p.run(['build'], { SOURCE_DATE_EPOCH: '1000' })).status, 0);
  await publishes(t, p);
  const built = JSON.parse(readFileSync(join(p.dir, 'dist/services/web_1.0.0_amd64.json'), 'utf8'));
  const services = await listed(p, 'services', 'services');
  t.is(services['acme/web_1.0.0_amd64']?.deploymentSignature, built.deploymentSignature);
  // A withdrawal that was purged may be above what the build has.
  t.true(((await objects(p)).get('node.edge.KEY')?.seq ?? 0) > 1000);
});

test('an older dist does not take a newer policy back', async (t) => {
  const p = await publisher(t);
  t.is((await p.run(['build'])).status, 0);
  await publishes(t, p, 'dist');
  p.write(
    'deployment-policies/web/own.yaml',
    (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace('/bin/sh', '/bin/ash'),
  );
  await publishes(t, p);
  const { status, stdout } = await p.run(['publish', 'dist', '--json']);
  t.is(status, 1);
  const { errors } = JSON.parse(stdout);
  t.is(errors.length, 1);
  t.is(errors[0].code, 'HUB_CONFLICT');
  t.regex(errors[0].message, /newer version of deployment\.web/);
});

test('a dist for another org is refused', async (t) => {
  const p = await publisher(t);
  t.is((await p.run(['build'])).status, 0);
  const { status, stderr } = await p.run(['publish', 'dist'], { HZN_ORG_ID: 'beta' });
  t.is(status, 1);
  t.regex(stderr, /^dist: it was built for the org acme, and HZN_ORG_ID is beta/);
});

test('two publishers of one bundle at once do not disturb each other', async (t) => {
  const p = await publisher(t, { latencyMs: 3 });
  const both = await Promise.all([
    p.run(['publish', '--json']),
    p.run(['publish', '--json']),
    p.run(['publish', '--json']),
  ]);
  for (const { status, stdout } of both) t.is(status, 0, stdout);
  t.like(await publishes(t, p), { created: 0, updated: 0, requests: { writes: 0 } });
});

test('two keys publish beside each other: each has its own objects and keys', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  const { status, stdout } = await p.run(['publish', '--json'], { HOME: otherHome(t) });
  t.is(status, 0, stdout);
  t.is((await objects(p)).size, 4, 'ids are made equal, so that the second publisher’s are counted once');
  const auth = `acme/ci:${PASSWORD}`;
  const keys = await p.hub.askExchange({ path: '/orgs/acme/services/web_1.0.0_amd64/keys', auth });
  t.is(JSON.parse(keys.body).length, 2);
});

test('no more requests are under way than --concurrency allows', async (t) => {
  const p = await publisher(t, { latencyMs: 5 });
  await publishes(t, p, '--concurrency', '3');
  t.true(Math.max(...p.seen().map(({ inFlight }) => inFlight)) <= 3);
});
