import test from 'ava';
import type { Fate } from '#demo/simulators/types.ts';
import type { PolicyContent } from '#policy/payload.ts';
import { signContent } from '#tools/signing/sign-content.ts';
import { SMALL_BUNDLE, writeBundle } from '../bundle/bundle-fixture.ts';
import { PASSWORD, type Publisher, publisher, publishes, SERVE, SIGNER } from './hub-fixture.ts';

/** Everything of the org on the hub, without what differs between two publishes of one bundle. */
async function held({ hub }: Publisher): Promise<unknown> {
  const auth = `acme/admin:${PASSWORD}`;
  const paths = ['services', 'patterns', 'business/policies'];
  const lists = await Promise.all(paths.map((path) => hub.askExchange({ path: `/orgs/acme/${path}`, auth })));
  const services = Object.keys(JSON.parse(lists[0]?.body ?? '{}').services ?? {}).map((id) => id.slice('acme/'.length));
  const beside = await Promise.all(
    services
      .sort()
      .flatMap((id) => [`services/${id}/keys`, `services/${id}/policy`])
      .map((path) => hub.askExchange({ path: `/orgs/acme/${path}`, auth })),
  );
  const objects = await hub.css.ask({ path: '/api/v1/objects/acme?filters=true&objectType=security-policy', auth });
  const ids =
    objects.status === 404 ? [] : JSON.parse(objects.body).map(({ objectID }: { objectID: string }) => objectID);
  const data = await Promise.all(
    ids.sort().map((id: string) => hub.css.ask({ path: `/api/v1/objects/acme/security-policy/${id}/data`, auth })),
  );
  const payloads = data.map(({ body }) => ({
    ...JSON.parse(Buffer.from(JSON.parse(body).payload, 'base64').toString()),
    seq: 0,
  }));
  const answers = [...lists, ...beside].map(({ status, body }) => ({ status, body: JSON.parse(body, settled) }));
  return { answers, ids, payloads };
}

/** Fields that differ between two publishes of the same. */
const UNSETTLED = new Set(['lastUpdated', 'created', 'deploymentSignature', 'deployment_overrides_signature']);

function settled(key: string, value: unknown): unknown {
  return UNSETTLED.has(key) && typeof value === 'string' && value !== '' ? 'some' : value;
}

const cut = test.macro({
  async exec(t, kind: 'cut-before' | 'cut-after', changed: boolean) {
    const dir = writeBundle(t);
    const oldDir = writeBundle(t, OLD);
    const reference = await publisher(t, { dir });
    await publishes(t, reference);
    const wanted = await held(reference);
    await reference.hub.close();
    let interrupted = 0;
    for (let index = 0; ; index += 1) {
      const p = await publisher(t, { dir });
      if (changed) await publishes(t, p, '--bundle', oldDir);
      p.meet((request) => (request.index === index ? ({ kind } satisfies Fate) : SERVE));
      const first = await p.run(['publish', '--json']);
      p.meet();
      // Beyond the last request nothing is cut any more.
      if (first.status === 0) break;
      interrupted += 1;
      t.like(JSON.parse(first.stdout).errors[0], { code: 'HUB_UNREACHABLE' });
      await publishes(t, p);
      t.deepEqual(await held(p), wanted, `request ${index}`);
      t.like(await publishes(t, p), { created: 0, updated: 0, deleted: 0, requests: { writes: 0 } });
      await p.hub.close();
    }
    t.true(interrupted > 15, `${interrupted} publishes were interrupted`);
  },
  title: (_, kind, changed) =>
    `a connection cut ${kind === 'cut-before' ? 'before' : 'after'} the hub acts on any request of ${changed ? 'an update' : 'a first publish'} leaves a hub that the next publish completes`,
});

