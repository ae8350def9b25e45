import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { build } from 'esbuild';
import { describeProtos } from '#agent/kubearmor/protos/generate.ts';
import { procedures } from '#agent/kubearmor/wire.ts';
import { $ } from '#test/support/shell.ts';
import { readLines, recordedTest } from '../../demo/simulators/kubearmor/captures.ts';

const folder = new URL('../../../services/security-agent/src/kubearmor/', import.meta.url);

test('descriptor.json is what the .proto files say; else run protos/generate.ts', async (t) => {
  const kept: unknown = JSON.parse(await readFile(new URL('protos/descriptor.json', folder), 'utf8'));
  t.deepEqual(kept, JSON.parse(describeProtos()));
});

test('the paths are KubeArmor’s, lower case included', (t) => {
  t.deepEqual(
    Object.values(procedures).map(({ path }) => path),
    [
      '/feeder.LogService/HealthCheck',
      '/feeder.LogService/WatchAlerts',
      '/feeder.LogService/WatchLogs',
      '/policy.PolicyService/containerPolicy',
      '/policy.PolicyService/hostPolicy',
      '/policy.ProbeService/getProbeData',
      '/state_agent.StateAgent/GetState',
      '/state_agent.StateAgent/WatchState',
    ],
  );
});

recordedTest('recorded alerts and logs survive the wire unchanged', (t) => {
  for (const [file, { responseSerialize, responseDeserialize }] of [
    ['x01a-policy-after.alerts.ndjson', procedures.watchAlerts],
    ['x01a-policy-after.logs.ndjson', procedures.watchLogs],
    ['x10-throttle.alerts.ndjson', procedures.watchAlerts],
  ] as const) {
    const lines = readLines(file);
    t.true(lines.length > 0, file);
    for (const line of lines) t.deepEqual(responseDeserialize(responseSerialize(line)), line);
  }
});

test('the client bundles into one file that needs nothing beside it', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'bundle-'));
  t.teardown(() => rm(work, { recursive: true }));
  const entry = join(work, 'entry.ts');
  await writeFile(
    entry,
    `import { connectKubeArmor } from ${JSON.stringify(new URL('client.ts', folder).pathname)};
     const down = Promise.withResolvers();
     const listener = { event() {}, observation() {}, up() {}, gap() {}, down: down.resolve };
     const ending = new AbortController();
     const run = connectKubeArmor({ address: '127.0.0.1:1', listener }).run(ending.signal);
     console.log(await down.promise);
     ending.abort();
     await run;`,
  );
  const outfile = join(work, 'bundle.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  const { stdout } = await $({ cwd: work })`${process.execPath} ${outfile}`;
  t.regex(stdout, /KubeArmor does not answer .*ECONNREFUSED/);
});
