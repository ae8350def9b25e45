import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { ArmorError } from '#errors';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { render } from '#tools/bundle/render.ts';
import { lock, show } from '#tools/commands/images.ts';
import { readRegistryLogins } from '#tools/images/registry-auth.ts';
import { settingsOf, writeBundle } from '../bundle/bundle-fixture.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

const digest = (digit: number): string => `sha256:${String(digit).repeat(64)}`;

interface FakeImage {
  /** What the registry says; absent: it does not answer. */
  readonly registry?: { readonly digest: string; readonly platforms: readonly string[] };
  /** What is on this machine. */
  readonly local?: { readonly Architecture: string; readonly RepoDigests: readonly string[] };
}

/** A Docker engine on a unix socket that knows these images, and what it was asked with. */
async function dockerWith(t: ExecutionContext, images: Readonly<Record<string, FakeImage>>) {
  const logins: string[] = [];
  const server = createServer((request, response) => {
    const [, kind, name] =
      /^(?:\/v[\d.]+)?\/(distribution|images)\/(.+)\/json/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const image = images[name ?? ''];
    const auth = request.headers['x-registry-auth'];
    if (typeof auth === 'string') logins.push(`${name} ${Buffer.from(auth, 'base64')}`);
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url?.endsWith('/_ping')) response.end('OK');
    else if (kind === 'images')
      image?.local === undefined ? answer(404, { message: 'No such image' }) : answer(200, image.local);
    else if (image?.registry === undefined) answer(500, { message: 'dial tcp: connection refused' });
    else {
      const Platforms = image.registry.platforms.map((platform) => {
        const [os, architecture] = platform.split('/');
        return { os, architecture };
      });
      answer(200, {
        Descriptor: { digest: image.registry.digest, mediaType: 'application/vnd.oci.image.index.v1+json', size: 1 },
        Platforms,
      });
    }
  });
  const socket = join(temporaryDirectory(t), 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  return { address: `unix://${socket}`, logins };
}

const linux = ['linux/amd64', 'linux/arm64'];
const everything: Readonly<Record<string, FakeImage>> = {
  'example.com/web:1.0': { registry: { digest: digest(1), platforms: linux } },
  'example.com/agent:1.0': { registry: { digest: digest(2), platforms: linux } },
  'example.com/proxy:1.0': { registry: { digest: digest(3), platforms: linux } },
  'example.com/kubearmor:1.0': { registry: { digest: digest(4), platforms: linux } },
};

function run(t: ExecutionContext, dir: string, address: string) {
  const home = temporaryDirectory(t);
  mkdirSync(join(home, '.docker'));
  const auth = Buffer.from('robot:pass:word').toString('base64');
  writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths: { 'example.com': { auth } } }));
  return lock(
    { cwd: dir, env: { HOME: home, HZN_ORG_ID: 'acme', DOCKER_HOST: address }, stderr: new PassThrough() },
    '.',
  );
}

test('every image is locked for the architectures that use it, and a build then deploys digests', async (t) => {
  const { address } = await dockerWith(t, everything);
  const dir = writeBundle(t);
  const report = await run(t, dir, address);
  t.deepEqual(report.errors, []);
  t.deepEqual(
    report.images.map(({ image, arch, digest: found, change }) => [image, arch, found, change]),
    [
      ['example.com/agent:1.0', 'amd64', digest(2), 'added'],
      ['example.com/kubearmor:1.0', 'amd64', digest(4), 'added'],
      ['example.com/proxy:1.0', 'amd64', digest(3), 'added'],
      ['example.com/web:1.0', 'amd64', digest(1), 'added'],
      ['example.com/web:1.0', 'arm64', digest(1), 'added'],
    ],
  );
  const bundle = await loadBundle(dir, settingsOf());
  t.deepEqual(bundle.warnings, []);
  const deployments = render(bundle, 'a'.repeat(64))
    .services.map(({ body }) => body.deployment)
    .join();
  t.regex(deployments, /example\.com\/web@sha256:1{64}/);
  t.notRegex(deployments, /:1\.0/);
});

test('locking again changes nothing; a moved tag is shown', async (t) => {
  const dir = writeBundle(t);
  await run(t, dir, (await dockerWith(t, everything)).address);
  const before = readFileSync(join(dir, 'images.lock.yaml'), 'utf8');
  const again = await run(t, dir, (await dockerWith(t, everything)).address);
  t.false(again.written);
  t.deepEqual([...new Set(again.images.map(({ change }) => change))], ['unchanged']);
  t.is(readFileSync(join(dir, 'images.lock.yaml'), 'utf8'), before);
  const moved = { ...everything, 'example.com/web:1.0': { registry: { digest: digest(9), platforms: linux } } };
  const changed = await run(t, dir, (await dockerWith(t, moved)).address);
  t.deepEqual(
    changed.images.filter(({ change }) => change === 'changed').map(({ arch, digest: found }) => [arch, found]),
    [
      ['amd64', digest(9)],
      ['arm64', digest(9)],
    ],
  );
});

