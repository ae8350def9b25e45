import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ArmorError } from '#errors';
import {
  encodePayload,
  keyIdOf,
  openEnvelope,
  parseEnvelope,
  preAuthEncoding,
  sealEnvelope,
  signEnvelope,
} from '#policy/envelope.ts';
import { PAYLOAD_TYPE, type PolicyPayload } from '#policy/payload.ts';
import { openssl, opensslBytes } from '#test/support/openssl.ts';

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ourId = keyIdOf(ours.publicKey);
const pinned = new Set([ourId]);

const payload: PolicyPayload = {
  format: 1,
  id: 'deployment.homeassistant.0a1b2c3d4e5f',
  layer: 'deployment',
  seq: 7,
  target: { org: 'acme', service: 'homeassistant', container: '*', arch: '*', versionRange: '[0.0.0,INFINITY)' },
  inherit: true,
  policies: [
    {
      apiVersion: 'security.kubearmor.com/v1',
      kind: 'KubeArmorPolicy',
      metadata: { name: 'no-shell' },
      spec: { process: { matchPaths: [{ path: '/bin/sh' }] }, action: 'Block' },
    },
  ],
  catalogue: [],
};

/** What openEnvelope refuses, and why. */
function refuses(t: ExecutionContext, text: string, reason: RegExp, keys: ReadonlySet<string> = pinned): void {
  const error = t.throws(() => openEnvelope(text, keys), { instanceOf: ArmorError });
  t.is(error?.code, 'ENVELOPE_INVALID');
  t.regex(error?.message ?? '', reason);
}

/** The envelope with some of its fields replaced. */
function altered(change: (envelope: ReturnType<typeof parseEnvelope>) => unknown): string {
  return JSON.stringify(change(parseEnvelope(signEnvelope(payload, ours.privateKey))));
}

test('an envelope opens with the pinned key and gives back what was signed', (t) => {
  t.deepEqual(openEnvelope(signEnvelope(payload, ours.privateKey), pinned), { payload, keyId: ourId });
});

