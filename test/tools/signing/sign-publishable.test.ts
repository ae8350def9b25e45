import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { ArmorError } from '#errors';
import { openEnvelope, signEnvelope } from '#policy/envelope.ts';
import type { PolicyContent } from '#policy/payload.ts';
import type { PolicyObject, Publishable, ServiceBody } from '#tools/bundle/types.ts';
import { unixSeconds } from '#tools/signing/clock.ts';
import { signContent } from '#tools/signing/sign-content.ts';
import { knownFrom, NOTHING_KNOWN, signPublishable } from '#tools/signing/sign-publishable.ts';
import { signPattern, signService } from '#tools/signing/sign-service.ts';
import { textIsSigned } from '#tools/signing/signature.ts';
import { signerOf } from '#tools/signing/signer.ts';

const signer = signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const stranger = signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

const content: PolicyContent = {
  format: 1,
  id: `deployment.web.${signer.keyId.slice(0, 12)}`,
  layer: 'deployment',
  target: { org: 'acme', service: 'web', container: 'web', arch: '*', versionRange: '[0.0.0,INFINITY)' },
  inherit: true,
  policies: [],
  catalogue: [],
};

const service: ServiceBody = {
  label: 'Web',
  description: '',
  public: false,
  url: 'web',
  version: '1.0.0',
  arch: 'amd64',
  sharable: 'multiple',
  requiredServices: [],
  userInput: [],
  deployment: '{"services":{}}',
  deploymentSignature: '',
};

const open = (envelope: string) => openEnvelope(envelope, new Set([signer.keyId])).payload;

test('the first envelope has the clock for its seq', async (t) => {
  t.is(open(await signContent(content, signer, undefined, 1_700_000_000.9)).seq, 1_700_000_000);
});

test('equal content keeps its envelope, however the clock moved', async (t) => {
  const known = await signContent(content, signer, undefined, 1000);
  t.is(await signContent(content, signer, known, 2000), known);
  t.is(await signContent({ ...content }, signer, known, 1), known);
});

for (const [what, now, seq] of [
  ['above the clock', 5, 1001],
  ['at the clock', 1000, 1001],
  ['below the clock', 2000, 2000],
] as const) {
  test(`a change raises a seq that is ${what}`, async (t) => {
    const known = await signContent(content, signer, undefined, 1000);
    const next = open(await signContent({ ...content, inherit: false }, signer, known, now));
    t.deepEqual([next.seq, next.inherit], [seq, false]);
  });
}

test('the envelope of another key, of another id, or no envelope at all is as good as none', async (t) => {
  const ahead = { ...content, seq: 9_999_999_999 };
  for (const known of [
    signEnvelope(ahead, stranger.privateKey),
    signEnvelope({ ...ahead, id: 'deployment.other.0123456789ab' }, signer.privateKey),
    'rubbish',
  ]) {
    t.is(open(await signContent(content, signer, known, 1000)).seq, 1000);
  }
});

test('the order of fields is not a change', async (t) => {
  const known = await signContent(content, signer, undefined, 1000);
  const reversed = Object.fromEntries(Object.entries(content).reverse());
  t.is(await signContent({ ...content, ...reversed }, signer, known, 2000), known);
});

test('a service is signed over its deployment', async (t) => {
  const { deploymentSignature } = await signService(service, signer);
  t.true(textIsSigned(service.deployment, deploymentSignature, signer.publicKey));
});

test('a service keeps the signature of an unchanged deployment', async (t) => {
  const signed = await signService(service, signer);
  t.is(
    (await signService({ ...service, label: 'New label' }, signer, signed)).deploymentSignature,
    signed.deploymentSignature,
  );
});

for (const [what, make] of Object.entries({
  'of another deployment': async () => ({ deployment: '{}', deploymentSignature: 'x' }),
  'that does not verify': async () => ({ deployment: service.deployment, deploymentSignature: 'AAAA' }),
  'of another key': () => signService(service, stranger),
  'that is missing': async () => ({ deployment: service.deployment, deploymentSignature: '' }),
})) {
  test(`a service does not keep a signature ${what}`, async (t) => {
    const known = await make();
    const { deploymentSignature } = await signService(service, signer, known);
    t.not(deploymentSignature, known.deploymentSignature);
    t.true(textIsSigned(service.deployment, deploymentSignature, signer.publicKey));
  });
}

test('each override of a pattern is signed, and kept while it is the same', async (t) => {
  const overrides = ['{"services":{"a":{}}}', '{"services":{"b":{}}}'];
  const pattern = (texts: readonly string[]) => ({
    services: [
      {
        serviceVersions: [
          ...texts.map((text) => ({ deployment_overrides: text, deployment_overrides_signature: '' })),
          { version: '1.0.0' },
        ],
      },
    ],
  });
  const signed = await signPattern(pattern(overrides), signer);
  t.is(JSON.stringify(await signPattern(pattern(overrides), signer, signed)), JSON.stringify(signed));
  const changed = JSON.stringify(
    await signPattern(pattern([overrides[0] ?? '', '{"services":{"c":{}}}']), signer, signed),
  );
  t.true(changed.includes(JSON.stringify(signed).match(/signature":"([^"]+)/)?.[1] ?? 'missing'));
  t.not(changed, JSON.stringify(signed));
});

test('a publishable is signed whole, and signing it again changes nothing', async (t) => {
  const object = (objectId: string): PolicyObject => ({
    objectId,
    file: 'f',
    layer: 'deployment',
    content,
    placement: { kind: 'pattern', pattern: 'p' },
    description: '',
  });
  const publishable: Publishable = {
    name: 'n',
    version: '1',
    org: 'acme',
    services: [{ id: 'web_1.0.0_amd64', file: 'f', body: service }],
    servicePolicies: [],
    patterns: [{ id: 'p', file: 'f', body: { label: 'p', services: [] } }],
    deploymentPolicies: [],
    nodePolicies: [],
    objects: [object(content.id), object(`${content.id}.p`)],
    keys: [],
  };
  const progress: [number, number][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  const signed = await signPublishable(publishable, signer, NOTHING_KNOWN, { unixSeconds: 1000, onProgress });
  t.is(signed.objects[0]?.envelope, signed.objects[1]?.envelope, 'a copy carries the same envelope');
  t.deepEqual(signed.keys, [{ keyId: signer.keyId, pem: signer.publicPem }]);
  t.deepEqual(progress, [
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  t.deepEqual(await signPublishable(publishable, signer, knownFrom(signed), { unixSeconds: 2000 }), signed);
});

test('SOURCE_DATE_EPOCH is the clock where it is set', (t) => {
  t.is(unixSeconds({ SOURCE_DATE_EPOCH: '1700000000' }), 1_700_000_000);
  t.true(Math.abs(unixSeconds({}) - Date.now() / 1000) < 5);
  for (const wrong of ['yesterday', '-1', '1.5', '99999999999999']) {
    t.is(t.throws(() => unixSeconds({ SOURCE_DATE_EPOCH: wrong }), { instanceOf: ArmorError })?.code, 'USAGE');
  }
});
