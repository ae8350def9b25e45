import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ArmorError, ArmorErrors } from '#errors';
import { signEnvelope } from '#policy/envelope.ts';
import { sha256 } from '#tools/bundle/dist-layout.ts';
import { inspectDist, readDist } from '#tools/bundle/read-dist.ts';
import { signText } from '#tools/signing/signature.ts';
import { writeBundle } from './bundle-fixture.ts';
import { buildInto, signer, snapshot, stranger } from './dist-fixture.ts';

const id = signer.keyId.slice(0, 12);
const WEB = 'services/web_1.0.0_amd64.json';
const ENVELOPE = `security-policies/deployment.web.${id}.dsse.json`;
const METADATA = `security-policies/deployment.web.${id}.json`;

async function built(t: ExecutionContext): Promise<string> {
  const dir = writeBundle(t);
  const out = join(dir, 'dist');
  await buildInto(out, dir);
  return out;
}

/** What verification complains about, one line each. */
async function complaints(path: string, trusted?: ReadonlySet<string>): Promise<readonly string[]> {
  try {
    await inspectDist(path, trusted);
    return [];
  } catch (error) {
    if (error instanceof ArmorErrors) return error.errors.map(String);
    if (error instanceof ArmorError) return [String(error)];
    throw error;
  }
}

/** Changes a file of a dist as somebody would who can also write the manifest, and holds some key. */
async function forge(out: string, path: string, text: string, by = signer): Promise<void> {
  writeFileSync(join(out, path), text);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  const others = manifest.files.filter((file: { path: string }) => file.path !== path);
  manifest.files = [...others, { path, sha256: sha256(text), size: Buffer.byteLength(text) }];
  const written = JSON.stringify(manifest);
  writeFileSync(join(out, 'manifest.json'), written);
  writeFileSync(join(out, 'manifest.sig'), await signText(written, by.privateKey));
  rmSync(join(out, 'small-1.0.0.tar.gz'), { force: true });
}

const read = (out: string, path: string): string => readFileSync(join(out, path), 'utf8');

test('a whole dist is right, and so is its archive', async (t) => {
  const out = await built(t);
  const { keyId, files, signatures } = await inspectDist(out);
  t.deepEqual([keyId, files, signatures], [signer.keyId, 16, 9]);
  t.like(await inspectDist(join(out, 'small-1.0.0.tar.gz')), { keyId, files, signatures });
});

test('every file that is changed, missing or too much is named', async (t) => {
  const out = await built(t);
  writeFileSync(join(out, WEB), read(out, WEB).replace('Web', 'Bew'));
  rmSync(join(out, 'node-policies/edge.json'));
  writeFileSync(join(out, 'services/extra_1.0.0_amd64.policy.json'), '{}');
  const said = (await complaints(out)).join('\n');
  t.regex(said, /web_1\.0\.0_amd64\.json: it was changed after the build \(DIST_TAMPERED\)/);
  t.regex(said, /node-policies\/edge\.json: it is missing/);
  t.regex(said, /extra_1\.0\.0_amd64\.policy\.json: the manifest does not know it/);
});

test('no changed byte of any file goes unnoticed', async (t) => {
  const out = await built(t);
  for (const path of Object.keys(snapshot(out))) {
    const bytes = readFileSync(join(out, path));
    const at = Math.floor(bytes.length / 2);
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(join(out, path), changed);
    t.not((await complaints(out)).length, 0, path);
    writeFileSync(join(out, path), bytes);
  }
  t.deepEqual(await complaints(out), []);
});

const refused = test.macro({
  async exec(t, change: (out: string) => unknown, pattern: RegExp) {
    const out = await built(t);
    await change(out);
    t.regex((await complaints(out)).join('\n'), pattern);
    await t.throwsAsync(readDist(out), undefined, 'nor can it be published');
  },
  title: (what) => `${what} is refused`,
});

