import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { kt, LABELS, openLab } from './kubearmor/lab.ts';

/** Which container a policy holds for, and under whose name its events come (reference/kubearmor.md §0, §3.1 to §3.5). */

const SECRET = { file: { matchPaths: [{ path: '/data/secret.txt' }] }, action: 'Block', severity: 7 };
const denied = (lab: Awaited<ReturnType<typeof openLab>>, name: string): boolean =>
  kt(lab, name, 'read /data/secret.txt') === 'Permission denied';
const attributed = (lab: Awaited<ReturnType<typeof openLab>>): unknown[] =>
  lab.alerts.filter(({ PolicyName }) => PolicyName === 'secret').map(({ ContainerName }) => ContainerName);

test('a label policy that comes first leaves only the first container unattributed (§0 "Attribution")', async (t) => {
  const lab = await openLab(t);
  t.is(await lab.policy('ADDED', 'secret', SECRET), 'Applied');
  for (const name of ['first', 'second', 'third']) {
    await lab.workload(name);
    t.true(denied(lab, name), name);
  }
  await lab.arrived();
  t.deepEqual(attributed(lab), ['second', 'third']);
  const unattributed = lab.logs.filter(({ ContainerName, Result }) => ContainerName === 'first' && Result !== 'Passed');
  t.deepEqual(
    unattributed.map(({ Data }) => Data),
    ['lsm=FILE_OPEN', 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC'],
    'a denial that nobody is named for comes as two logs',
  );
});

test('a container whose name extends an earlier one and has all its labels joins it, unattributed (§0)', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  await lab.workload('ha-2');
  await lab.workload('other');
  for (const name of ['ha', 'ha-2', 'other']) t.true(denied(lab, name), name);
  await lab.arrived();
  t.deepEqual(attributed(lab), ['ha', 'other']);
});

test('a restart of KubeArmor while the container runs cures attribution, given the policy directory (§3.3)', async (t) => {
  const policyDirectory = await temporaryFolder(t);
  const before = await openLab(t, { policyDirectory });
  await before.policy('ADDED', 'secret', SECRET);
  await before.workload('ha');
  await before.close();
  t.false(denied(before, 'ha'), 'nothing is enforced while it is down');
  const after = await openLab(t, { policyDirectory, machine: before.machine });
  t.true(denied(after, 'ha'));
  await after.arrived();
  t.deepEqual(attributed(after), ['ha']);
});

interface SelectorCase {
  readonly selector: Readonly<Record<string, string>>;
  readonly container: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly holds: boolean | 'Invalid';
}

const selects = test.macro(async (t, { selector, container, labels, holds }: SelectorCase) => {
  const lab = await openLab(t);
  await lab.workload(container, 'homeassistant', { labels: labels ?? LABELS });
  const object = { metadata: { name: 'secret' }, spec: { selector: { matchLabels: selector }, ...SECRET } };
  const status = await lab.call({ method: 'containerPolicy', request: JSON.stringify({ type: 'ADDED', object }) });
  t.is(status, holds === 'Invalid' ? 'Invalid' : 'Applied');
  t.is(denied(lab, container), holds === true);
});

const NAME = 'kubearmor.io/container.name';
const service = (name: string) => ({ 'openhorizon.anax.service_name': name });
const CASES: Readonly<Record<string, SelectorCase>> = {
  'a label must be equal': { selector: service('homeassistant'), container: 'ha', holds: true },
  'a label is no prefix': { selector: service('home'), container: 'ha', holds: false },
  'all labels must match': { selector: { ...service('homeassistant'), other: 'x' }, container: 'ha', holds: false },
  'a name is a prefix in effect': { selector: { [NAME]: 'web' }, container: 'web-2', holds: true },
  'a name is no suffix': { selector: { [NAME]: 'web' }, container: 'my-web', holds: false },
  'a name with $ is exact': { selector: { [NAME]: 'web$' }, container: 'web-2', holds: false },
  'a suffix needs .*': { selector: { [NAME]: '.*-web$' }, container: 'abc-web', holds: true },
  '.* is everything': { selector: { [NAME]: '.*' }, container: 'ha', holds: true },
  'a name with ^ never matches': { selector: { [NAME]: '^web' }, container: 'web', holds: false },
  '* does not compile': { selector: { [NAME]: '*' }, container: 'ha', holds: 'Invalid' },
  'a name and a label are too much': { selector: { [NAME]: 'ha', a: 'b' }, container: 'ha', holds: 'Invalid' },
  'no label at all': { selector: {}, container: 'ha', holds: 'Invalid' },
  'a comma in a label corrupts it': { selector: { a: 'x,y' }, container: 'ha', labels: { a: 'x,y' }, holds: false },
  'a label can claim another namespace': {
    selector: service('homeassistant'),
    container: 'ha',
    labels: { ...LABELS, 'kubearmor.io/namespace': 'mine' },
    holds: false,
  },
};
for (const [name, each] of Object.entries(CASES)) test(`selector: ${name} (§3.1, §3.2)`, selects, each);

