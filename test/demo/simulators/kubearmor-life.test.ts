import test, { type ExecutionContext } from 'ava';
import { dockerExec, hostProgram } from '#demo/simulators/kubearmor/docker-exec.ts';
import { Program } from '#demo/simulators/kubearmor/program.ts';
import { kt, LABELS, type Lab, openLab, until } from './kubearmor/lab.ts';

/** Containers, KubeArmor and Docker coming and going (reference/kubearmor.md §0, §1.9, §3.4). */

const SECRET = { file: { matchPaths: [{ path: '/data/secret.txt' }] }, action: 'Block' };
const denied = (lab: Lab, name: string): boolean => kt(lab, name, 'read /data/secret.txt') === 'Permission denied';

async function protectedLab(t: ExecutionContext, options: Parameters<typeof openLab>[1] = {}): Promise<Lab> {
  const lab = await openLab(t, options);
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  await lab.arrived();
  lab.forget();
  return lab;
}

const stateOf = (lab: Lab): string[] =>
  lab.state.map(({ Type, Name, Object: object }) => {
    const { status = '' } = object instanceof Uint8Array ? JSON.parse(Buffer.from(object).toString()) : {};
    return `${Type} ${Name} ${status}`;
  });

test('a crash on a quiet host: the same namespace numbers again, enforced by luck', async (t) => {
  const lab = await protectedLab(t);
  const before = lab.machine.container('ha').namespaces;
  lab.machine.crash('ha');
  await lab.simulator.settled();
  t.deepEqual(lab.machine.container('ha').namespaces, before);
  t.true(denied(lab, 'ha'));
  await lab.arrived();
  t.deepEqual(stateOf(lab), ['updated ha waiting'], 'that it runs again is told by nobody');
});

test('a crash with the numbers taken: nothing holds, nothing is told, and the taker inherits policy and name', async (t) => {
  const lab = await protectedLab(t);
  let taker: ReturnType<typeof lab.machine.unshare> | undefined;
  lab.machine.crash('ha', () => {
    taker = lab.machine.unshare(['/usr/bin/sleep', '60']);
  });
  await lab.simulator.settled();
  await lab.arrived();
  lab.forget();
  t.false(denied(lab, 'ha'));
  await lab.arrived();
  t.deepEqual([...lab.alerts, ...lab.logs], []);
  if (taker === undefined) return t.fail();
  const root = { facts: {}, changed: new Set<string>(), lookedUp: new Set<string>(), workDirectory: '/work' };
  t.is(new Program(lab.machine, taker.process, root).open('/data/secret.txt'), 'Permission denied');
  await lab.arrived();
  t.deepEqual(
    lab.alerts.map(({ ContainerName, Source }) => [ContainerName, Source]),
    [['ha', '/usr/bin/sleep 60']],
  );
  lab.machine.restart('ha');
  await lab.simulator.settled();
  t.true(denied(lab, 'ha'), 'docker restart closes the hole');
  await lab.arrived();
  t.deepEqual(stateOf(lab), ['updated ha waiting', 'deleted ha terminated', 'added ha running']);
});

test('two that crash at once swap their numbers: each gets the other’s policies', async (t) => {
  const lab = await protectedLab(t);
  await lab.workload('web', 'nginx');
  lab.machine.die('ha');
  lab.machine.die('web');
  lab.machine.start('web');
  lab.machine.start('ha');
  await lab.simulator.settled();
  t.true(denied(lab, 'web'));
  t.false(denied(lab, 'ha'));
});

test('the start window: free and unseen until KubeArmor has registered the container', async (t) => {
  const lab = await openLab(t, { startWindowMs: 40 });
  await lab.policy('ADDED', 'secret', SECRET);
  lab.machine.run({ name: 'ha', labels: { 'openhorizon.anax.service_name': 'homeassistant' } });
  t.false(denied(lab, 'ha'));
  await lab.simulator.settled();
  t.true(denied(lab, 'ha'));
  await lab.arrived();
  t.true(stateOf(lab).includes('added ha running'));
});

test('a container that shares the host’s process ids is the host: container policies never apply', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha', 'homeassistant', { pidHost: true });
  await lab.policy('ADDED', 'secret', SECRET);
  t.false(denied(lab, 'ha'));
});

test('until it is initialised again nothing is enforced, and calls wait', async (t) => {
  const lab = await protectedLab(t);
  const { machine } = lab;
  lab.simulator.kill();
  t.false(denied(lab, 'ha'));
  const again = await openLab(t, { machine, initMs: 60 });
  t.false(denied(lab, 'ha'), 'no policy directory: it has to be told again');
  await again.policy('ADDED', 'secret', SECRET);
  t.true(denied(again, 'ha'));
  lab.channel.close();
});

test('dockerd gone with live-restore: what starts before KubeArmor has reconnected is never known', async (t) => {
  const lab = await protectedLab(t, { dockerReconnectMs: 30 });
  lab.machine.stopDocker({ liveRestore: true });
  lab.machine.startDocker();
  lab.machine.run({ name: 'gap', labels: { 'openhorizon.anax.service_name': 'homeassistant' } });
  await until(() => {
    lab.machine.run({ name: `later-${Math.random()}`, labels: {} });
    return stateOf(lab).some((line) => line.startsWith('added later'));
  });
  t.true(denied(lab, 'ha'), 'what ran before is still enforced');
  t.false(denied(lab, 'gap'));
  lab.machine.restart('gap');
  await lab.simulator.settled();
  t.true(denied(lab, 'gap'));
});

