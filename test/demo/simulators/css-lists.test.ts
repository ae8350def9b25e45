import test from 'ava';
import { type CssLab, policyFor, startCssLab } from './css-lab.ts';

async function filled(t: { teardown(undo: () => Promise<void>): void }): Promise<CssLab> {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  await lab.put('b', { destinationPolicy: policyFor('lab.web') }, 'x');
  await lab.put('a', {}, 'x');
  await lab.put('plain', { destinationPolicy: null }, 'x');
  await lab.put('nodata', { noData: true });
  return lab;
}

const lists = test.macro({
  async exec(t, path: string, expected: number | readonly string[]) {
    const lab = await filled(t);
    const { status, body } = await lab.send({ path });
    if (typeof expected === 'number') {
      t.is(status, expected);
      t.is(String(body), '');
      return;
    }
    t.is(status, 200);
    const found: { objectID: string }[] = JSON.parse(String(body));
    t.deepEqual(
      found.map(({ objectID }) => objectID),
      expected,
    );
  },
  title: (_, path) => `a listing in the order of the store: ${path}`,
});

test(lists, '/objects/acme?filters=true', ['a', 'b', 'nodata', 'plain']);
test(lists, '/objects/acme?filters=true&objectType=probe&objectID=b', ['b']);
// An id without a type does not count.
test(lists, '/objects/acme?filters=true&objectID=b', ['a', 'b', 'nodata', 'plain']);
test(lists, '/objects/acme?filters=true&destinationPolicy=false', ['plain']);
test(lists, '/objects/acme?filters=true&destinationPolicy=true&dpService=acme/lab.web', ['b']);
test(lists, '/objects/acme?filters=true&noData=true', ['nodata']);
test(lists, '/objects/acme?destination_policy=true', ['a', 'b', 'nodata']);
test(lists, '/objects/acme?destination_policy=true&service=acme/lab.guard', ['a', 'nodata']);
test(lists, '/objects/acme/probe?all_objects=true', ['a', 'b', 'nodata', 'plain']);
// What one has uploaded has not arrived: such a listing is empty, and an empty listing is a 404 (§C.2).
test(lists, '/objects/acme/probe?received=true', 404);
test(lists, '/objects/acme?filters=true&objectType=none', 404);
test(lists, '/objects/acme', 400);
test(lists, '/objects/acme?filters=yes', 400);
test(lists, '/objects/acme?destination_policy=true&since=0', 400);
test(lists, '/objects/acme?filters=true&destinationPolicy=true&dpService=acme', 400);

test('the agbot has seen a policy when it says so', async (t) => {
  const lab = await filled(t);
  await lab.send({ method: 'PUT', path: '/objects/acme/probe/a/policyreceived' });
  const feed = async (query: string) =>
    JSON.parse(String((await lab.send({ path: `/objects/acme?${query}` })).body)).length;
  t.is(await feed('destination_policy=true'), 2);
  t.is(await feed('destination_policy=true&received=true'), 3);
  await lab.put('a', {}, 'y');
  t.is(await feed('destination_policy=true'), 3, 'a new version is news');
});

const answers = test.macro({
  async exec(t, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'HEAD', path: string, status: number, location?: string) {
    const lab = await filled(t);
    const reply = await lab.send({ method, path });
    t.deepEqual([reply.status, reply.headers.location], [status, location]);
  },
  title: (_, method, path) => `a path as Go's server takes it: ${method} ${path}`,
});

test(answers, 'GET', '/objects', 307, '/api/v1/objects/');
test(answers, 'GET', '/objects/', 400);
test(answers, 'GET', '/objects/acme/probe/../a', 307, '/api/v1/objects/acme/a');
test(answers, 'PUT', '/objects/acme/probe/..', 307, '/api/v1/objects/acme');
test(answers, 'GET', '/objects/acme/probe/a/', 200);
test(answers, 'GET', '/objects/acme/probe/a/status/', 200);
test(answers, 'GET', '/objects/acme/probe/a/nonsense', 400);
test(answers, 'GET', '/objects/acme/probe/a/b/c', 400);
test(answers, 'POST', '/objects/acme/probe/a', 405);
test(answers, 'PATCH', '/objects/acme/probe/a', 405);
test(answers, 'HEAD', '/objects/acme/probe/a', 405);
test(answers, 'GET', '/nope', 404);
test(answers, 'GET', '/objects/%zz', 400);
test(answers, 'GET', '/destinations', 307, '/api/v1/destinations/');
test(answers, 'GET', '/destinations/acme', 404);
test(answers, 'GET', '/security/acl', 501);

test('a node that registers is a destination until it unregisters', async (t) => {
  const lab = await filled(t);
  const ess = await lab.addEss('node1');
  await ess.sync();
  const reply = await lab.send({ path: '/destinations/acme' });
  t.deepEqual(JSON.parse(String(reply.body)), [
    {
      destinationOrgID: 'acme',
      destinationType: 'openhorizon.edgenode',
      destinationID: 'node1',
      communication: 'http',
      codeVersion: '1.0',
    },
  ]);
  await lab.place('a', 'node1');
  await ess.sync();
  const held = await lab.send({ path: '/destinations/acme/openhorizon.edgenode/node1/objects' });
  t.deepEqual(JSON.parse(String(held.body)), [
    { orgID: 'acme', objectType: 'probe', objectID: 'a', status: 'delivered' },
    { orgID: 'acme', objectType: 'probe', objectID: 'plain', status: 'delivered' },
  ]);
  await ess.unregister();
  t.is((await lab.send({ path: '/destinations/acme' })).status, 404);
  t.deepEqual(lab.delivery('a'), []);
});
