/** Who a node's ESS lets in, and how it is reached (reference/exchange-mms.md §C.7, §C.8). */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeCertificate } from '#demo/simulators/ess/certificate.ts';
import { openssl } from '#test/support/openssl.ts';
import { policyFor, startCssLab } from './css-lab.ts';
import { askEss, idsIn } from './lab.ts';

const PATH = '/api/v1/objects/probe?received=true';

test('a service of a policy node sees what names it, or names nobody', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  await ess.sync();
  await lab.put('guard', {}, 'x');
  await lab.put('guard-2', { destinationPolicy: policyFor('lab.guard', '[2.0.0,INFINITY)') }, 'x');
  await lab.put('nobody', { destinationPolicy: { services: [] } }, 'x');
  await lab.put('plain', { destinationPolicy: null }, 'x');
  await lab.put('web', { destinationPolicy: policyFor('lab.web') }, 'x');
  for (const id of ['guard', 'guard-2', 'nobody', 'web']) await lab.place(id, 'node1');
  await ess.sync();
  const seenBy = async (id: string, version: string) => {
    const { token } = await ess.credentials.create(`${id} ${version}`.replace('/', '-'), id, version);
    return idsIn(await askEss(ess, { auth: `${id}:${token}`, path: PATH }));
  };
  t.deepEqual(await seenBy('acme/lab.guard', '1.0.0'), ['guard', 'nobody', 'plain']);
  t.deepEqual(await seenBy('acme/lab.guard', '2.1.0'), ['guard', 'guard-2', 'nobody', 'plain']);
  t.deepEqual(await seenBy('other/lab.guard', '1.0.0'), ['nobody', 'plain']);
  // A pattern node's credentials have no version: every service sees every object.
  t.deepEqual(await seenBy('acme/any', ''), ['guard', 'guard-2', 'nobody', 'plain', 'web']);
});

test('webhooks are for services of pattern nodes', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  const register = async (version: string) => {
    const { id, token } = await ess.credentials.create(`of-${version}`, 'acme/lab.guard', version);
    const body = JSON.stringify({ action: 'register', url: 'http://127.0.0.1:1/' });
    return (await askEss(ess, { auth: `${id}:${token}`, method: 'PUT', path: '/api/v1/objects/probe', body })).status;
  };
  t.is(await register('1.0.0'), 403);
  t.is(await register(''), 204);
});

test('a new credential of a service ends the old one; without a new one the old login lasts 15 minutes', async (t) => {
  let now = 0;
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const dir = await mkdtemp(join(tmpdir(), 'ess-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const { startEss } = await import('#demo/simulators/ess/start-ess.ts');
  const ess = await startEss({ cssUrl: lab.css.url, org: 'acme', id: 'n', token: 'pw', dir, now: () => now });
  t.teardown(() => ess.close());
  const status = async (token: string) =>
    (await askEss(ess, { auth: `acme/s:${token}`, path: '/api/v1/health' })).status;
  const first = await ess.credentials.create('agreement-1', 'acme/s', '1.0.0');
  t.is(await status(first.token), 200);
  await ess.credentials.remove('agreement-1');
  t.is(await status(first.token), 200);
  now = 16 * 60_000;
  t.is(await status(first.token), 403);

  const second = await ess.credentials.create('agreement-2', 'acme/s', '1.0.0');
  t.is(await status(second.token), 200);
  await ess.credentials.remove('agreement-2');
  const third = await ess.credentials.create('agreement-3', 'acme/s', '1.0.0');
  t.is(await status(third.token), 200);
  t.is(await status(second.token), 403);
});

test('an agent that stops leaves a socket that refuses, and keeps everything', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  const { id, token } = await ess.credentials.create('a', 'acme/lab.guard', '1.0.0');
  await ess.sync();
  await lab.put('o1', {}, 'one');
  await lab.place('o1', 'node1');
  await ess.sync();
  await ess.stop();
  t.true((await stat(ess.socketPath)).isSocket());
  const ask = () => askEss(ess, { auth: `${id}:${token}`, path: PATH });
  t.like(await t.throwsAsync(ask), { code: 'ECONNREFUSED' });
  await ess.start();
  t.deepEqual(idsIn(await ask()), ['o1']);
  t.is((await stat(ess.socketPath)).mode & 0o777, 0o666);
});

test('the certificate is made anew only when it is gone, and then the old one is worth nothing', async (t) => {
  const lab = await startCssLab();
  t.teardown(() => lab.close());
  const ess = await lab.addEss('node1');
  const certFile = join(ess.certFolder, 'cert.pem');
  const before = await readFile(certFile, 'utf8');
  await ess.stop();
  await ess.start();
  t.is(await readFile(certFile, 'utf8'), before);
  await ess.stop();
  await rm(certFile);
  await ess.start();
  t.not(await readFile(certFile, 'utf8'), before);
  await writeFile(certFile, before);
  await t.throwsAsync(() => askEss(ess, { path: PATH }), { message: /certificate|self.signed|signature/i });
});

test('the certificate is one for localhost, of its own, for 500 days', async (t) => {
  const { cert, key } = await makeCertificate('acme', new Date('2026-11-24T00:00:00Z'));
  const parsed = new X509Certificate(cert);
  t.is(parsed.subject, 'O=acme\nOU=Edge Node\nCN=localhost');
  t.is(parsed.issuer, parsed.subject);
  t.true(parsed.ca);
  t.true(parsed.verify(parsed.publicKey));
  t.is(parsed.checkHost('e2edevtest'), 'e2edevtest');
  t.is(parsed.checkIP('127.0.0.1'), '127.0.0.1');
  t.is(parsed.validTo, 'Apr  7 00:00:00 2028 GMT');
  const dir = await mkdtemp(join(tmpdir(), 'cert-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  t.regex(await openssl(['verify', '-CAfile', certFile, '-x509_strict', certFile]), /OK/);
  const modulusOf = (kind: string, file: string) => openssl([kind, '-noout', '-modulus', '-in', file]);
  t.is(await modulusOf('x509', certFile), await modulusOf('rsa', keyFile));
});
