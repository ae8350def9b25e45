import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { openChannel } from '#agent/kubearmor/channel.ts';
import { procedures } from '#agent/kubearmor/wire.ts';
import { ClientQueue } from '#demo/simulators/kubearmor/client-queue.ts';
import { Throttle } from '#demo/simulators/kubearmor/throttle.ts';
import { type Json, readLines, recordedTest } from './kubearmor/captures.ts';
import { kt, type Lab, openLab, until } from './kubearmor/lab.ts';

/** The streams themselves: filters, queues, throttling, spellings (reference/kubearmor.md §2.1, §2.6, §5.4, §5.6). */

const SECRET = { file: { matchPaths: [{ path: '/data/secret.txt' }] }, action: 'Block', severity: 7, tags: ['A', 'B'] };

for (const [stream, filter] of [
  ['watchAlerts', 'system'],
  ['watchAlerts', ''],
  ['watchLogs', 'policy'],
] as const) {
  test(`${stream} with filter "${filter}" ends at once, and with OK`, async (t) => {
    const { simulator } = await openLab(t);
    const channel = openChannel(simulator.address, undefined);
    const ended = new Promise<string>((resolve) => {
      const call = channel.open(procedures[stream], { Filter: filter });
      call.on('data', () => undefined);
      call.on('error', (error) => resolve(error.message));
      call.on('end', () => resolve('OK'));
    });
    t.is(await ended, 'OK');
    channel.close();
  });
}

test('a client that does not read has 1000 events kept for it; the rest is dropped without a word', (t) => {
  const written: object[] = [];
  let drain: () => void = () => undefined;
  const queue = new ClientQueue(
    {
      write: (message) => written.push(message) > 1,
      once: (_event, listener) => {
        drain = listener;
      },
    },
    1000,
  );
  // The first write fills the connection, a thousand wait, and five are too many.
  for (let number = 0; number < 1006; number++) queue.push({ number });
  t.is(queue.dropped, 5);
  drain();
  t.is(written.length, 1001);
  queue.push({ number: 2000 });
  t.is(queue.dropped, 5);
});

test('throttling: ten alerts in a second, one notice, silence counted from the first of them', (t) => {
  let now = 0;
  const throttle = new Throttle({ enabled: true, maxPerSecond: 10, silentSeconds: 30 }, () => now);
  const verdicts = Array.from({ length: 12 }, () => throttle.check('a'));
  t.deepEqual(verdicts, [...Array(10).fill('pass'), 'notice', 'drop']);
  t.is(throttle.check('b'), 'pass', 'each container by itself');
  now = 29_999;
  t.is(throttle.check('a'), 'drop');
  now = 30_000;
  t.is(throttle.check('a'), 'pass');
});

test('ten a second for ever are never throttled', (t) => {
  let now = 0;
  const throttle = new Throttle({ enabled: true, maxPerSecond: 10, silentSeconds: 30 }, () => now);
  for (let count = 0; count < 300; count++, now += 101) t.is(throttle.check('a'), 'pass');
});

test('kernel and monitor count apart, and the notice says how long', async (t) => {
  const lab = await openLab(t, { throttling: { maxPerSecond: 3, silentSeconds: 1 } });
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  await lab.policy('ADDED', 'group', { file: { matchPaths: [{ path: '/etc/group' }] }, action: 'Audit' });
  for (let times = 0; times < 6; times++) kt(lab, 'ha', 'read /data/secret.txt');
  for (let times = 0; times < 6; times++) kt(lab, 'ha', 'read /etc/group');
  await lab.arrived();
  const told = lab.alerts.map(({ Type, PolicyName }) => (Type === 'SystemEvent' ? Type : PolicyName));
  t.deepEqual(told, [...Array(3).fill('secret'), 'SystemEvent', ...Array(3).fill('group'), 'SystemEvent']);
  const notice = lab.alerts.find(({ Type }) => Type === 'SystemEvent');
  t.like(notice, {
    Operation: 'AlertThreshold',
    ContainerName: 'ha',
    MaxAlertsPerSec: 3,
    DroppingAlertsInterval: 1,
    Enforcer: 'BPFLSM',
    Source: '',
    Data: '',
  });
  await sleep(1010);
  lab.forget();
  kt(lab, 'ha', 'read /data/secret.txt');
  await lab.arrived();
  t.is(lab.alerts.length, 1);
});