test('a dist without manifest', refused, (out) => rmSync(join(out, 'manifest.json')), /there is no manifest/);
test(
  'a manifest that is none',
  refused,
  (out) => writeFileSync(join(out, 'manifest.json'), '[]'),
  /no manifest of format 1/,
);
test(
  'a manifest without signature',
  refused,
  (out) => rmSync(join(out, 'manifest.sig')),
  /manifest\.json: its signature does not match/,
);
test(
  'a dist without its key',
  refused,
  (out) => rmSync(join(out, `keys/${signer.keyId}.pem`)),
  /the key that signed the manifest is missing/,
);
test(
  'a dist with another key under that name',
  refused,
  (out) => writeFileSync(join(out, `keys/${signer.keyId}.pem`), stranger.publicPem),
  /is missing, or another one/,
);
test(
  'a further key that is none',
  refused,
  (out) => forge(out, `keys/${'0'.repeat(64)}.pem`, 'x'),
  /not the key that it is named after/,
);
test(
  'a manifest that another key signed',
  refused,
  (out) => forge(out, WEB, read(out, WEB), stranger),
  /its signature does not match/,
);
test(
  'a deployment that was changed, manifest and all',
  refused,
  (out) => forge(out, WEB, read(out, WEB).replace('web:1.0', 'bad:1.0')),
  /web_1\.0\.0_amd64\.json: the signature in it does not match/,
);
test(
  'a deployment without signature',
  refused,
  (out) => forge(out, WEB, read(out, WEB).replace(/"deploymentSignature": "[^"]*"/, '"deploymentSignature": ""')),
  /signature in it does not match/,
);
test(
  'an override that was changed',
  refused,
  (out) => forge(out, 'patterns/all.json', read(out, 'patterns/all.json').replace('A=1', 'A=2')),
  /patterns\/all\.json: the signature/,
);
test(
  'a service under the name of another',
  refused,
  (out) => forge(out, WEB, read(out, WEB).replace('"url": "web"', '"url": "bew"')),
  /it defines bew_1\.0\.0_amd64/,
);
test('a service that is none', refused, (out) => forge(out, WEB, '{"url": 1}'), /no service definition/);
test('a policy that is no JSON', refused, (out) => forge(out, 'node-policies/edge.json', '{'), /no JSON object/);
test(
  'an envelope of another key',
  refused,
  (out) => forge(out, ENVELOPE, signEnvelope({ ...payloadOf(out), seq: 9 }, stranger.privateKey)),
  /dsse\.json: signed by [0-9a-f]{12}, which is not trusted/,
);
test(
  'an envelope of another attachment',
  refused,
  (out) => forge(out, ENVELOPE, signEnvelope({ ...payloadOf(out), id: `deployment.x.${id}` }, signer.privateKey)),
  /it carries deployment\.x/,
);
test(
  'an envelope with another seq than its metadata',
  refused,
  (out) => forge(out, ENVELOPE, signEnvelope({ ...payloadOf(out), seq: 9 }, signer.privateKey)),
  /its version is not the envelope's seq 9/,
);
test(
  'metadata without an envelope',
  refused,
  (out) => forge(out, METADATA.replace('web', 'bew'), read(out, METADATA).replaceAll('.web.', '.bew.')),
  /bew\.[0-9a-f]+\.dsse\.json: it is missing/,
);
test(
  'metadata of another id',
  refused,
  (out) => forge(out, METADATA, read(out, METADATA).replace('deployment.web', 'deployment.bew')),
  /its id or organization is another one/,
);
test(
  'metadata of another organization',
  refused,
  (out) =>
    forge(out, METADATA, read(out, METADATA).replace('"destinationOrgID": "acme"', '"destinationOrgID": "evil"')),
  /its id or organization/,
);
test(
  'metadata for everybody',
  refused,
  (out) => forge(out, METADATA, JSON.stringify({ ...JSON.parse(read(out, METADATA)), destinationPolicy: undefined })),
  /no metadata of a security policy/,
);
test(
  'a symbolic link',
  refused,
  (out) => {
    rmSync(join(out, WEB));
    symlinkSync('/etc/hostname', join(out, WEB));
  },
  /web_1\.0\.0_amd64\.json: a symbolic link/,
);
test(
  'a folder that is a symbolic link',
  refused,
  (out) => {
    renameSync(join(out, 'keys'), join(out, '../keys'));
    symlinkSync('../keys', join(out, 'keys'));
  },
  /keys: a symbolic link/,
);
test(
  'an empty file too many',
  refused,
  (out) => writeFileSync(join(out, 'services/.hidden'), ''),
  /\.hidden: the manifest does not know it/,
);
test(
  'an archive that differs from the dist around it',
  refused,
  async (out) => {
    const archive = readFileSync(join(out, 'small-1.0.0.tar.gz'));
    await forge(out, 'deployment-policies/web.json', read(out, 'deployment-policies/web.json').replace('Web', 'Bew'));
    writeFileSync(join(out, 'small-1.0.0.tar.gz'), archive);
  },
  /(deployment-policies\/web|manifest)\.(json|sig) in it is not the one beside it/,
);
test(
  'an archive of another name',
  refused,
  (out) => renameSync(join(out, 'small-1.0.0.tar.gz'), join(out, 'small-2.0.0.tar.gz')),
  /names another version/,
);

test('a hard link is a file like any other: its bytes count', async (t) => {
  const out = await built(t);
  mkdirSync(join(out, '../other'));
  renameSync(join(out, WEB), join(out, '../other/x'));
  linkSync(join(out, '../other/x'), join(out, WEB));
  t.deepEqual(await complaints(out), []);
});

test('whose key it is counts where the key is named', async (t) => {
  const out = await built(t);
  t.deepEqual(await complaints(out, new Set([signer.keyId])), []);
  t.regex(
    (await complaints(out, new Set([stranger.keyId]))).join(),
    new RegExp(`signed by ${signer.keyId}, which is not trusted here .*--trust`),
  );
});

test('a dist that somebody else built and signed whole is told by its key alone', async (t) => {
  const dir = writeBundle(t);
  await buildInto(join(dir, 'dist'), dir, { by: stranger });
  t.deepEqual(await complaints(join(dir, 'dist')), []);
  t.regex((await complaints(join(dir, 'dist'), new Set([signer.keyId]))).join(), /not trusted here/);
});

function payloadOf(out: string) {
  return JSON.parse(Buffer.from(JSON.parse(read(out, ENVELOPE)).payload, 'base64').toString());
}
