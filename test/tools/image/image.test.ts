import { once } from 'node:events';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type Docker from 'dockerode';
import { create } from 'tar';
import type { WorkloadView } from '#agent/api/view.ts';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { importImage, realDocker } from '#test/support/docker.ts';
import { $ } from '#test/support/shell.ts';
import { startProcess, writeBundle } from '../../agent/agent-process.ts';
import { startWorld } from '../../agent/world.ts';

const docker = await realDocker();
const NODE = fileURLToPath(import.meta.resolve('node/bin/node'));
const { stdout: linked } = await $({ nothrow: true })`ldd ${NODE}`;
const libraries = [...linked.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
const onDocker =
  docker !== undefined && process.getuid?.() === 0 && libraries.length > 0 ? test.serial : test.serial.skip;
if (onDocker === test.serial.skip) console.log('skipped: no Docker engine that this user may give folders to');

const IMAGE = 'horizon-armor-test:agent';
/** As in services/security-agent/Dockerfile. */
const USER = 64535;

test.serial('the bundle runs outside of the checkout, and ends on SIGTERM', async (t) => {
  const world = await startWorld(t, { agent: false });
  const bundle = await writeBundle(t);
  t.false(bundle.startsWith(fileURLToPath(new URL('../../../', import.meta.url))));
  const agent = startProcess(t, bundle, world.env);
  await agent.started();
  world.run('web');
  await world.publish('web');
  await agent.becomes('web', 'enforced');
  t.true(world.isBlocked('web'));
  agent.child.kill('SIGTERM');
  await waitUntil('its end', () => agent.child.exitCode !== null);
  t.is(agent.child.exitCode, 0);
  t.is(agent.complaint(), '');
  t.true(world.isBlocked('web'), 'KubeArmor keeps what it has');
});

test.serial('a setting that is missing is named in one line', async (t) => {
  const bundle = await writeBundle(t);
  const agent = startProcess(t, bundle, { HZN_ORGANIZATION: 'acme' });
  await waitUntil('its end', () => agent.child.exitCode !== null && agent.complaint() !== '');
  t.is(agent.child.exitCode, 1);
  t.regex(agent.complaint(), /^[^\n]*HZN_NODE_ID is not set[^\n]*\n$/);
});

test.serial('the Dockerfile starts the bundle as the same user and with the same flags as the tests', async (t) => {
  const dockerfile = await readFile(new URL('../../../services/security-agent/Dockerfile', import.meta.url), 'utf8');
  t.true(dockerfile.includes(`USER ${USER}:${USER}`));
  t.regex(
    dockerfile,
    /^ENTRYPOINT \["node", "--max-semi-space-size=2", "--optimize-for-size", "--disable-warning=DEP0169", "\/agent\/agent\.mjs"\]$/m,
  );
});

/** Node, the libraries it needs, and the bundle: all that the agent's image has, without a registry. */
async function importAgent(engine: Docker, bundle: string): Promise<void> {
  const files = [NODE, ...libraries, bundle].map((path) => path.slice(1));
  await importImage(engine, Readable.from(create({ cwd: '/', portable: true, follow: true }, files)), IMAGE);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

onDocker('in a container without privileges, and without docker.sock, it does its job', async (t) => {
  if (docker === undefined) return t.fail();
  t.timeout(120_000);
  const port = await freePort();
  const world = await startWorld(t, { agent: false, env: { ARMOR_API_PORT: String(port) } });
  const bundle = await writeBundle(t);
  await importAgent(docker, bundle);
  t.teardown(() => docker.getImage(IMAGE).remove({ force: true }));
  const {
    ARMOR_DATA: data = '',
    HZN_ESS_API_ADDRESS: socket = '',
    HZN_ESS_AUTH: auth = '',
    HZN_ESS_CERT: cert = '',
  } = world.env;
  await mkdir(data);
  await chown(data, USER, USER);
  // anax gives the container's user these through a group of the agreement.
  for (const [path, mode] of [
    [world.node.dir, 0o711],
    [dirname(auth), 0o755],
    [dirname(cert), 0o755],
    [dirname(socket), 0o755],
  ] as const)
    await chmod(path, mode);
  for (const [path, mode] of [
    [auth, 0o644],
    [cert, 0o644],
    [socket, 0o666],
  ] as const)
    await chmod(path, mode);
  const container = await docker.createContainer({
    Image: IMAGE,
    User: `${USER}:${USER}`,
    Entrypoint: [NODE, '--max-semi-space-size=2', '--optimize-for-size', '--disable-warning=DEP0169', bundle],
    Env: Object.entries(world.env).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      NetworkMode: 'host',
      CapDrop: ['ALL'],
      ReadonlyRootfs: true,
      SecurityOpt: ['no-new-privileges'],
      Binds: [
        `${data}:${data}`,
        ...[dirname(socket), dirname(auth), dirname(cert), world.settings.lsmFile].map((path) => `${path}:${path}:ro`),
      ],
    },
  });
  t.teardown(() => container.remove({ force: true }));
  await container.start();
  const health = async (): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    return answer?.json();
  };
  world.run('web');
  await world.publish('web');
  const healthy = { ok: true, problems: [] };
  await waitUntilAsync('health', async () => isDeepStrictEqual(await health(), healthy), 60_000).catch(
    async (error) => {
      const logs = await container.logs({ stdout: true, stderr: true });
      throw new Error(`${error}: ${JSON.stringify(await health())}\n${logs}`);
    },
  );
  await waitUntil('the policy to be applied', () => world.isBlocked('web'));
  const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  await waitUntilAsync('the agent to say so', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/workloads`, { headers });
    const [workload] = (await answer.json()) as WorkloadView[];
    return workload?.container === 'web' && workload.protection === 'enforced';
  });
  const { State, Mounts } = await container.inspect();
  t.true(State.Running);
  t.false(Mounts.some(({ Source = '' }) => Source.includes('docker.sock')));
  const before = Date.now();
  await container.stop({ t: 10 });
  t.true(Date.now() - before < 9000, 'it ends when it is told to');
  t.is((await container.inspect()).State.ExitCode, 0);
});
