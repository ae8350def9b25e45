import test, { type ExecutionContext } from 'ava';
import { run } from '#test/support/run-command.ts';
import type { EffectiveResult } from '#tools/commands/effective.ts';
import { SMALL_BUNDLE, writeBundle } from './bundle/bundle-fixture.ts';
import { publisher, publishes } from './hub/hub-fixture.ts';
import { temporaryDirectory } from './signing/temporary-directory.ts';

const WEB = SMALL_BUNDLE['deployment-policies/web.yaml'] ?? '';
const EDGE = `${SMALL_BUNDLE['node-policies/edge.yaml'] ?? ''}`.replace(
  'properties: [',
  'properties: [{ name: purpose, value: web }, ',
);
/** The small bundle, whose node forms an agreement for its deployment. */
const FITTING = { 'node-policies/edge.yaml': EDGE };

async function effective(
  t: ExecutionContext,
  changes: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
) {
  const cwd = writeBundle(t, changes);
  return run(['effective', ...args], { cwd, env: { HOME: temporaryDirectory(t), HZN_ORG_ID: 'acme' } });
}

async function result(
  t: ExecutionContext,
  changes: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
): Promise<EffectiveResult> {
  const { status, stdout, stderr } = await effective(t, changes, ...args, '--json');
  t.is(status, 0, stdout + stderr);
  return JSON.parse(stdout);
}

/** `name layer file >overridden` of everything that holds for a subject. */
function shown({ subjects }: EffectiveResult, index: number): string[] {
  return (subjects[index]?.policies ?? []).map(({ name, layer, file, overrides }) =>
    [name, layer, file, ...overrides.map((each) => `>${each.layer} ${each.file}`)].join(' '),
  );
}

test('per workload, what holds and where it is written', async (t) => {
  const found = await result(t, FITTING);
  t.is(found.node, 'node-policies/edge.yaml');
  t.deepEqual(
    found.subjects.map(({ workload }) => (workload === 'host' ? 'host' : workload.identity)),
    ['host', { org: 'acme', service: 'web', container: 'web', version: '1.0.0' }],
  );
  t.deepEqual(shown(found, 0), ['host node node-policies/edge.yaml']);
  t.deepEqual(shown(found, 1), [
    'no-write deployment deployment-policies/web.yaml >node node-policies/edge.yaml',
    'own deployment deployment-policies/web.yaml',
  ]);
  t.like(found.subjects[1]?.policies[0], { template: 'no-write', kind: 'KubeArmorPolicy', action: 'Block' });
  t.is(found.subjects[1]?.policies[0]?.compliance[0]?.id, 'T1565.001');
});

test('people get it as a table', async (t) => {
  const { stdout } = await effective(t, FITTING);
  t.regex(stdout, /^node policy node-policies\/edge\.yaml$/m);
  t.regex(stdout, /^acme\/web 1\.0\.0 \(deployment-policies\/web\.yaml\)$/m);
  t.regex(stdout, /^ {2}no-write +Block +deployment +deployment-policies\/web\.yaml +node node-policies\/edge\.yaml$/m);
});

test('inherit: false drops the node defaults, and says so', async (t) => {
  const web = WEB.replace('securityPolicies:\n', 'securityPolicies:\n  inherit: false\n  policies:\n')
    .replace(/^ {2}- (use|file)/gm, '    - $1')
    .replace('    with: { directories', '      with: { directories');
  const changes = { ...FITTING, 'deployment-policies/web.yaml': web };
  const found = await result(t, changes);
  t.deepEqual(shown(found, 1), [
    'no-write deployment deployment-policies/web.yaml',
    'own deployment deployment-policies/web.yaml',
  ]);
  t.like(found.subjects[1]?.dropped[0], { file: 'node-policies/edge.yaml' });
  const { stdout } = await effective(t, changes);
  t.regex(stdout, /! deployment\.web\.0{12} drops the node defaults of node node-policies\/edge\.yaml/);
});

test('layers that contradict are warned about', async (t) => {
  const own = (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace('action: Block', 'action: Allow');
  const edge = EDGE.replace('  - file: edge/host.yaml\n', '  - file: edge/sh.yaml\n');
  const changes = {
    'node-policies/edge.yaml': edge,
    'node-policies/edge/sh.yaml': (SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '').replace(
      'name: own',
      'name: sh',
    ),
    'deployment-policies/web/own.yaml': own,
  };
  const { stdout } = await effective(t, changes);
  t.regex(stdout, /! process: own \(deployment\) make an allow-list of it .* while sh \(node\) block single things/);
  t.regex(stdout, /! process \/bin\/sh: own \(deployment\) says Allow, sh \(node\) says Block; Block wins/);
});

test('a deployment that forms no agreement is left out, or named with the reason when asked for', async (t) => {
  const found = await result(t, {});
  t.deepEqual(found.subjects.length, 1);
  const { stdout } = await effective(t, {}, '--deployment', 'web');
  t.regex(stdout, /! no agreement forms here: .*purpose/);
});

test('sources are named by file, from where one is, or by name', async (t) => {
  for (const given of ['edge', 'node-policies/edge.yaml', './node-policies/edge.yaml']) {
    t.is((await result(t, FITTING, '--node', given)).node, 'node-policies/edge.yaml');
  }
  const wrong = await effective(t, FITTING, '--node', 'egde');
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /the bundle has no "egde".*Did you mean "edge"\?/);
});

test('with several node policies one has to be named', async (t) => {
  const other = EDGE.replace('value: edge', 'value: other');
  const { status, stderr } = await effective(t, { ...FITTING, 'node-policies/other.yaml': other });
  t.is(status, 2);
  t.regex(stderr, /which node is meant\?.*Name one: edge, other\./);
});

test('--live adds what the hub has as live policies', async (t) => {
  const p = await publisher(t, { changes: FITTING });
  await publishes(t, p);
  const add = ['policy', 'add', 'lock', '--service', 'web', '--use', 'no-write', '--set', 'action=Audit'];
  t.is((await p.run(add)).status, 0);
  const { stdout } = await p.run(['effective', '--live', '--json']);
  const found: EffectiveResult = JSON.parse(stdout);
  const line = found.subjects[1]?.policies.find(({ name }) => name === 'no-write');
  t.like(line, { layer: 'live', action: 'Audit' });
  t.deepEqual(
    line?.overrides.map(({ layer }) => layer),
    ['deployment', 'node'],
  );
  t.true((line?.seq ?? 0) > 0);
  await p.run(['policy', 'delete', 'lock', '--yes']);
  const after: EffectiveResult = JSON.parse((await p.run(['effective', '--live', '--json'])).stdout);
  t.is(after.subjects[1]?.policies.find(({ name }) => name === 'no-write')?.layer, 'deployment');
});

test('policies that do not fit into the map together are said to', async (t) => {
  const many = Array.from({ length: 130 }, (_, index) => `/d${index}/`).join(', ');
  const changes = { ...FITTING, 'deployment-policies/web.yaml': WEB.replace('[/etc/, /usr/]', `[${many}]`) };
  const { stdout } = await effective(t, changes);
  t.regex(stdout, /! 26\d map entries, 256 fit: what is over is not enforced/);
});
