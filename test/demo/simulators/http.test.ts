import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type HttpHandler, type HttpServer, type HttpServerOptions, serveHttp } from '#demo/simulators/http.ts';
import { openssl } from '#test/support/openssl.ts';

const echo: HttpHandler = ({ method, path, body }) => ({ status: 200, body: `${method} ${path} ${body.length}` });

async function serving(t: ExecutionContext, options: HttpServerOptions, handle = echo): Promise<HttpServer> {
  const server = await serveHttp(options, handle);
  t.teardown(() => server.close());
  return server;
}

test('serves and remembers what it saw, bytes included', async (t) => {
  const server = await serving(t, {});
  const answer = await fetch(`${server.origin}/a%20b?c=d`, { method: 'PUT', body: 'four' });
  t.is(await answer.text(), 'PUT /a%20b 4');
  t.deepEqual(server.seen, [{ method: 'PUT', path: '/a%20b?c=d', status: 200, bytesIn: 4, bytesOut: 12, inFlight: 1 }]);
});

test('keeps connections alive', async (t) => {
  const ports = new Set<number>();
  const server = await serving(t, {});
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  for (let index = 0; index < 3; index += 1) {
    await new Promise<void>((resolve, reject) => {
      http
        .get(server.origin, { agent }, (response) => {
          ports.add(response.socket.localPort ?? 0);
          response.resume().on('end', resolve);
        })
        .on('error', reject);
    });
  }
  t.is(ports.size, 1);
});

test('counts the requests in flight', async (t) => {
  const both = Promise.withResolvers<void>();
  let serving2 = 0;
  const server = await serving(t, {}, async () => {
    serving2 += 1;
    if (serving2 === 2) both.resolve();
    await both.promise;
    return { status: 204 };
  });
  await Promise.all([fetch(server.origin), fetch(server.origin)]);
  t.deepEqual(server.seen.map(({ inFlight }) => inFlight).sort(), [1, 2]);
});

const cuts = test.macro({
  async exec(t, kind: 'cut-before' | 'cut-after', acted: boolean) {
    let acts = 0;
    const server = await serving(t, { fate: ({ index }) => (index === 0 ? { kind } : { kind: 'serve' }) }, () => {
      acts += 1;
      return { status: 201 };
    });
    await t.throwsAsync(fetch(server.origin, { method: 'POST', body: 'x' }));
    t.is(acts, acted ? 1 : 0);
    t.is(server.seen[0]?.status, 0);
    t.is((await fetch(server.origin)).status, 201);
  },
  title: (_, kind) => `${kind} drops the connection of that request alone`,
});
test(cuts, 'cut-before', false);
test(cuts, 'cut-after', true);

test('answers for somebody else where its fate says so', async (t) => {
  const server = await serving(t, {
    fate: () => ({ kind: 'answer', status: 503, headers: { 'content-type': 'text/html' }, body: '<html>' }),
  });
  const answer = await fetch(server.origin);
  t.deepEqual([answer.status, answer.headers.get('content-type'), await answer.text()], [503, 'text/html', '<html>']);
});

test('flags a body over the limit, and takes one at the limit', async (t) => {
  const flags: boolean[] = [];
  const server = await serving(t, { bodyLimit: 10 }, ({ bodyTooLong }) => {
    flags.push(bodyTooLong);
    return { status: 200 };
  });
  await fetch(server.origin, { method: 'PUT', body: 'x'.repeat(10) });
  await fetch(server.origin, { method: 'PUT', body: 'x'.repeat(11) });
  t.deepEqual(flags, [false, true]);
  t.is(server.seen[1]?.bytesIn, 11);
});

test('adds latency to every answer', async (t) => {
  const server = await serving(t, { latencyMs: 30 });
  const start = performance.now();
  await fetch(server.origin);
  t.true(performance.now() - start >= 29);
});

test('a defect of the handler is a 599 with its stack, never a hanging request', async (t) => {
  const server = await serving(t, {}, () => {
    throw new Error('broken simulator');
  });
  const answer = await fetch(server.origin);
  t.is(answer.status, 599);
  t.regex(await answer.text(), /broken simulator/);
  t.is(server.seen[0]?.inFlight, 1);
});

test('serves over TLS and over a unix socket', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'armor-http-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await openssl([
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ]);
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const server = await serving(t, { tls });
  t.regex(server.origin, /^https:/);
  const socketPath = join(folder, 'socket');
  await serving(t, { tls, socketPath });
  const status = (options: https.RequestOptions): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      https
        .get({ ...options, ca: tls.cert }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .on('error', reject);
    });
  t.is(await status({ host: '127.0.0.1', port: new URL(server.origin).port, servername: 'localhost' }), 200);
  t.is(await status({ socketPath, servername: 'localhost' }), 200);
});