test('DELETED with another selector answers NotExist, and the policy is gone from enforcement but not from disk (§0)', async (t) => {
  const policyDirectory = await temporaryFolder(t);
  const lab = await openLab(t, { policyDirectory });
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  t.is(await lab.policy('DELETED', 'secret', SECRET, 'somebody-else'), 'NotExist');
  t.false(denied(lab, 'ha'));
  await lab.close();
  const again = await openLab(t, { policyDirectory, machine: lab.machine });
  t.true(denied(again, 'ha'), 'it came back with the restart');
  t.is(await again.policy('ADDED', 'secret', SECRET), 'Applied');
  t.is(
    await again.policy('DELETED', 'secret', SECRET),
    'Deleted',
    'added again and deleted with its selector: the cure',
  );
  await again.close();
  const cured = await openLab(t, { policyDirectory, machine: lab.machine });
  t.false(denied(cured, 'ha'));
});

test('MODIFIED of an unknown policy overwrites somebody else’s endpoint (§3.5)', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  t.is(await lab.policy('MODIFIED', 'unknown', { action: 'Block' }, 'nosuch'), 'Modified');
  t.is(await lab.policy('ADDED', 'later', { process: { matchPaths: [{ path: '/usr/bin/hid' }] } }), 'Applied');
  t.is(lab.exec('ha', '/usr/bin/hid'), 'Passed', 'the container lost its endpoint: later policies miss it');
});

test('MODIFIED without any endpoint kills the daemon (§3.5)', async (t) => {
  const lab = await openLab(t);
  lab.machine.remove('kubearmor');
  await lab.simulator.settled();
  await t.throwsAsync(lab.policy('MODIFIED', 'unknown', { action: 'Block' }, 'nosuch'), {
    code: 'KUBEARMOR_UNAVAILABLE',
  });
  t.is(lab.machine.sensor, undefined, 'nothing is enforced any more');
  lab.channel.close();
});

test('a policy of the same name replaces the file of the other kind (§3.6)', async (t) => {
  const policyDirectory = await temporaryFolder(t);
  const lab = await openLab(t, { policyDirectory });
  await lab.workload('ha');
  await lab.policy('ADDED', 'same', SECRET);
  const nodeSelector = { matchLabels: { 'kubearmor.io/hostname': 'edge-1' } };
  const object = { metadata: { name: 'same' }, spec: { nodeSelector, action: 'Block' } };
  await lab.call({ method: 'hostPolicy', request: JSON.stringify({ type: 'ADDED', object }) });
  t.true(denied(lab, 'ha'));
  await lab.close();
  const again = await openLab(t, { policyDirectory, machine: lab.machine });
  t.false(denied(again, 'ha'), 'only the host policy was kept');
});

test('without its directory KubeArmor forgets every policy (§0)', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  await lab.close();
  const again = await openLab(t, { machine: lab.machine });
  t.false(denied(again, 'ha'));
});

async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubearmor-policies-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

test('a rule on a directory holds for it and what is in it; its ancestors stay open', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  const matchDirectories = [{ dir: '/data/sub/', recursive: true }];
  await lab.policy('ADDED', 'sub', { file: { matchDirectories }, action: 'Block' });
  const read = (path: string) => kt(lab, 'ha', `read ${path}`);
  t.deepEqual(['/', '/data', '/data/sub', '/data/sub/s.txt'].map(read), [
    'Passed',
    'Passed',
    'Permission denied',
    'Permission denied',
  ]);
});