/** A denied access as clients and KubeArmor's output get it. */
async function denial(t: ExecutionContext) {
  const lines: string[] = [];
  const lab = await openLab(t, { stdout: (line) => lines.push(line) });
  await lab.workload('ha');
  await lab.policy('ADDED', 'secret', SECRET);
  lab.exec('ha', '/bin/cat /data/secret.txt', (cat) => cat.open('/data/secret.txt'));
  await lab.arrived();
  const log = lab.logs.find(({ Data }) => String(Data).startsWith('syscall=SYS_OPENAT'));
  return { alert: lab.alerts[0], log, lines };
}

test('tags and data are sent as text and taken apart, times in microseconds', async (t) => {
  const { alert, log } = await denial(t);
  t.regex(String(alert?.UpdatedTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  t.deepEqual(alert?.ATags, ['A', 'B']);
  t.is(alert?.Tags, 'A,B');
  t.is(alert?.Severity, '7');
  t.deepEqual(alert?.EventData, { Lsm: 'FILE_OPEN' });
  t.deepEqual(log?.EventData, { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: 'O_RDONLY' });
});

recordedTest('messages have the fields of recorded ones, of the same kinds', async (t) => {
  const { alert, log, lines } = await denial(t);
  t.deepEqual(kindsOf(alert), kindsOf(readLines('x01a-policy-after.alerts.ndjson')[0]));
  t.deepEqual(kindsOf(log), kindsOf(readLines('x01a-policy-after.logs.ndjson')[0]));
  const recorded = readLines('stdout-json.ndjson');
  for (const type of ['ContainerLog', 'MatchedPolicy']) {
    const simulated = lines.map((line): Json => JSON.parse(line)).filter((line) => line.type === type);
    const known = new Set(recorded.filter((line) => line.type === type).flatMap(Object.keys));
    t.deepEqual(
      simulated.flatMap(Object.keys).filter((key) => !known.has(key) && !VERDICT.has(key)),
      [],
    );
  }
});

/** A denial that became a log keeps them in this spelling; no recorded line happens to be one. */
const VERDICT = new Set(['policyName', 'severity', 'tags', 'message']);

function kindsOf(message: Json | undefined): Json {
  const entries = Object.entries(message ?? {}).map(([key, value]) => [key, value === null ? 'null' : typeof value]);
  return Object.fromEntries(entries.sort());
}

test('GetState tells node, namespace and containers; WatchState only what changes', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  await lab.arrived();
  t.deepEqual(
    lab.state.map(({ Type, Name }) => `${Type} ${Name}`),
    ['added ha'],
    'nothing of what ran before',
  );
  const events = await stateOf(lab);
  t.deepEqual(
    events.map(([kind, name]) => `${kind} ${name}`),
    ['node edge-1', 'namespace container_namespace', 'container kubearmor', 'container ha'],
  );
});

async function stateOf(lab: Lab) {
  const messages: Json[] = [];
  for await (const message of lab.channel.open(procedures.getState, {})) messages.push(message);
  return objectsOf(messages[0]);
}

recordedTest('what GetState tells has the fields of what was recorded', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  await lab.arrived();
  const events = await stateOf(lab);
  const recorded = objectsOf(readLines('getstate-final.ndjson')[0]);
  for (const kind of ['node', 'namespace', 'container']) {
    const [, , simulated] = events.find(([each]) => each === kind) ?? [];
    const [, , real] = recorded.find(([each]) => each === kind) ?? [];
    t.deepEqual(Object.keys(simulated ?? {}), Object.keys(real ?? { none: true }), kind);
  }
});

/** Kind, name and decoded object of each event of a GetState message, recorded or received. */
function objectsOf(message: Json | undefined): [string, string, Json][] {
  const events: Json[] = Array.isArray(message?.StateEvents) ? message.StateEvents : [];
  return events.map(({ Kind, Name, Object: object }) => [
    String(Kind),
    String(Name),
    object instanceof Uint8Array ? JSON.parse(Buffer.from(object).toString()) : object,
  ]);
}

test('without the StateAgent its service is not there', async (t) => {
  const lab = await openLab(t, { stateAgent: false });
  const failed = new Promise<number>((resolve) => {
    lab.channel.open(procedures.getState, {}).on('error', (error) => resolve('code' in error ? Number(error.code) : 0));
  });
  t.is(await failed, 12);
});

