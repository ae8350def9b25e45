import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ArmorError } from '#errors';
import { parseEnvelope, preAuthEncoding } from '#policy/envelope.ts';
import { openssl } from '#test/support/openssl.ts';
import { $ } from '#test/support/shell.ts';
import { seqOf } from '#tools/bundle/object-metadata.ts';
import { inspectDist, readDist } from '#tools/bundle/read-dist.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import { SMALL_BUNDLE, writeBundle } from './bundle-fixture.ts';
import { buildInto, signer, snapshot, stranger } from './dist-fixture.ts';

/** The start of a variable. */
const D = '${';

test('a dist has the layout that it promises', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const id = signer.keyId.slice(0, 12);
  t.deepEqual(Object.keys(snapshot(out)), [
    'deployment-policies/web.json',
    `keys/${signer.keyId}.pem`,
    'manifest.json',
    'manifest.sig',
    'node-policies/edge.json',
    'patterns/all.json',
    `security-policies/deployment.web.${id}.all.json`,
    `security-policies/deployment.web.${id}.dsse.json`,
    `security-policies/deployment.web.${id}.json`,
    `security-policies/node.edge.${id}.all.json`,
    `security-policies/node.edge.${id}.dsse.json`,
    `security-policies/node.edge.${id}.json`,
    'services/guard_1.0.0_amd64.json',
    'services/kubearmor_1.0.0_amd64.json',
    'services/web_1.0.0_amd64.json',
    'services/web_1.0.0_amd64.policy.json',
    'services/web_1.0.0_arm64.json',
    'services/web_1.0.0_arm64.policy.json',
    'small-1.0.0.tar.gz',
  ]);
});

test('a second build changes no byte, and touches no file', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const before = snapshot(out);
  const old = new Date(1000);
  for (const path of Object.keys(before)) utimesSync(join(out, path), old, old);
  const { written, removed } = await buildInto(out, dir, { unixSeconds: 1_800_000_000 });
  t.deepEqual([written, removed, snapshot(out)], [[], [], before]);
  for (const path of Object.keys(before)) t.is(statSync(join(out, path)).mtimeMs, 1000, path);
});

test('the archive depends on nothing but its files: not on times, modes or the directory', async (t) => {
  const dir = writeBundle(t);
  await buildInto(join(dir, 'a'), dir);
  cpSync(join(dir, 'a'), join(dir, 'b'), { recursive: true });
  rmSync(join(dir, 'b/small-1.0.0.tar.gz'));
  for (const path of Object.keys(snapshot(join(dir, 'b')))) chmodSync(join(dir, 'b', path), 0o600);
  const { written } = await buildInto(join(dir, 'b'), dir);
  t.deepEqual(written, ['small-1.0.0.tar.gz']);
  t.deepEqual(snapshot(join(dir, 'b')), snapshot(join(dir, 'a')));
});

