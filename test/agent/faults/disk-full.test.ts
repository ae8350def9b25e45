import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { $ } from '#test/support/shell.ts';
import { startProcess, writeBundle } from '../agent-process.ts';
import { startWorld } from '../world.ts';

/** Needs a user namespace in which one may mount: without that the limit on file sizes below has to do. */
const { ok: canMount } = await $({ nothrow: true })`unshare -rm mount -t tmpfs none /mnt`;
const onTmpfs = canMount ? test.serial : test.serial.skip;
if (!canMount) console.log('skipped: no file system can be mounted here, so none can be filled');

test.serial(
  'no file can be written: what arrives holds all the same, and is kept as soon as there is room',
  async (t) => {
    const world = await startWorld(t);
    world.run('web');
    // A folder in the place of the temporary file: writing fails, whoever tries.
    const dataDir = world.settings.dataDir;
    const [first] = await Promise.all([world.publish('web')]);
    const obstacle = join(dataDir, 'policies', `${first.id}.json.${process.pid}.tmp`);
    await mkdir(obstacle);
    await world.agent().pollNow();
    await world.becomes('web', 'enforced');
    t.true(world.isBlocked('web'));
    await world.agent().pollNow();
    t.is(world.notices('state-unwritable').length, 1, 'said once, not at every look');
    await rm(obstacle, { recursive: true, force: true });
    await world.agent().pollNow();
    const kept = JSON.parse(await readFile(join(dataDir, 'policies', `${first.id}.json`), 'utf8'));
    t.is(typeof kept.envelope, 'string');
    await world.node.ess.stop();
    await world.stopAgent();
    await world.startAgent();
    await world.becomes('web', 'enforced');
  },
);

test.serial('a limit on file sizes that nothing fits into: policies are applied from memory', async (t) => {
  const world = await startWorld(t, { agent: false });
  const bundle = await writeBundle(t);
  // Token and key are from an earlier start; from now on every write fails with EFBIG.
  const before = startProcess(t, bundle, world.env);
  await before.started();
  await before.kill();
  const agent = startProcess(t, bundle, world.env, ['/bin/sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$@"', 'sh']);
  await agent.started();
  world.run('web');
  await world.publish('web');
  await agent.becomes('web', 'enforced');
  t.true(world.isBlocked('web'));
  t.true(agent.log.some(({ notice }) => notice === 'state-unwritable'));
  t.is(agent.child.exitCode, null);
  t.is(agent.complaint(), '');
});

onTmpfs('a full file system: the agent starts, applies what arrives, and keeps it once there is room', async (t) => {
  const world = await startWorld(t, { agent: false });
  const bundle = await writeBundle(t);
  const dataDir = join(world.node.dir, 'small');
  await mkdir(dataDir);
  const fill = join(dataDir, 'fill');
  const script = [
    `mount -t tmpfs -o size=256k,nr_inodes=64 none ${dataDir}`,
    `trap "rm -f ${fill}" USR1`,
    // Two starts in one namespace: the second has token and key, and not a block to write to.
    `"$@" & first=$!; while [ ! -s ${dataDir}/api-token ]; do sleep 0.05; done; sleep 0.5; kill -9 $first; wait $first`,
    `cat /dev/zero > ${fill} 2>/dev/null`,
    '"$@" & second=$!',
    `trap "kill -9 $second; exit" TERM`,
    `while kill -0 $second 2>/dev/null; do wait $second; done`,
  ].join('\n');
  await writeFile(join(world.node.dir, 'small.sh'), script);
  const env = { ...world.env, ARMOR_DATA: dataDir, PATH: process.env.PATH ?? '/usr/bin:/bin' };
  const agent = startProcess(t, bundle, env, ['unshare', '-rm', '/bin/sh', join(world.node.dir, 'small.sh')]);
  // The shell ends what it started.
  t.teardown(async () => {
    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
  });
  await waitUntil('the second start', () => agent.log.filter(({ msg }) => msg === 'agent started').length === 2);
  world.run('web');
  await world.publish('web');
  await waitUntil('the policy to be applied', () => world.isBlocked('web'));
  await waitUntil('the complaint', () => agent.log.some(({ message }) => message?.includes('ENOSPC') === true));
  t.is(agent.child.exitCode, null);
  agent.child.kill('SIGUSR1');
  const kept = `/proc/${agent.child.pid}/root${dataDir}/policies/deployment.web.${world.publisher.keyId.slice(0, 12)}.json`;
  await waitUntilAsync('the payload on disk', async () =>
    (await readFile(kept, 'utf8').catch(() => '')).includes('envelope'),
  );
  t.is(agent.child.exitCode, null);
});
