import { request as httpRequest } from 'node:http';
import test from 'ava';
import { exchange, service } from './exchange-support.ts';

/** How the Exchange answers whatever the resource: reference/exchange-mms.md §0 ("Exchange") and §A.1 to §A.3. */

test('the version is open to anybody, as plain text (§A.1)', async (t) => {
  const { ask } = await exchange(t);
  const { status, type, body } = await ask('GET', '/admin/version', { as: '' });
  t.deepEqual([status, type, body], [200, 'text/plain; charset=UTF-8', '2.154.0\n']);
});

test('401 comes before everything else, and in two kinds (§A.2)', async (t) => {
  const { ask } = await exchange(t);
  const unknown = { code: 'invalid-credentials', msg: 'unauthorized' };
  t.deepEqual((await ask('GET', '/orgs/acme/services', { as: 'acme/ghost' })).body, unknown);
  const wrong = await ask('POST', '/nosuch', { password: 'wrong', body: '{' });
  t.deepEqual([wrong.status, wrong.body], [401, { code: 'invalid-credentials', msg: 'invalid.credentials' }]);
  t.is((await ask('GET', '/orgs/acme/services', { as: '' })).status, 401);
  for (const authorization of ['Basic !!!!', 'Basic', 'Bearer x', 'Basic YWNtZS9hZG1pbg==']) {
    t.is((await ask('GET', '/orgs/acme/services', { as: '', headers: { authorization } })).status, 401, authorization);
  }
});

test('403 comes before 400 (§A.3)', async (t) => {
  const { ask } = await exchange(t);
  const { status, body } = await ask('POST', '/orgs/acme/managementpolicies/x', { as: 'acme/ci', body: '{' });
  t.is(status, 403);
  t.deepEqual(body, {
    code: 'access-denied',
    msg: "Access denied: 'acme/ci' does not have authorization: CREATE_MANAGEMENT_POLICY management policy=acme/x",
  });
});

test('an unknown url is 404, so is a trailing slash (§0)', async (t) => {
  const { ask } = await exchange(t);
  for (const path of ['/nosuch', '/orgs/acme/services/', '/orgs/acme/nodes/acme/n']) {
    const { status, body } = await ask('GET', path);
    t.deepEqual([status, body], [404, { code: 'not-found', msg: 'unrecognized route' }], path);
  }
});

test('405, 406, 415 and an empty body are plain text (§0)', async (t) => {
  const { ask } = await exchange(t);
  const plain = 'text/plain; charset=UTF-8';
  const method = await ask('PATCH', '/orgs/acme/services');
  t.deepEqual([method.status, method.type], [405, plain]);
  t.is(method.body, 'HTTP method not allowed, supported methods: GET, POST');
  const head = await ask('HEAD', '/orgs/acme/services');
  t.is(head.status, 405);
  const accept = await ask('GET', '/orgs/acme', { headers: { accept: 'text/html' } });
  t.deepEqual([accept.status, accept.type], [406, plain]);
  const untyped = await ask('POST', '/orgs/acme/services', {
    body: JSON.stringify(service()),
    headers: { 'content-type': 'text/plain' },
  });
  t.deepEqual([untyped.status, untyped.type], [415, plain]);
  t.is(untyped.body, "The request's Content-Type [text/plain] is not supported. Expected:\napplication/json");
  const empty = await ask('POST', '/orgs/acme/services', { body: '' });
  t.deepEqual([empty.status, empty.type, empty.body], [400, plain, 'Request entity expected but not supplied']);
});