test('tar lists the archive as plain files of one folder, in order', async (t) => {
  const dir = writeBundle(t);
  await buildInto(join(dir, 'dist'), dir);
  const archive = join(dir, 'dist/small-1.0.0.tar.gz');
  const { stdout } = await $`TZ=UTC tar -tzvf ${archive}`;
  const lines = stdout.trim().split('\n');
  const names = lines.map((line) => line.split(/\s+/).at(-1) ?? '');
  t.is(names.length, 18);
  t.deepEqual(names, [...names].sort());
  for (const line of lines) t.regex(line, /^-rw-r--r-- 0\/0 +\d+ 1980-01-01 00:00 small-1\.0\.0\//);
});

test('openssl verifies every signature of a dist', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const key = join(out, 'keys', `${signer.keyId}.pem`);
  const json = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'));
  const signed = [
    {
      what: 'manifest',
      text: readFileSync(join(out, 'manifest.json')),
      signature: readFileSync(join(out, 'manifest.sig'), 'utf8'),
    },
    ...readdirSync(join(out, 'services'))
      .filter((file) => !file.endsWith('.policy.json'))
      .map((file) => json(`services/${file}`))
      .map(({ url, deployment, deploymentSignature }) => ({
        what: url,
        text: Buffer.from(deployment),
        signature: deploymentSignature,
      })),
    ...overridesOf(json('patterns/all.json')).map(({ text, signature }) => ({
      what: 'override',
      text: Buffer.from(text),
      signature,
    })),
    ...readdirSync(join(out, 'security-policies'))
      .filter((file) => file.endsWith('.dsse.json'))
      .map((file) => parseEnvelope(readFileSync(join(out, 'security-policies', file), 'utf8')))
      .map(({ payload, payloadType, signatures }) => ({
        what: 'envelope',
        text: preAuthEncoding(payloadType, Buffer.from(payload, 'base64')),
        signature: signatures[0]?.sig ?? '',
      })),
  ];
  t.is(signed.length, 9);
  for (const { what, text, signature } of signed) {
    writeFileSync(join(dir, 'text'), text);
    writeFileSync(join(dir, 'sig'), Buffer.from(signature, 'base64'));
    const args = [
      'dgst',
      '-sha256',
      '-sigopt',
      'rsa_padding_mode:pss',
      '-verify',
      key,
      '-signature',
      join(dir, 'sig'),
      join(dir, 'text'),
    ];
    t.is(await openssl(args), 'Verified OK\n', what);
  }
});

test('hzn finds neither variables nor comments to rewrite in a dist', async (t) => {
  const command = `deployment: { services: { web: { image: a, command: ["$HOME $${D}x}", "/proc/*/x", "a */ b /* c"] } } }`;
  const dir = writeBundle(t, {
    'services/web/service.yaml': (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace(
      /deployment:.*/s,
      () => command,
    ),
  });
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const text = readFileSync(join(out, 'services/web_1.0.0_amd64.json'), 'utf8');
  t.notRegex(text, /\$|\/\*|\*\//);
  t.deepEqual(JSON.parse(JSON.parse(text).deployment).services.web.command, [
    `$HOME ${D}x}`,
    '/proc/*/x',
    'a */ b /* c',
  ]);
});

test('a change signs and writes what changed, and nothing else', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const before = snapshot(out);
  writeFileSync(
    join(dir, 'deployment-policies/web/own.yaml'),
    (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace('/bin/sh', '/bin/bash'),
  );
  const { written, removed } = await buildInto(out, dir, { unixSeconds: 1_700_000_001 });
  const id = signer.keyId.slice(0, 12);
  t.deepEqual([...written].sort(), [
    'manifest.json',
    'manifest.sig',
    `security-policies/deployment.web.${id}.all.json`,
    `security-policies/deployment.web.${id}.dsse.json`,
    `security-policies/deployment.web.${id}.json`,
    'small-1.0.0.tar.gz',
  ]);
  t.deepEqual(removed, []);
  const after = snapshot(out);
  t.is(after['services/web_1.0.0_amd64.json'], before['services/web_1.0.0_amd64.json']);
  const envelope = readFileSync(join(out, `security-policies/deployment.web.${id}.dsse.json`), 'utf8').trim();
  t.is(seqOf(envelope), 1_700_000_001);
  t.is(
    JSON.parse(readFileSync(join(out, `security-policies/deployment.web.${id}.json`), 'utf8')).version,
    '1700000001',
  );
});

test('what a source no longer makes leaves the dist, and so does the archive of another version', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  rmSync(join(dir, 'patterns/all.yaml'));
  writeFileSync(join(dir, 'horizon-armor.yaml'), 'name: small\nversion: "1.1.0"\n');
  const { removed } = await buildInto(out, dir);
  const id = signer.keyId.slice(0, 12);
  t.deepEqual([...removed].sort(), [
    'patterns/all.json',
    `security-policies/deployment.web.${id}.all.json`,
    `security-policies/node.edge.${id}.all.json`,
    'small-1.0.0.tar.gz',
  ]);
  await t.notThrowsAsync(inspectDist(out));
});

test('another key signs everything anew', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  await buildInto(out, dir, { by: stranger });
  const { keyId, publishable } = await inspectDist(out);
  t.is(keyId, stranger.keyId);
  t.deepEqual(
    publishable.keys.map((key) => key.keyId),
    [stranger.keyId],
  );
  t.false(Object.keys(snapshot(out)).some((path) => path.includes(signer.keyId.slice(0, 12))));
});