test('comments at the top of the lock stay, images of no service go', async (t) => {
  const dir = writeBundle(t, { 'images.lock.yaml': `# why\n# so\nimages: { "old:1": { amd64: "${digest(5)}" } }\n` });
  const report = await run(t, dir, (await dockerWith(t, everything)).address);
  t.deepEqual(report.removed, ['old:1']);
  const text = readFileSync(join(dir, 'images.lock.yaml'), 'utf8');
  t.regex(text, /^# why\n# so\nimages:\n/);
  t.notRegex(text, /old:1/);
});

test('what can not be resolved keeps its digest, and is an error with its reason', async (t) => {
  const dir = writeBundle(t, { 'images.lock.yaml': `images: { "example.com/web:1.0": { amd64: "${digest(7)}" } }\n` });
  const { 'example.com/web:1.0': _, ...others } = everything;
  const report = await run(t, dir, (await dockerWith(t, others)).address);
  t.deepEqual(
    report.images.filter(({ change }) => change === 'unresolved'),
    [
      { image: 'example.com/web:1.0', arch: 'amd64', digest: digest(7), change: 'unresolved' },
      { image: 'example.com/web:1.0', arch: 'arm64', change: 'unresolved' },
    ],
  );
  t.regex(
    report.errors.join('\n'),
    /example\.com\/web:1\.0: no digest for amd64, arm64: .*connection refused.*\(IMAGE_UNLOCKED\)/,
  );
  t.regex(readFileSync(join(dir, 'images.lock.yaml'), 'utf8'), /7{64}/);
});

test('an architecture that the registry lacks is said', async (t) => {
  const images = {
    ...everything,
    'example.com/web:1.0': { registry: { digest: digest(1), platforms: ['linux/amd64', 'windows/arm64'] } },
  };
  const { errors } = await run(t, writeBundle(t), (await dockerWith(t, images)).address);
  t.regex(errors.join('\n'), /no digest for arm64: the registry has it for amd64 only/);
});

test('without its registry, an image that was pulled here is locked for this machine', async (t) => {
  const local = { Architecture: 'arm64', RepoDigests: ['other.com/web@sha256:0', `example.com/web@${digest(6)}`] };
  const { images } = await run(
    t,
    writeBundle(t),
    (await dockerWith(t, { ...everything, 'example.com/web:1.0': { local } })).address,
  );
  t.like(
    images.filter(({ image }) => image === 'example.com/web:1.0'),
    [
      { arch: 'amd64', change: 'unresolved' },
      { arch: 'arm64', digest: digest(6), change: 'added' },
    ],
  );
});

test('a login of docker is used for its registry, and never shown', async (t) => {
  const { address, logins } = await dockerWith(t, everything);
  const report = await run(t, writeBundle(t), address);
  t.is(logins.length, 4);
  for (const login of logins)
    t.regex(login, /"username":"robot","password":"pass:word","serveraddress":"example\.com"/);
  t.notRegex(JSON.stringify(report), /pass:word/);
});

test('a docker config that is broken is named; a missing one is none', async (t) => {
  const home = temporaryDirectory(t);
  t.is((await readRegistryLogins({ HOME: home })).size, 0);
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker/config.json'), '{');
  await t.throwsAsync(readRegistryLogins({ HOME: home }), { instanceOf: ArmorError, message: 'not JSON' });
});

for (const address of ['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1', 'nonsense']) {
  test(`without Docker at ${address}, locking says so and what to do`, async (t) => {
    const error = await t.throwsAsync(run(t, writeBundle(t), address), { instanceOf: ArmorError });
    t.is(error?.code, 'DOCKER_UNAVAILABLE');
    t.regex(String(error), /Start Docker, or name another engine in DOCKER_HOST/);
  });
}

test('what is in use is shown without Docker', async (t) => {
  const dir = writeBundle(t, { 'images.lock.yaml': `images: { "example.com/web:1.0": { amd64: "${digest(7)}" } }\n` });
  const lines = await show({ cwd: dir, env: { HOME: dir, HZN_ORG_ID: 'acme' } }, '.');
  t.deepEqual(
    lines.filter(({ image }) => !image.includes('kubearmor')),
    [
      { image: 'example.com/agent:1.0', arch: 'amd64', usedBy: ['guard/security-agent', 'kubearmor/security-agent'] },
      { image: 'example.com/proxy:1.0', arch: 'amd64', usedBy: ['guard/proxy'] },
      { image: 'example.com/web:1.0', arch: 'amd64', usedBy: ['web/web'], digest: digest(7) },
      { image: 'example.com/web:1.0', arch: 'arm64', usedBy: ['web/web'] },
    ],
  );
});
