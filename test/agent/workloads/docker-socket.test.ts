import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { waitUntil } from '#demo/wait-until.ts';
import { nameOf, startWorld } from '../world.ts';

/** Beside a KubeArmor of the node's own: a filter whose socket lies in a volume (docs/bring-your-own-kubearmor.md). */

interface Definition {
  readonly userInput: readonly { readonly name: string; readonly defaultValue: string }[];
  readonly deployment: {
    readonly services: Readonly<
      Record<string, { readonly environment: readonly string[]; readonly binds: readonly string[] }>
    >;
  };
}

test('the definition leaves Docker to the node’s owner: none by default, and a place for a socket', async (t) => {
  const file = new URL('../../../services/security-agent/service.yaml', import.meta.url);
  const { userInput, deployment }: Definition = parse(await readFile(file, 'utf8'));
  const defaults = Object.fromEntries(userInput.map(({ name, defaultValue }) => [name, defaultValue]));
  t.like(defaults, { ARMOR_DOCKER: 'none', ARMOR_HEAL: 'report' });
  t.deepEqual(Object.keys(deployment.services), ['security-agent'], 'the agent alone (design §7)');
  const { environment = [], binds = [] } = deployment.services['security-agent'] ?? {};
  // The environment of a definition would win over the input, or lose to it: it must not be there twice.
  t.false(environment.some((each) => /^ARMOR_(DOCKER|HEAL)=/.test(each)));
  t.true(binds.includes('security-agent-docker:/docker-filter:ro'));
});

test('with the filter’s socket: enforced, after a restart of the agent as well, and a crash is healed', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'armor-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'docker.sock');
  const world = await startWorld(t, { agent: false, env: { ARMOR_DOCKER: `unix://${path}` } });
  const filter = forwarding(new URL(world.proxy.url));
  t.teardown(() => filter.close());
  await world.startAgent();
  await world.publish('web');
  await waitUntil('Docker to be missed', () => world.agent().view.status().docker === 'down');
  await once(filter.listen(path), 'listening');
  await waitUntil('Docker to be heard', () => world.agent().view.status().docker === 'up');
  world.run('web');
  await world.becomes('web', 'enforced');
  await world.stopAgent();
  await world.startAgent();
  await world.becomes('web', 'enforced');
  world.machine.crash(nameOf('web'), () => world.machine.unshare(['/bin/sleep', '60']));
  t.false(world.isBlocked('web'));
  await waitUntil('it to be healed', () => world.notices('healed').length > 0);
  await world.becomes('web', 'enforced');
  t.true(world.isBlocked('web'));
});

/** A filter's end of the matter: what comes in at a socket goes to where Docker is. */
function forwarding({ hostname, port }: URL): Server {
  return createServer((client) => {
    const engine = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
}
