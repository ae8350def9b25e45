import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { parseExactJson } from '#tools/hub/http/exact-json.ts';
import { HttpClient, type HttpClientOptions } from '#tools/hub/http/http-client.ts';
import { redactor } from '#tools/hub/http/redact.ts';
import { delayOf } from '#tools/hub/http/retry.ts';
import { Slots } from '#tools/hub/http/slots.ts';
import { Traffic } from '#tools/hub/http/traffic.ts';
import { Secret } from '#tools/secret.ts';

const credentials = { id: 'acme/ci', secret: new Secret('pass:word') };

async function serve(t: ExecutionContext, handle: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/v1`;
}

function client(t: ExecutionContext, baseUrl: string, options: Partial<HttpClientOptions> = {}) {
  const traffic = new Traffic();
  const http = new HttpClient({ baseUrl, credentials, slots: new Slots(4), traffic, backOff: [1, 1], ...options });
  t.teardown(() => http.close());
  return { http, traffic };
}

test('sends credentials, body and type below the base URL, over one kept connection', async (t) => {
  const seen: unknown[] = [];
  const sockets = new Set();
  const url = await serve(t, (request, response) => {
    sockets.add(request.socket);
    request
      .setEncoding('utf8')
      .on('data', (body) =>
        seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], body]),
      );
    request.on('end', () => response.writeHead(201).end('done'));
  });
  const { http, traffic } = client(t, url);
  for (const body of ['a', 'b']) {
    const answer = await http.request({ method: 'PUT', path: '/x%2Fy', body, contentType: 'text/plain' });
    t.like(answer, { status: 201, text: 'done', request: `PUT ${url}/x%2Fy` });
  }
  const authorization = `Basic ${Buffer.from('acme/ci:pass:word').toString('base64')}`;
  t.deepEqual(
    seen,
    ['a', 'b'].map((body) => ['PUT', '/base/v1/x%2Fy', authorization, 'text/plain', body]),
  );
  t.is(sockets.size, 1);
  t.deepEqual(traffic.requests, { reads: 0, writes: 2 });
  t.deepEqual(traffic.bytes, { sent: 2, received: 8 });
});

test('asks again after 502, 503 and 504, as often as it has steps, and counts each attempt', async (t) => {
  const statuses = [502, 503];
  const url = await serve(t, (_request, response) => response.writeHead(statuses.shift() ?? 200).end());
  const { http, traffic } = client(t, url);
  t.is((await http.request({ method: 'GET', path: '/' })).status, 200);
  t.deepEqual([traffic.requests.reads, traffic.retries], [3, 2]);
  statuses.push(504, 504, 504, 504);
  t.is((await http.request({ method: 'GET', path: '/' })).status, 504);
});

test('does not ask again after 400, 401, 403, 404, 409 and 500; after 500 when told to', async (t) => {
  let asked = 0;
  let status = 0;
  const url = await serve(t, (_request, response) => {
    asked += 1;
    response.writeHead(status).end();
  });
  const { http } = client(t, url);
  for (status of [400, 401, 403, 404, 409, 500]) await http.request({ method: 'GET', path: '/' });
  t.is(asked, 6);
  await http.request({ method: 'PUT', path: '/', retryOn: [500] });
  t.is(asked, 9);
});

test('asks again after a connection that was cut, and says what happened when that stays', async (t) => {
  let cuts = 2;
  const url = await serve(t, (request, response) => {
    if (cuts === 0) return response.end('ok');
    cuts -= 1;
    return request.socket.destroy();
  });
  const { http } = client(t, url);
  t.is((await http.request({ method: 'POST', path: '/' })).text, 'ok');
  cuts = 3;
  await t.throwsAsync(http.request({ method: 'POST', path: '/' }), {
    code: 'HUB_UNREACHABLE',
    message: /connection to .* failed/,
  });
});

test('a server that does not answer in time is given up', async (t) => {
  const url = await serve(t, () => {});
  const { http } = client(t, url, { backOff: [], timeoutMs: 50 });
  await t.throwsAsync(http.request({ method: 'GET', path: '/' }), {
    code: 'HUB_UNREACHABLE',
    message: /does not answer/,
  });
});

test('no more requests are under way than there are slots', async (t) => {
  let inside = 0;
  let most = 0;
  const url = await serve(t, (_request, response) => {
    inside += 1;
    most = Math.max(most, inside);
    setImmediate(() => {
      inside -= 1;
      response.end();
    });
  });
  const { http, traffic } = client(t, url, { slots: new Slots(3) });
  await Promise.all(Array.from({ length: 20 }, () => http.request({ method: 'GET', path: '/' })));
  t.true(most <= 3);
  t.is(traffic.peakInFlight, 3);
});

test('an interruption sends nothing further', async (t) => {
  let asked = 0;
  const url = await serve(t, (_request, response) => {
    asked += 1;
    response.writeHead(503).end();
  });
  const abort = new AbortController();
  const { http } = client(t, url, { backOff: [60_000], signal: abort.signal });
  const waiting = http.request({ method: 'GET', path: '/' });
  while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
  abort.abort(new Error('stop'));
  await t.throwsAsync(waiting);
  await t.throwsAsync(http.request({ method: 'GET', path: '/' }), { message: 'stop' });
  t.is(asked, 1);
});

test('text from outside is freed of every spelling of the credentials, and put on one line', (t) => {
  const redact = redactor({ id: 'acme/ci', secret: new Secret('p@ss w') });
  const basic = Buffer.from('acme/ci:p@ss w').toString('base64');
  t.is(
    redact(`a p@ss w\n\u001b[31m${basic}\t${encodeURIComponent('p@ss w')} b\u2028c`),
    'a <secret> [31m<secret> <secret> b c',
  );
  t.is(redact('x'.repeat(1000)).length, 302);
});

test('numbers beyond 2^53 stay what they are, as text', (t) => {
  t.deepEqual(parseExactJson('{"instanceID":1795475959425538612,"n":12,"f":1.5,"e":1e30,"s":"x"}'), {
    instanceID: '1795475959425538612',
    n: 12,
    f: 1.5,
    e: '1e30',
    s: 'x',
  });
  t.throws(() => parseExactJson('{'), { instanceOf: SyntaxError });
});

test('retries spread over half of each step', (t) => {
  t.deepEqual([delayOf(100, 0), delayOf(100, 0.5), delayOf(100, 1)], [50, 75, 100]);
});
