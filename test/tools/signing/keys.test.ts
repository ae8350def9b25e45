import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ArmorError } from '#errors';
import { openssl } from '#test/support/openssl.ts';
import { $ } from '#test/support/shell.ts';
import type { Settings } from '#tools/settings.ts';
import { createKeys } from '#tools/signing/create-keys.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';
import { readPrivateKey } from '#tools/signing/read-private-key.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const pkcs1 = await openssl(['genrsa', '-traditional', '2048']);

function settingsFor(dir: string): Pick<Settings, 'privateKeyFile' | 'publicKeyFile'> {
  const setting = (name: string) => ({ value: join(dir, name), from: 'the default' });
  return { privateKeyFile: setting('service.private.key'), publicKeyFile: setting('service.public.pem') };
}

function writePrivate(dir: string, pem: string, mode = 0o600): void {
  writeFileSync(join(dir, 'service.private.key'), pem);
  chmodSync(join(dir, 'service.private.key'), mode);
}

async function unusable(t: ExecutionContext, work: () => Promise<unknown> | unknown): Promise<ArmorError> {
  const error = await t.throwsAsync(async () => work(), { instanceOf: ArmorError });
  t.is(error?.code, 'KEY_UNUSABLE');
  return error ?? t.fail();
}

test('a created key is one that hzn can use, readable for nobody else', async (t) => {
  const dir = temporaryDirectory(t);
  const { privateKeyFile, publicKeyFile, keyId } = await createKeys(
    join(dir, 'a/private.key'),
    join(dir, 'a/public.pem'),
    2048,
  );
  t.is(statSync(privateKeyFile).mode & 0o777, 0o600);
  t.is(statSync(join(dir, 'a')).mode & 0o077, 0);
  t.regex(readFileSync(privateKeyFile, 'utf8'), /^-----BEGIN RSA PRIVATE KEY-----/);
  t.is(readFileSync(publicKeyFile, 'utf8'), await openssl(['rsa', '-in', privateKeyFile, '-pubout']));
  const { warnings, ...signer } = await loadSigner({
    privateKeyFile: { value: privateKeyFile, from: 'test' },
    publicKeyFile: { value: publicKeyFile, from: 'test' },
  });
  t.deepEqual([signer.keyId, warnings], [keyId, []]);
});

test('a wide umask does not open the private key', async (t) => {
  const dir = temporaryDirectory(t);
  const create = ['tools/hzn-armor.mjs', 'keys', 'create', '--bits', '2048', '--json'];
  const { stdout } = await $({ env: { HOME: dir } })`umask 0; ${process.execPath} ${create}`;
  const report = JSON.parse(stdout);
  t.is(report.privateKeyFile, join(dir, '.hzn/keys/service.private.key'));
  t.is(statSync(report.privateKeyFile).mode & 0o777, 0o600);
  t.false(JSON.stringify(report).includes('PRIVATE KEY-----'));
});

for (const taken of ['private.key', 'public.pem']) {
  test(`an existing ${taken} is not overwritten, and nothing is left beside it`, async (t) => {
    const dir = temporaryDirectory(t);
    writeFileSync(join(dir, taken), 'precious');
    const error = await unusable(t, () => createKeys(join(dir, 'private.key'), join(dir, 'public.pem'), 2048));
    t.regex(error.message, /not overwritten/);
    t.is(readFileSync(join(dir, taken), 'utf8'), 'precious');
    t.deepEqual(readdirSync(dir), [taken]);
  });
}

