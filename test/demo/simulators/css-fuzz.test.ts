import test from 'ava';
import fc from 'fast-check';
import { objectBody, startCssLab } from './css-lab.ts';

const name = fc.constantFrom('o1', 'o2', 'a|b', 'a b', '..', '%zz', 'probe', 'acme', '', 'data', 'status', 'ä');
const operation = fc.constantFrom(
  '',
  '/data',
  '/status',
  '/destinations',
  '/received',
  '/consumed',
  '/deleted',
  '/activate',
  '/x',
);
const path = fc.oneof(
  fc.tuple(name, operation).map(([id, below]) => `/api/v1/objects/acme/probe/${id}${below}`),
  fc.array(name, { maxLength: 6 }).map((names) => `/api/v1/objects/${names.join('/')}`),
  fc.array(name, { maxLength: 6 }).map((names) => `/spi/v1/objects/${names.join('/')}`),
  fc.constantFrom(
    '/api/v1/objects/acme?filters=true',
    '/api/v1/objects/acme?destination_policy=1&since=5',
    '/api/v1/destinations/acme',
  ),
);
const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record({
      consumers: fc.anything(),
      version: fc.anything(),
      metaOnly: fc.anything(),
      destinationPolicy: fc.jsonValue(),
    })
    .map((meta) => objectBody('o1', meta, 'x')),
  fc.constantFrom(
    '{"action":"add","destinations":["a:b"]}',
    '[]',
    objectBody('o1', {}, 'x'),
    objectBody('o1', { metaOnly: true }),
  ),
);

test('whatever is asked is answered with a status of HTTP, and the store goes on', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET' as const, 'PUT' as const, 'POST' as const, 'DELETE' as const),
      path,
      fc.constantFrom('acme/ci:pw', 'IBM/agbot:pw', 'acme/node1:pw', 'acme/openhorizon.edgenode/node1:pw', 'x'),
      body,
      async (method, where, auth, content) => {
        const { status } = await lab.css.ask({ method, path: where, auth, body: content });
        return status >= 200 && status <= 503;
      },
    ),
    { numRuns: 2000 },
  );
  t.is((await lab.put('last', {}, 'x')).status, 204);
});