test('dockerd absent at the start: policies are Applied and never matched', async (t) => {
  const first = await openLab(t);
  first.machine.stopDocker();
  const lab = await openLab(t, { machine: first.machine, dockerReconnectMs: 1 });
  lab.machine.startDocker();
  lab.machine.run({ name: 'ha', labels: { 'openhorizon.anax.service_name': 'homeassistant' } });
  t.is(await lab.policy('ADDED', 'secret', SECRET), 'Applied');
  t.false(denied(lab, 'ha'));
  await lab.close();
  await first.close();
});

test('no container runtime at the start: NotEnabled', async (t) => {
  const lab = await openLab(t, { containerRuntime: false });
  t.is(await lab.policy('ADDED', 'secret', SECRET), 'NotEnabled');
});

test('host policies hold for the host, by host name, list, pattern or star; an empty selector for nobody', async (t) => {
  const lab = await openLab(t);
  const apply = (name: string, matchLabels: object, path: string): Promise<string> => {
    const spec = { nodeSelector: { matchLabels }, process: { matchPaths: [{ path }] }, action: 'Block' };
    const request = JSON.stringify({ type: 'ADDED', object: { metadata: { name }, spec } });
    return lab.call({ method: 'hostPolicy', request });
  };
  await apply('exact', { 'kubearmor.io/hostname': 'edge-1' }, '/usr/bin/a');
  await apply('listed', { 'kubearmor.io/hostname': 'x,edge-1' }, '/usr/bin/b');
  await apply('pattern', { 'kubearmor.io/hostnamereg': 'edge-*' }, '/usr/bin/c');
  await apply('star', { 'kubearmor.io/hostname': '*' }, '/usr/bin/d');
  t.is(await apply('nobody', {}, '/usr/bin/e'), 'Applied');
  await apply('other', { 'kubearmor.io/hostname': 'other' }, '/usr/bin/f');
  const shell = hostProgram(lab.machine, '/usr/bin/dash');
  const outcomes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => shell.exec([`/usr/bin/${name}`]).outcome);
  t.deepEqual(outcomes, [...Array(4).fill('Permission denied'), 'Passed', 'Passed']);
  await lab.arrived();
  t.deepEqual(
    lab.alerts.map(({ Type, PolicyName, ContainerName }) => [Type, PolicyName, ContainerName]),
    ['exact', 'listed', 'pattern', 'star'].map((name) => ['MatchedHostPolicy', name, '']),
  );
});

test('under AppArmor a profile holds from the first instruction, outlives a kill, and is emptied by an orderly stop', async (t) => {
  const lab = await openLab(t, { lsm: 'apparmor' });
  t.throws(() => lab.machine.run({ name: 'early', apparmorProfile: 'kubearmor_web' }), { message: /not loaded/ });
  const selector = { matchLabels: { 'kubearmor.io/container.name': 'web' } };
  const object = { metadata: { name: 'secret' }, spec: { selector, ...SECRET } };
  await lab.call({ method: 'containerPolicy', request: JSON.stringify({ type: 'ADDED', object }) });
  lab.machine.run({ name: 'agreement-web', apparmorProfile: 'kubearmor_web' });
  t.true(denied(lab, 'agreement-web'), 'before KubeArmor knows the container');
  lab.simulator.kill();
  t.true(denied(lab, 'agreement-web'));
  lab.channel.close();
  const again = await openLab(t, { lsm: 'apparmor', machine: lab.machine });
  await again.close();
  t.false(denied(again, 'agreement-web'));
});

test('docker exec needs capabilities of its own: a whitelist without them stops every exec (§0)', async (t) => {
  const lab = await openLab(t, { postures: { capabilities: 'block' } });
  await lab.workload('ha');
  const capabilities = { matchCapabilities: [{ capability: 'net_bind_service' }] };
  await lab.policy('ADDED', 'caps', { capabilities, action: 'Allow' });
  t.is(dockerExec(lab.machine, 'ha', ['/bin/true']).outcome, 'OCI runtime exec failed');
});

test('a process whose end came first is registered under the host’s numbers', async (t) => {
  const lab = await openLab(t, { startWindowMs: 1 });
  lab.machine.run({ name: 'brief' });
  lab.machine.die('brief');
  await lab.simulator.settled();
  await lab.arrived();
  const [added] = lab.state;
  const object = added?.Object instanceof Uint8Array ? JSON.parse(Buffer.from(added.Object).toString()) : {};
  t.is(object.pidns, 0);
  t.is(object.mntns, 0);
});

test('its policies then hold for the host, in silence, until it goes; for good when it was started again', async (t) => {
  const lab = await openLab(t, { startWindowMs: 1 });
  await lab.policy('ADDED', 'secret', { file: { matchPaths: [{ path: '/root/secret.txt' }] }, action: 'Block' });
  const shell = hostProgram(lab.machine, '/usr/bin/dash');
  const brief = async (begin: () => unknown): Promise<void> => {
    begin();
    lab.machine.die('brief');
    await lab.simulator.settled();
  };
  await brief(() => lab.machine.run({ name: 'brief', labels: LABELS }));
  t.is(shell.open('/root/secret.txt'), 'Permission denied');
  lab.machine.remove('brief');
  await lab.simulator.settled();
  t.is(shell.open('/root/secret.txt'), 'Passed');
  await brief(() => lab.machine.run({ name: 'brief', labels: LABELS }));
  await brief(() => lab.machine.start('brief'));
  lab.machine.remove('brief');
  await lab.simulator.settled();
  t.is(shell.open('/root/secret.txt'), 'Permission denied');
  await lab.arrived();
  t.deepEqual(lab.alerts, []);
  await lab.close();
  await openLab(t, { machine: lab.machine });
  t.is(shell.open('/root/secret.txt'), 'Passed');
});