test('JSON without a Content-Type is 415 (§0)', async (t) => {
  const { simulator } = await exchange(t);
  const status = await new Promise((resolve, reject) => {
    const headers = { authorization: `Basic ${Buffer.from('acme/admin:pw').toString('base64')}` };
    const request = httpRequest(`${simulator.url}/orgs/acme/services`, { method: 'POST', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(JSON.stringify(service()));
  });
  t.is(status, 415);
});

test('what is refused is told as JSON whatever the client accepts', async (t) => {
  const { ask } = await exchange(t);
  const headers = { accept: 'text/html' };
  t.is((await ask('GET', '/orgs/acme/services', { password: 'no', headers })).status, 401);
  t.is((await ask('GET', '/nosuch', { headers })).status, 404);
  t.is((await ask('POST', '/orgs/acme/services', { headers, body: '{}' })).status, 400);
  const missing = await ask('GET', '/orgs/acme/services/nope', { headers });
  t.deepEqual([missing.status, missing.type], [404, 'application/json']);
});

test('a 406 comes after the fact: what was asked for has been done', async (t) => {
  const { ask } = await exchange(t);
  t.is((await ask('POST', '/orgs/acme/services', { headers: { accept: 'text/html' }, body: service() })).status, 406);
  t.is((await ask('GET', '/orgs/acme/services/lab.svc_1.0.0_amd64')).status, 200);
});

test('unknown fields, broken JSON and missing texts are 400 with Jackson’s words (§A.3)', async (t) => {
  const { ask } = await exchange(t);
  const messages: string[] = [];
  const bodies = [service({ owner: 'acme/admin' }), '{"label":', {}, [], '"text"', service({ label: { a: 1 } })];
  for (const body of bodies) {
    const answer = await ask('POST', '/orgs/acme/services', { body });
    t.deepEqual([answer.status, answer.at('code')], [400, 'invalid-input']);
    messages.push(String(answer.at('msg')));
  }
  t.regex(messages[0] ?? '', /^Unrecognized field "owner" \(class org\.openhorizon.*PostPutServiceRequest\)/);
  t.regex(messages[2] ?? '', /requirement failed/);
});

test('scalars are coerced, as Jackson does it: a number is a fine version (§0)', async (t) => {
  const { ask } = await exchange(t);
  t.is((await ask('POST', '/orgs/acme/services', { body: service({ version: 1.5, public: 1 }) })).status, 201);
  const stored = await ask('GET', '/orgs/acme/services/lab.svc_1.5_amd64');
  t.like(stored.at('services', 'acme/lab.svc_1.5_amd64'), { version: '1.5', public: true });
});

test('where the Exchange trips over a null it answers 502 (§A.3)', async (t) => {
  const { ask } = await exchange(t);
  const answer = await ask('POST', '/orgs/acme/services', { body: 'null' });
  t.deepEqual([answer.status, answer.at('code')], [502, 'database-connection-error']);
});

test('bodies up to 8 MiB are read; above it is 400, not 413 (§0)', async (t) => {
  const { ask } = await exchange(t);
  const fill = (size: number): string => {
    const [head = '', tail = ''] = JSON.stringify(service({ description: '@' })).split('@');
    return head + 'x'.repeat(size - head.length - tail.length) + tail;
  };
  t.is((await ask('POST', '/orgs/acme/services', { body: fill(8_388_608) })).status, 201);
  const { status, body } = await ask('POST', '/orgs/acme/services', { body: fill(8_388_609) });
  t.is(status, 400);
  t.deepEqual(body, {
    code: 'invalid-input',
    msg: 'EntityStreamSizeException: incoming entity size (8388609) exceeded size limit (8388608 bytes)!',
  });
});

test('lists that come out empty are 404 with an empty map; a missing service is 404 with a code (§A.3)', async (t) => {
  const { ask } = await exchange(t);
  const empty = await ask('GET', '/orgs/acme/services');
  t.deepEqual([empty.status, empty.body], [404, { services: {}, lastIndex: 0 }]);
  const pattern = await ask('GET', '/orgs/acme/patterns/nope');
  t.deepEqual([pattern.status, pattern.body], [404, { patterns: {}, lastIndex: 0 }]);
  const missing = await ask('GET', '/orgs/acme/services/nope');
  t.deepEqual([missing.status, missing.body], [404, { code: 'not-found', msg: "service 'acme/nope' not found" }]);
  const foreign = await ask('GET', '/orgs/IBM/services');
  t.deepEqual([foreign.status, foreign.body], [404, { services: {}, lastIndex: 0 }]);
});

test('codes and messages are translated, so that only the status may be relied on (§A.3)', async (t) => {
  const { ask } = await exchange(t, { language: 'de' });
  t.deepEqual((await ask('POST', '/orgs/acme/services', { body: service() })).body, {
    code: 'OK',
    msg: "Der Service 'acme/lab.svc_1.0.0_amd64' wurde erstellt",
  });
  const again = await ask('POST', '/orgs/acme/services', { body: service() });
  t.deepEqual([again.status, again.at('code')], [403, 'Bereits_vorhanden']);
});