for (const [what, pem, says] of [
  [
    'PKCS#8',
    openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']),
    /an RSA key in PKCS#8 form/,
  ],
  ['ed25519', openssl(['genpkey', '-algorithm', 'ED25519']), /an ed25519 key in PKCS#8 form/],
  ['an elliptic curve', openssl(['ecparam', '-genkey', '-noout', '-name', 'prime256v1']), /a EC PRIVATE KEY/],
  ['an encrypted PKCS#8 key', openssl(['genrsa', '-aes256', '-passout', 'pass:secret', '2048']), /encrypted/],
  [
    'an encrypted PKCS#1 key',
    openssl(['genrsa', '-traditional', '-aes256', '-passout', 'pass:secret', '2048']),
    /encrypted/,
  ],
  ['a public key', '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n', /a PUBLIC KEY/],
  ['a damaged key', pkcs1.replace(/[A-Za-z0-9]{40}/, ''), /damaged/],
  ['a short key', openssl(['genrsa', '-traditional', '1024']), /1024 bits/],
  ['something else', 'hello', /not a PEM file/],
  ['an empty file', '', /not a PEM file/],
] as const) {
  test(`${what} is refused, in words that help`, async (t) => {
    const error = await unusable(t, async () => readPrivateKey(await pem, 'k.key'));
    t.regex(error.message, says);
    t.deepEqual(error.where, { file: 'k.key' });
    t.notRegex(error.toString(), /[A-Za-z0-9+/]{40}/, 'nothing of the key is quoted');
  });
}

test('the command that an error suggests for a PKCS#8 key makes a usable one', async (t) => {
  const dir = temporaryDirectory(t);
  writePrivate(dir, await openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']));
  const { fix } = await unusable(t, () => loadSigner(settingsFor(dir)));
  const [, command = ''] = /: (openssl .*)$/.exec(fix) ?? [];
  await $({ cwd: dir })`sh -c ${command.replace(/KEY$/, 'converted')}`;
  t.notThrows(() => readPrivateKey(readFileSync(join(dir, 'converted'), 'utf8'), 'converted'));
});

test('a key that is not there names the file and where its name came from', async (t) => {
  const error = await unusable(t, () => loadSigner(settingsFor(temporaryDirectory(t))));
  t.regex(error.toString(), /service\.private\.key: there is no signing key .*keys create.*from the default/);
});

test('a folder in place of the key is named as one', async (t) => {
  const dir = temporaryDirectory(t);
  mkdirSync(join(dir, 'service.private.key'));
  t.regex((await unusable(t, () => loadSigner(settingsFor(dir)))).fix, /not its folder/);
});

test('a public key of another private one is refused', async (t) => {
  const dir = temporaryDirectory(t);
  writePrivate(dir, await openssl(['genrsa', '-traditional', '2048']));
  writeFileSync(join(dir, 'other.key'), pkcs1);
  writeFileSync(join(dir, 'service.public.pem'), await openssl(['rsa', '-in', join(dir, 'other.key'), '-pubout']));
  const error = await unusable(t, () => loadSigner(settingsFor(dir)));
  t.regex(error.message, /not the public half/);
});

test('the certificate that hzn makes counts as the public half', async (t) => {
  const dir = temporaryDirectory(t);
  writePrivate(dir, pkcs1);
  const certificate = await openssl([
    'req',
    '-x509',
    '-new',
    '-key',
    join(dir, 'service.private.key'),
    '-subj',
    '/O=acme/CN=ci',
    '-days',
    '30',
  ]);
  writeFileSync(join(dir, 'service.public.pem'), certificate);
  const signer = await loadSigner(settingsFor(dir));
  t.regex(signer.publicPem, /^-----BEGIN PUBLIC KEY-----/, 'what is uploaded is the key, which does not expire');
});

test('without a public key file, the private one is enough', async (t) => {
  const dir = temporaryDirectory(t);
  writePrivate(dir, pkcs1);
  t.regex((await loadSigner(settingsFor(dir))).keyId, /^[0-9a-f]{64}$/);
});

test('a private key that others can read is warned about', async (t) => {
  const dir = temporaryDirectory(t);
  writePrivate(dir, pkcs1, 0o644);
  t.regex((await loadSigner(settingsFor(dir))).warnings.join(), /mode 0644\)\. Run chmod 600/);
});