test('presets: enforcer, resource and silence as the real ones', async (t) => {
  const lab = await openLab(t);
  await lab.workload('ha');
  const presets = ['filelessExec', 'protectEnv', 'protectProc', 'exec', 'anonymousMapExec', 'noSuchPreset'];
  await lab.policy('ADDED', 'pre', { presets: presets.map((name) => ({ name, action: 'Block' })), action: 'Block' });
  lab.exec('ha', '/bin/kt all', (program) => {
    t.is(program.execFromMemory('kt'), 'Permission denied');
    t.is(program.readProc('environ'), 'Permission denied');
    t.is(program.readProc('maps'), 'Permission denied');
    t.is(program.mapExecutable(), 'Permission denied');
  });
  t.is(lab.exec('ha', '/bin/sh', undefined, { tty: 'pts0' }), 'Permission denied');
  t.is(lab.exec('ha', '/bin/sh'), 'Passed', 'without a terminal');
  await lab.arrived();
  t.deepEqual(
    lab.alerts.map(({ Enforcer, Operation, Resource, Data }) => [Enforcer, Operation, Resource, Data]),
    [
      ['PRESET-FilelessExecutionPreset', 'Process', 'memfd:kt', ''],
      ['PRESET-ProtectEnvPreset', 'File', '/bin/kt', ''],
      ['PRESET-ProtectProcPreset', 'File', '/bin/kt', ''],
      ['PRESET-ExecPreset', 'Process', '/bin/busybox', ''],
    ],
  );
});

test('a stop ends the streams with OK, a kill breaks them', async (t) => {
  const outcomeOf = async (end: 'stop' | 'kill'): Promise<string> => {
    const { simulator } = await openLab(t);
    const channel = openChannel(simulator.address, undefined);
    const ended = new Promise<string>((resolve) => {
      const call = channel.open(procedures.watchAlerts, { Filter: 'all' });
      call.on('data', () => undefined);
      call.on('error', () => resolve('broken'));
      call.on('end', () => resolve('OK'));
    });
    await until(() => simulator.clients === 4);
    await simulator[end]();
    const outcome = await ended;
    channel.close();
    return outcome;
  };
  t.is(await outcomeOf('stop'), 'OK');
  t.is(await outcomeOf('kill'), 'broken');
});

test('an image’s file is opened twice, a volume’s once: so ownerOnly denies the owner of the former', async (t) => {
  const lab = await openLab(t);
  const files = { owners: { '/image.txt': 1000, '/volume/x.txt': 1000 }, volumes: ['/volume/'] };
  await lab.workload('ha', 'homeassistant', { files });
  const matchPaths = ['/image.txt', '/volume/x.txt'].map((path) => ({ path, ownerOnly: true }));
  await lab.policy('ADDED', 'owner', { file: { matchPaths }, action: 'Block' });
  t.is(kt(lab, 'ha', 'read /image.txt', { uid: 1000 }), 'Permission denied');
  t.is(kt(lab, 'ha', 'read /volume/x.txt', { uid: 1000 }), 'Passed');
  t.is(kt(lab, 'ha', 'read /volume/x.txt'), 'Permission denied');
});

test('a file that is there, but not in the cache of names, is refused at creation in vain, and then where it counts', async (t) => {
  const path = '/proc/sys/kernel/core_pattern';
  const lab = await openLab(t);
  await lab.workload('ha', 'homeassistant', { files: { present: [path] } });
  await lab.policy('ADDED', 'core', { file: { matchPaths: [{ path, readOnly: true }] }, action: 'Block' });
  const outcomes: string[] = [];
  lab.exec('ha', '/bin/bash', (bash) => {
    for (let times = 0; times < 2; times++) {
      outcomes.push(bash.open(path, 'O_WRONLY|O_CREAT|O_APPEND'), bash.write(path));
    }
  });
  t.deepEqual(outcomes, ['Passed', 'Permission denied', 'Passed', 'Permission denied']);
  await lab.arrived();
  t.deepEqual(
    lab.alerts.map(({ Resource, Data }) => [Resource, Data]),
    ['FILE_MKNOD', 'FILE_PERMISSION', 'FILE_PERMISSION'].map((hook) => [path, `lsm=${hook}`]),
  );
});