test('the pre-authentication encoding is that of DSSE', (t) => {
  t.is(
    preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString(),
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  t.is(preAuthEncoding('ä', Buffer.from('ö')).toString(), 'DSSEv1 2 ä 2 ö');
});

test('a key id is what openssl says of the public key', async (t) => {
  const dir = temporary(t);
  writeFileSync(join(dir, 'key.pem'), ours.publicKey.export({ type: 'spki', format: 'pem' }));
  const der = await opensslBytes(['pkey', '-pubin', '-in', join(dir, 'key.pem'), '-outform', 'DER']);
  const digest = await openssl(['dgst', '-sha256', '-r'], { stdin: der });
  t.is(digest.split(' ')[0], ourId);
});

test('openssl verifies the signature', async (t) => {
  const dir = temporary(t);
  const { payload: encoded, signatures } = parseEnvelope(signEnvelope(payload, ours.privateKey));
  writeFileSync(join(dir, 'key.der'), Buffer.from(signatures[0]?.publicKey ?? '', 'base64'));
  writeFileSync(join(dir, 'sig'), Buffer.from(signatures[0]?.sig ?? '', 'base64'));
  writeFileSync(join(dir, 'signed'), preAuthEncoding(PAYLOAD_TYPE, Buffer.from(encoded, 'base64')));
  await openssl(['pkey', '-pubin', '-inform', 'DER', '-in', 'key.der', '-out', 'key.pem'], { cwd: dir });
  const options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'];
  const check = ['dgst', '-sha256', ...options, '-verify', 'key.pem', '-signature', 'sig', 'signed'];
  t.is(await openssl(check, { cwd: dir }), 'Verified OK\n');
});

test('an envelope of another key is refused', (t) => {
  refuses(t, signEnvelope(payload, theirs.privateKey), /not trusted here/);
  refuses(t, signEnvelope(payload, ours.privateKey), /not trusted here/, new Set());
});

test('naming a pinned key does not make another one it', (t) => {
  const claimed = altered((envelope) => ({
    ...envelope,
    signatures: [
      {
        ...envelope.signatures[0],
        publicKey: theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      },
    ],
  }));
  refuses(t, claimed, /is another key/);
});

test('a pinned key that is no RSA key is refused', (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytes = encodePayload(payload);
  const text = sealEnvelope(bytes, sign(null, preAuthEncoding(PAYLOAD_TYPE, bytes), privateKey), publicKey);
  refuses(t, text, /no RSA key/, new Set([keyIdOf(publicKey)]));
});

test('one good signature of a pinned key is enough beside those of others', (t) => {
  const other = parseEnvelope(signEnvelope(payload, theirs.privateKey)).signatures;
  const text = altered((envelope) => ({ ...envelope, signatures: [...other, ...envelope.signatures] }));
  t.is(openEnvelope(text, pinned).keyId, ourId);
});

test('a bad signature of a pinned key is not forgiven for a good one beside it', (t) => {
  const text = altered((envelope) => ({
    ...envelope,
    signatures: [...envelope.signatures, { ...envelope.signatures[0], sig: Buffer.alloc(256).toString('base64') }],
  }));
  refuses(t, text, /does not match/);
});

test('a signature counts for its payload type only', (t) => {
  const bytes = encodePayload(payload);
  const elsewhere = signPss(preAuthEncoding('application/vnd.in-toto+json', bytes), ours.privateKey);
  refuses(t, sealEnvelope(bytes, elsewhere, ours.publicKey), /does not match/);
  refuses(
    t,
    altered((envelope) => ({ ...envelope, payloadType: 'text/plain' })),
    /payload type/,
  );
});

for (const [what, text] of Object.entries({
  'no JSON': 'rubbish',
  'a list': '[]',
  'no envelope': '{}',
  null: 'null',
  'no signatures': altered((envelope) => ({ ...envelope, signatures: [] })),
  'a signature without a key': altered((envelope) => ({ ...envelope, signatures: [{ keyid: ourId, sig: '' }] })),
  'a payload that is no base64': altered((envelope) => ({ ...envelope, payload: `${envelope.payload} ` })),
  'a payload in base64url': altered((envelope) => ({ ...envelope, payload: '-_-_' })),
})) {
  test(`${what} is refused`, (t) => refuses(t, text, /./));
}

for (const [what, change] of Object.entries<Record<string, unknown>>({
  'another format': { format: 2 },
  'a seq that is no integer': { seq: 1.5 },
  'a negative seq': { seq: -1 },
  'a seq beyond what is exact': { seq: 2 ** 53 },
  'an unknown layer': { layer: 'fleet' },
  'an empty id': { id: '' },
  'a target without service': { target: { org: 'acme' } },
  'a host target that says no': { target: { host: false } },
  'policies that are no list': { policies: {} },
  'a policy of another kind': {
    policies: [{ apiVersion: 'security.kubearmor.com/v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} }],
  },
  'a policy without name': {
    policies: [{ apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: {}, spec: {} }],
  },
  'a catalogue entry without compliance': { catalogue: [{ policy: 'a', template: 'b', summary: 'c' }] },
})) {
  test(`a signed payload with ${what} is refused`, (t) => {
    const bytes = Buffer.from(JSON.stringify({ ...payload, ...change }));
    const text = sealEnvelope(bytes, signPss(preAuthEncoding(PAYLOAD_TYPE, bytes), ours.privateKey), ours.publicKey);
    refuses(t, text, /not a policy payload/);
  });
}

test('whatever is in a payload comes back as it was', (t) => {
  const names = fc.string({ unit: 'grapheme', minLength: 1 });
  const contents = fc.record({
    id: names,
    seq: fc.nat(),
    message: fc.string({ unit: 'binary' }),
    inherit: fc.boolean(),
  });
  fc.assert(
    fc.property(contents, ({ id, seq, message, inherit }) => {
      const [policy] = payload.policies;
      const given: PolicyPayload = {
        ...payload,
        id,
        seq,
        inherit,
        policies:
          policy === undefined ? [] : [{ ...policy, spec: { ...policy.spec, message: message.toWellFormed() } }],
      };
      t.deepEqual(openEnvelope(signEnvelope(given, ours.privateKey), pinned).payload, given);
    }),
    { numRuns: 25 },
  );
});

test('no single changed character of an envelope goes unnoticed', (t) => {
  const text = signEnvelope(payload, ours.privateKey);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      fc.pre(changed !== text);
      t.throws(() => openEnvelope(changed, pinned), { instanceOf: ArmorError });
    }),
    { numRuns: 400 },
  );
});

test('no text at all makes it fail in another way', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      t.throws(() => openEnvelope(text, pinned), { instanceOf: ArmorError });
    }),
  );
});

test('the key that signs is derived from the private half', (t) => {
  const { signatures } = parseEnvelope(signEnvelope(payload, ours.privateKey));
  t.is(signatures[0]?.keyid, keyIdOf(createPublicKey(ours.privateKey)));
});

function signPss(bytes: Buffer, key: KeyObject): Buffer {
  return sign('sha256', bytes, { key, padding: 6, saltLength: 32 });
}

function temporary(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'envelope-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}