for (const [what, damage] of Object.entries<(out: string) => void>({
  'after its manifest alone was written': (out) => {
    for (const folder of ['services', 'security-policies']) rmSync(join(out, folder), { recursive: true });
  },
  'with half a file left': (out) => writeFileSync(join(out, 'services/web_1.0.0_amd64.json'), '{"deployment": "'),
  'with a file of its own beside the real one': (out) =>
    writeFileSync(join(out, 'services/web_1.0.0_amd64.json.99.tmp'), 'x'),
  'without its archive': (out) => rmSync(join(out, 'small-1.0.0.tar.gz')),
  'with another archive': (out) => writeFileSync(join(out, 'small-1.0.0.tar.gz'), 'x'),
})) {
  test(`a build that was interrupted ${what} is completed by the next`, async (t) => {
    const dir = writeBundle(t);
    const out = join(dir, 'dist');
    await buildInto(out, dir);
    damage(out);
    await t.throwsAsync(async () => {
      const { files } = await inspectDist(out);
      if (!readdirSync(out).includes('small-1.0.0.tar.gz')) throw new Error(`${files} files, no archive`);
    });
    await buildInto(out, dir);
    await t.notThrowsAsync(inspectDist(out));
    await t.notThrowsAsync(inspectDist(join(out, 'small-1.0.0.tar.gz')));
  });
}

test('a directory with something else in it is left alone', async (t) => {
  const dir = writeBundle(t);
  const error = await t.throwsAsync(buildInto(join(dir, 'services'), dir), { instanceOf: ArmorError });
  t.is(error?.code, 'STATE_UNWRITABLE');
  t.deepEqual(readdirSync(join(dir, 'services')), ['guard', 'kubearmor', 'web']);
});

test('a file where the dist should be is an error that says so', async (t) => {
  const dir = writeBundle(t);
  writeFileSync(join(dir, 'dist'), 'x');
  const error = await t.throwsAsync(buildInto(join(dir, 'dist'), dir), { instanceOf: ArmorError });
  t.regex(String(error), /dist: it can not be listed \(ENOTDIR\)/);
});

test('a dist reads back as what was rendered and signed, from the directory and from the archive', async (t) => {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  const fromDirectory = await readDist(out);
  t.deepEqual(
    fromDirectory.services.map(({ id }) => id),
    ['guard_1.0.0_amd64', 'kubearmor_1.0.0_amd64', 'web_1.0.0_amd64', 'web_1.0.0_arm64'],
  );
  t.like(fromDirectory, { name: 'small', version: '1.0.0', org: 'acme' });
  t.deepEqual(
    fromDirectory.objects.map(({ placement }) => placement.kind),
    ['pattern', 'policy', 'pattern', 'policy'],
  );
  const moved = join(dir, 'moved.tar.gz');
  renameSync(join(out, 'small-1.0.0.tar.gz'), moved);
  const fromArchive = await readDist(moved);
  const withoutFiles = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (key, child) => (key === 'file' ? undefined : child)));
  t.deepEqual(withoutFiles(fromArchive), withoutFiles(fromDirectory));
  t.is(fromArchive.services[0]?.file, `${moved}/services/guard_1.0.0_amd64.json`);
});

test('a dist that is not there is named, with what to do', async (t) => {
  const dir = writeBundle(t);
  mkdirSync(join(dir, 'empty'));
  t.regex(
    String(await t.throwsAsync(readDist(join(dir, 'dist')))),
    /there is no such dist or archive \(SOURCE_MISSING\)\. Run hzn-armor build/,
  );
  t.regex(String(await t.throwsAsync(readDist(join(dir, 'empty')))), /there is no manifest/);
});
