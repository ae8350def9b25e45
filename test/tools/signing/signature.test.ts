import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openssl, opensslBytes } from '#test/support/openssl.ts';
import { referenceFile, testWith } from '#test/support/reference.ts';
import { readPublicKey } from '#tools/signing/read-public-key.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import { signText, textIsSigned } from '#tools/signing/signature.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

test('openssl verifies what we sign', async (t) => {
  const dir = temporaryDirectory(t);
  const text = '{"services":{"a":{"image":"x","command":["$HOME","ä ✓"]}}}';
  writeFileSync(join(dir, 'text'), text);
  writeFileSync(join(dir, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(dir, 'sig'), Buffer.from(await signText(text, privateKey), 'base64'));
  const args = [
    'dgst',
    '-sha256',
    '-sigopt',
    'rsa_padding_mode:pss',
    '-verify',
    'key.pem',
    '-signature',
    'sig',
    'text',
  ];
  t.is(await openssl(args, { cwd: dir }), 'Verified OK\n');
});

for (const salt of ['digest', 'max', '20']) {
  test(`a signature of openssl with salt ${salt} verifies`, async (t) => {
    const dir = temporaryDirectory(t);
    writeFileSync(join(dir, 'text'), 'text');
    writeFileSync(join(dir, 'key.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
    const options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${salt}`];
    const signature = await opensslBytes(['dgst', '-sha256', ...options, '-sign', 'key.pem', 'text'], { cwd: dir });
    t.true(textIsSigned('text', signature.toString('base64'), publicKey));
    t.false(textIsSigned('texT', signature.toString('base64'), publicKey));
  });
}

test('no other text passes for the one that was signed', async (t) => {
  const signature = await signText('deployment', privateKey);
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(text !== 'deployment');
      t.false(textIsSigned(text, signature, publicKey));
    }),
  );
});

test('what is no signature verifies nothing', (t) => {
  fc.assert(fc.property(fc.string(), (signature) => t.false(textIsSigned('deployment', signature, publicKey))));
});

const SESSION = 'captures/hub/exchange-hzn-session.json';
const recorded = testWith(SESSION);

for (const file of ['hzn-public-certificate.pem', 'hzn-public-spki.pem']) {
  recorded(`every body that hzn signed verifies with ${file}`, (t) => {
    const key = readPublicKey(readFileSync(referenceFile(`captures/hub/${file}`), 'utf8'), file);
    const signed = hznBodies()
      .flatMap((body) => [
        { text: String(body.deployment ?? ''), signature: String(body.deploymentSignature ?? '') },
        ...overridesOf(body),
      ])
      .filter(({ text }) => text !== '');
    t.is(signed.length, 4, 'two services and two patterns');
    for (const { text, signature } of signed) {
      t.true(textIsSigned(text, signature, key));
      t.false(textIsSigned(`${text} `, signature, key));
    }
  });
}

/** Bodies of the writes in the recorded session of hzn. */
function hznBodies(): Record<string, unknown>[] {
  const entries: { request: { text?: string } }[] = JSON.parse(readFileSync(referenceFile(SESSION), 'utf8'));
  return entries.flatMap(({ request: { text } }) => (text?.startsWith('{') ? [JSON.parse(text)] : []));
}
