import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { httpCall } from '#demo/simulators/http-call.ts';
import type { HubAccess } from '#demo/simulators/hub/start-hub.ts';
import { startHub } from '#demo/simulators/hub/start-hub.ts';

const PROGRAM = join(import.meta.dirname, '../../../demo/hub.ts');

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The program's first output; it goes on running. */
async function firstOutput(program: ChildProcess): Promise<string> {
  const [chunk]: Buffer[] = await once(program.stdout ?? program, 'data');
  return String(chunk);
}

async function ended(program: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ['', ''];
  program.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  program.stderr?.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  const [code] = await once(program, 'close');
  return { code, out, err };
}

const statusOf = async (url: string, auth: string): Promise<number> => (await httpCall({ url, auth })).status;

test('npm run hub -- --json prints one line, serves, and ends when interrupted', async (t) => {
  const program = start('--json');
  t.teardown(() => program.kill('SIGKILL'));
  const line = await firstOutput(program);
  t.is(line.trim().split('\n').length, 1);
  const access: HubAccess = JSON.parse(line);
  t.deepEqual(Object.keys(access), ['exchangeUrl', 'cssUrl', 'org', 'user', 'password']);
  t.regex(access.exchangeUrl, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  const auth = `${access.org}/${access.user}:${access.password}`;
  t.is(await statusOf(`${access.exchangeUrl}/orgs/${access.org}/users/${access.user}`, auth), 200);
  t.is(await statusOf(`${access.cssUrl}/api/v1/health`, auth), 200);
  t.is(await statusOf(`${access.cssUrl}/api/v1/health`, `${auth}x`), 403);
  const end = ended(program);
  program.kill('SIGINT');
  t.is((await end).code, 0);
});

test('npm run hub prints the settings to export', async (t) => {
  const program = start();
  t.teardown(() => program.kill('SIGKILL'));
  const text = await firstOutput(program);
  for (const name of ['HZN_EXCHANGE_URL', 'HZN_FSS_CSSURL', 'HZN_ORG_ID', 'HZN_EXCHANGE_USER_AUTH']) {
    t.regex(text, new RegExp(`^  export ${name}=\\S+$`, 'm'));
  }
  const end = ended(program);
  program.kill('SIGTERM');
  t.is((await end).code, 0);
});

test('npm run hub -- --state starts it as the file says', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'state-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const file = join(dir, 'state.json');
  const state = {
    password: 'secret',
    orgs: ['root', 'IBM', 'acme'],
    users: [{ id: 'root/root', root: true }, { id: 'acme/ci' }],
    nodes: [{ id: 'acme/node1', token: 'token', nodeType: 'device', arch: 'amd64' }],
  };
  await writeFile(file, JSON.stringify(state));
  const program = start('--json', '--state', file);
  t.teardown(() => program.kill('SIGKILL'));
  const access: HubAccess = JSON.parse(await firstOutput(program));
  t.like(access, { org: 'acme', user: 'ci', password: 'secret' });
  t.is(await statusOf(`${access.exchangeUrl}/orgs/acme/nodes/node1`, 'acme/node1:token'), 200);
  t.is(await statusOf(`${access.cssUrl}/api/v1/objects/acme?filters=true`, 'acme/ci:secret'), 404);
  program.kill('SIGINT');
  await once(program, 'close');
});

const fails = test.macro({
  async exec(t, args: string[], message: RegExp) {
    const { code, out, err } = await ended(start(...args));
    t.is(code, 2);
    t.is(out, '');
    t.regex(err, message);
    t.is(err.trim().split('\n').length, 1);
  },
  title: (_, args: string[]) => `npm run hub says in one line what is wrong with ${args.join(' ')}`,
});
test(fails, ['--port', 'x'], /--port takes a whole number up to 65534, not "x" \(USAGE\)/);
test(fails, ['--nonsense'], /Unknown option '--nonsense'.* \(USAGE\)/);
test(fails, ['--state', '/nowhere.json'], /\/nowhere\.json: no hub state: ENOENT.* \(SOURCE_INVALID\)/);
test(fails, ['--state', PROGRAM], /hub\.ts: no hub state: .* \(SOURCE_INVALID\)/);

test('npm run hub -- --help', async (t) => {
  const { code, out } = await ended(start('--help'));
  t.is(code, 0);
  for (const option of ['--json', '--state', '--port', '--latency']) t.true(out.includes(option));
});

test('a port that is taken is said so', async (t) => {
  const hub = await startHub();
  t.teardown(() => hub.close());
  const { code, err } = await ended(start('--port', new URL(hub.access.exchangeUrl).port));
  t.is(code, 2);
  t.regex(err, /the hub cannot listen: .*EADDRINUSE.* \(HUB_UNREACHABLE\)/);
});

test('requests of a publisher are counted, slowed and broken; those of agbot and CSS among themselves are not', async (t) => {
  const seen: { index: number; path: string }[] = [];
  const hub = await startHub({
    fate: ({ index, path }) => {
      seen.push({ index, path });
      return path.startsWith('/api/v1/health') ? { kind: 'cut-before' } : { kind: 'serve' };
    },
  });
  t.teardown(() => hub.close());
  const { exchangeUrl, cssUrl, org, user, password } = hub.access;
  const auth = `${org}/${user}:${password}`;
  await hub.agbot.tick();
  t.is(await statusOf(`${exchangeUrl}/orgs/${org}/services`, auth), 404);
  await t.throwsAsync(() => httpCall({ url: `${cssUrl}/api/v1/health`, auth }));
  t.deepEqual(
    seen.map(({ index }) => index),
    [0, 1],
    'one count for both servers',
  );
  t.deepEqual([hub.exchange.seen.length, hub.css.seen.map(({ status }) => status)], [1, [0]]);
});

test('users, agbots, nodes and API keys of the Exchange are who they are at the CSS', async (t) => {
  const hub = await startHub();
  t.teardown(() => hub.close());
  const { org, user, password } = hub.access;
  const admin = `${org}/${user}:${password}`;
  const key = await hub.askExchange({
    method: 'POST',
    path: `/orgs/${org}/users/${user}/apikeys`,
    auth: admin,
    body: JSON.stringify({ description: 'ci' }),
  });
  const { value }: { value: string } = JSON.parse(key.body);
  const put = async (auth: string, type = 'probe') => {
    const body = JSON.stringify({ meta: { objectID: 'o1', objectType: type }, data: 'eA==' });
    return (await hub.css.ask({ method: 'PUT', path: `/api/v1/objects/${org}/${type}/o1`, auth, body })).status;
  };
  t.is(await put(admin, 'agent_upgrade_manifests'), 204);
  t.is(await put(`${org}/deployer:${password}`), 204);
  t.is(await put(`${org}/deployer:${password}`, 'agent_upgrade_manifests'), 403);
  t.is(await put(`${org}/apikey:${value}`), 204);
  t.is(await put('IBM/agbot:demo-agbot-token'), 204);
  t.is(await put(`root/root:${password}`), 204);
  t.is(await put(`${org}/deployer:wrong`), 403);
  const owner = await hub.css.ask({ path: `/api/v1/objects/${org}/probe/o1`, auth: admin });
  t.like(JSON.parse(owner.body), { ownerID: 'root/root' });
});