/** What the bundle was before: each kind of resource differs. */
const OLD: Readonly<Record<string, string>> = {
  'services/web/service.yaml': (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace('web:1.0', 'web:0.9'),
  'services/web/service.policy.yaml': 'properties: [{ name: kind, value: old }]\n',
  'deployment-policies/web.yaml': (SMALL_BUNDLE['deployment-policies/web.yaml'] ?? '').replace(
    'purpose == web',
    'purpose == old',
  ),
  'deployment-policies/web/own.yaml': (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace(
    '/bin/sh',
    '/bin/old',
  ),
  'patterns/all.yaml': (SMALL_BUNDLE['patterns/all.yaml'] ?? '').replace('A=1', 'A=0'),
};

test(cut, 'cut-before', false);
test(cut, 'cut-after', false);
test(cut, 'cut-before', true);
test(cut, 'cut-after', true);

const cutRemoval = test.macro({
  async exec(t, kind: 'cut-before' | 'cut-after') {
    const dir = writeBundle(t);
    const nothing = await publisher(t, { dir });
    await publishes(t, nothing);
    t.is((await nothing.run(['unpublish', '--purge'])).status, 0);
    const wanted = await held(nothing);
    for (let index = 0; ; index += 1) {
      const p = await publisher(t, { dir });
      await publishes(t, p);
      p.meet((request) => (request.index === index ? ({ kind } satisfies Fate) : SERVE));
      const first = await p.run(['unpublish', '--purge']);
      p.meet();
      if (first.status === 0) break;
      const again = await p.run(['unpublish', '--purge']);
      t.is(again.status, 0, again.stderr);
      t.deepEqual(await held(p), wanted, `request ${index}`);
      await p.hub.close();
    }
  },
  title: (_, kind) =>
    `a connection cut ${kind === 'cut-before' ? 'before' : 'after'} the hub acts on any request of unpublish leaves a hub that the next unpublish clears`,
});
test(cutRemoval, 'cut-before');
test(cutRemoval, 'cut-after');

const storm = test.macro({
  async exec(t, answer: Fate) {
    const p = await publisher(t, { env: { HZN_HTTP_RETRIES: '6', HZN_HTTP_RETRY_INTERVAL: '0' } });
    // Each request is met with it twice, whichever of the concurrent ones comes first.
    const met = new Map<string, number>();
    p.meet(({ method, path }) => {
      const times = met.get(`${method} ${path}`) ?? 0;
      met.set(`${method} ${path}`, times + 1);
      return times < 2 ? answer : SERVE;
    });
    const first = await publishes(t, p);
    t.true(first.created > 0);
    t.like(await publishes(t, p), { created: 0, updated: 0 });
  },
  title: (what) => `${what} is waited out, and the publish completes`,
});
test('a storm of 502', storm, { kind: 'answer', status: 502, body: 'Bad Gateway' });
test('a storm of 503 from a proxy, as HTML', storm, {
  kind: 'answer',
  status: 503,
  headers: { 'content-type': 'text/html' },
  body: '<html><body>503</body></html>',
});
test('a storm of connections cut before the hub acts', storm, { kind: 'cut-before' });
test('a storm of connections cut after the hub acted', storm, { kind: 'cut-after' });

test('a 500 on a key is asked again: keys are no safe upsert', async (t) => {
  const p = await publisher(t, { env: { HZN_HTTP_RETRIES: '2', HZN_HTTP_RETRY_INTERVAL: '0' } });
  const met = new Set<string>();
  p.meet(({ method, path }) => {
    if (method !== 'PUT' || !path.includes('/keys/') || met.has(path)) return SERVE;
    met.add(path);
    return { kind: 'answer', status: 500, body: '{"code":"internal_error","msg":"x"}' };
  });
  await publishes(t, p);
  t.true(met.size > 0);
});

test('a CSS that answers 204 and stores nothing is noticed, and asked again', async (t) => {
  const p = await publisher(t);
  let left = 2;
  p.meet(({ method, path }) => {
    if (method !== 'PUT' || !path.includes('/objects/') || left === 0) return SERVE;
    left -= 1;
    return { kind: 'answer', status: 204, body: '' };
  });
  await publishes(t, p);
  p.meet();
  t.like(await publishes(t, p), { created: 0, updated: 0, requests: { writes: 0 } });
});

test('a CSS that never stores it is an error', async (t) => {
  const p = await publisher(t);
  p.meet(({ method, path }) =>
    method === 'PUT' && path.includes('/objects/acme/security-policy/node.')
      ? { kind: 'answer', status: 204, body: '' }
      : SERVE,
  );
  const { status, stderr } = await p.run(['publish']);
  t.is(status, 1);
  t.regex(
    stderr,
    /node-policies\/edge\.yaml: the CSS says that it took node\.edge\.\w+, and does not have it \(HUB_REJECTED\)/,
  );
});

test('SIGINT lets what is under way end, starts nothing further, and says so', async (t) => {
  const p = await publisher(t);
  const abort = new AbortController();
  let after = 0;
  p.meet(({ method }) => {
    if (abort.signal.aborted) after += 1;
    if (method === 'POST') abort.abort('SIGINT');
    return SERVE;
  });
  const { status, stderr } = await p.run(['publish'], {}, abort.signal);
  t.is(status, 1);
  t.regex(
    stderr,
    /hzn-armor: interrupted by SIGINT; what was written until then stays \(INTERRUPTED\)\. Run the command again/,
  );
  // The first services are sent at once; keys, policies and what deploys them are not.
  t.true(after < 16, `${after} requests after the signal`);
  p.meet();
  await publishes(t, p);
  t.like(await publishes(t, p), { created: 0, updated: 0, requests: { writes: 0 } });
});

test('a publisher that is overtaken by another one with other content is told so', async (t) => {
  const p = await publisher(t);
  let written = false;
  const theirs: PolicyContent = {
    format: 1,
    id: `node.edge.${SIGNER.keyId.slice(0, 12)}`,
    layer: 'node',
    target: { host: true },
    inherit: true,
    policies: [],
    catalogue: [],
  };
  const envelope = await signContent(theirs, SIGNER, undefined, 9_999_999_999);
  const path = `/api/v1/objects/acme/security-policy/${theirs.id}`;
  p.meet((request) => {
    if (request.method === 'PUT' && request.path === path) written = true;
    // Between our write and our look the other one has written.
    return written && request.path === `${path}/data` ? { kind: 'answer', status: 200, body: envelope } : SERVE;
  });
  const { status, stderr } = await p.run(['publish']);
  t.is(status, 1);
  t.regex(
    stderr,
    /node-policies\/edge\.yaml: another publisher wrote node\.edge\.\w+ with other content \(seq 9999999999\) at this moment \(HUB_CONFLICT\)/,
  );
});
