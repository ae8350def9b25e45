import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { compilePolicies } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { attribute } from '#policy/telemetry/attribute.ts';
import { DenialMerger, mergeDenials } from '#policy/telemetry/merge-denials.ts';
import { eventsOf, missingRuns, type Run, runs } from './recorded-runs.ts';

const HOOKED: Readonly<Record<string, Partial<SecurityEvent>>> = {
  open: { category: 'file', path: '/data/secret.txt', resource: '/data/secret.txt', lsm: 'FILE_OPEN' },
  create: { category: 'file', path: '/etc/new', resource: '/etc/new', lsm: 'FILE_MKNOD' },
  exec: { category: 'process', path: '/usr/bin/wget', resource: '/usr/bin/wget', lsm: 'SECURITY_BPRM_CHECK' },
  unlink: { category: 'file', path: '/etc/old', resource: '/etc/old', lsm: 'FILE_UNLINK' },
  socket: { category: 'network', resource: 'type=SOCK_RAW', lsm: 'SOCKET_CREATE' },
  mkdir: { category: 'file', path: '/etc/d', resource: '/etc/d', lsm: 'FILE_MKDIR' },
};
const CALLS: Readonly<Record<string, string>> = {
  open: 'openat',
  create: 'openat',
  exec: 'execve',
  unlink: 'unlinkat',
  socket: 'socket',
};

function event(pid: number, timeMicros: number, facts: Partial<SecurityEvent>): SecurityEvent {
  return {
    origin: 'log',
    category: 'file',
    timeMicros,
    host: 'edge-1',
    nodeId: '',
    container: { id: 'c', name: 'ha', image: 'test:1' },
    actor: {
      executable: '/bin/sh',
      parentExecutable: '',
      commandLine: '',
      pid,
      ppid: 1,
      hostPid: pid,
      hostPpid: 1,
      uid: 0,
      cwd: '/',
      tty: '',
    },
    resource: '',
    data: '',
    eventData: {},
    denied: true,
    result: 'Permission denied',
    tags: [],
    ...facts,
  };
}

/** The events of one denial as KubeArmor sends them: an alert or a hook's log, the failed call, its copy (§0). */
function denial(kind: string, pid: number, at: number, attributed: boolean, heard: boolean): SecurityEvent[] {
  const { lsm, ...subject } = HOOKED[kind] ?? {};
  const origin = attributed ? 'alert' : 'log';
  const hook = event(pid, at, { ...subject, origin, ...(lsm === undefined ? {} : { lsm }) });
  const syscall = CALLS[kind];
  if (syscall === undefined || !heard) return [hook];
  const call = event(pid, at + 1, { ...subject, syscall });
  return kind === 'unlink'
    ? [hook, call, event(pid, at + 1, { ...subject, category: 'syscall', syscall })]
    : [hook, call];
}

const denials = fc.array(
  fc.record({
    kind: fc.constantFrom(...Object.keys(HOOKED)),
    pid: fc.integer({ min: 1, max: 4 }),
    attributed: fc.boolean(),
    heard: fc.boolean(),
  }),
  { maxLength: 30 },
);

test('no event is lost and none is used twice, whatever comes in whatever order', (t) => {
  const passed = fc.record({ pid: fc.integer({ min: 1, max: 4 }), kind: fc.constantFrom(...Object.keys(CALLS)) });
  const property = fc.property(
    denials,
    fc.array(passed),
    fc.integer(),
    fc.integer({ min: 1, max: 8 }),
    (given, quiet, seed, limit) => {
      const events = [
        ...given.flatMap(({ kind, pid, attributed, heard }, index) =>
          denial(kind, pid, index * 400_000, attributed, heard),
        ),
        ...quiet.map(({ pid, kind }, index) => {
          const { lsm: _, ...subject } = HOOKED[kind] ?? {};
          return event(pid, index * 300_000, {
            ...subject,
            syscall: CALLS[kind] ?? '',
            denied: false,
            result: 'Passed',
          });
        }),
      ];
      const shuffled = shuffle(events, seed);
      const merger = new DenialMerger({ limit });
      const merged = [...shuffled.flatMap((each) => merger.push(each)), ...merger.flush()];
      assert.equal(merger.pending, 0);
      const used = merged.flatMap(({ parts }) => parts);
      assert.equal(used.length, events.length);
      assert.equal(new Set(used).size, events.length);
      for (const { parts, event: speaker } of merged) {
        assert.equal(new Set(parts.map(({ actor }) => actor.hostPid)).size, 1);
        assert.equal(new Set(parts.map(({ denied }) => denied)).size, 1);
        assert.ok(parts.filter(({ lsm }) => lsm !== undefined).length <= 1);
        assert.ok(parts.filter(({ lsm, category }) => lsm === undefined && category !== 'syscall').length <= 1);
        if (parts.some(({ origin }) => origin === 'alert')) assert.equal(speaker.origin, 'alert');
      }
    },
  );
  t.notThrows(() => fc.assert(property));
});

test('each denial comes out once, although its events arrive in any order within the window', (t) => {
  const property = fc.property(denials, fc.integer(), (given, seed) => {
    const distinct = given.map((one, index) => ({ ...one, pid: index, heard: true }));
    const events = distinct.flatMap(({ kind, pid, attributed, heard }) => denial(kind, pid, 1000, attributed, heard));
    const merged = mergeDenials(shuffle(events, seed));
    assert.equal(merged.length, distinct.length);
    assert.deepEqual(
      merged.map(({ event: { actor } }) => actor.hostPid).sort((one, other) => one - other),
      distinct.map(({ pid }) => pid),
    );
  });
  t.notThrows(() => fc.assert(property));
});

/** A permutation that a seed decides. */
function shuffle<T>(list: readonly T[], seed: number): T[] {
  let state = seed | 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 0;
  };
  return list
    .map((each) => [random(), each] as const)
    .sort(([one], [other]) => one - other)
    .map(([, each]) => each);
}

test('forty denials of one file by one process stay forty, ten of them with an alert', (t) => {
  const one = Array.from({ length: 40 }, (_, index) => denial('open', 7, index, true, true));
  const events = [...one.slice(0, 10).map(([alert]) => alert), ...one.map(([, call]) => call)].filter(
    (each) => each !== undefined,
  );
  const merged = mergeDenials(events);
  t.is(merged.length, 40);
  t.is(merged.filter(({ event: { origin } }) => origin === 'alert').length, 10);
});

const CREATING = 'O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC';

/** Events of process 7 about one file. */
const onCa = (at: number, facts: Partial<SecurityEvent>): SecurityEvent =>
  event(7, at, { path: '/etc/ca.pem', resource: '/etc/ca.pem', ...facts });
const refusedCreation = (at: number): SecurityEvent => onCa(at, { origin: 'alert', lsm: 'FILE_MKNOD' });
const refusedWrite = (at: number): SecurityEvent => onCa(at, { origin: 'alert', lsm: 'FILE_PERMISSION' });
const opened = (at: number, denied: boolean): SecurityEvent =>
  onCa(at, {
    syscall: 'openat',
    eventData: { Flags: CREATING },
    ...(denied ? {} : { denied: false, result: 'Passed' }),
  });
const lsms = (events: readonly SecurityEvent[]) =>
  mergeDenials(events).map(({ event: { lsm, syscall }, parts }) => [lsm ?? syscall, parts.length]);

for (const lsm of ['FILE_TRUNCATE', 'FILE_OPEN']) {
  test(`a file that is there is created in vain before ${lsm} refuses: one denial, told by the latter`, (t) => {
    const [creation, hook, call] = [refusedCreation(0), onCa(9_900, { origin: 'alert', lsm }), opened(14_000, true)];
    for (const order of [
      [creation, hook, call],
      [creation, call, hook],
      [call, creation, hook],
    ])
      t.deepEqual(lsms(order), [[lsm, 3]]);
  });
}

test('a refused creation and its call wait a fifth of a second for the hook that may still come', (t) => {
  const merger = new DenialMerger();
  t.deepEqual(merger.push(refusedCreation(0)), []);
  t.deepEqual(merger.push(opened(10, true)), []);
  t.deepEqual(merger.expire(200_010), []);
  t.deepEqual(
    merger.expire(200_011).map(({ event: { lsm }, parts }) => [lsm, parts.length]),
    [['FILE_MKNOD', 2]],
  );
  t.is(merger.pending, 0);
  t.deepEqual(merger.expire(2_000_000), []);
});

test('a creation that is refused is one denial, and each attempt is one', (t) => {
  t.deepEqual(lsms([refusedCreation(0), opened(10, true)]), [['FILE_MKNOD', 2]]);
  const twice = [refusedCreation(0), refusedCreation(20), opened(10, true), opened(30, true)];
  t.deepEqual(lsms(twice), [
    ['FILE_MKNOD', 2],
    ['FILE_MKNOD', 2],
  ]);
});

test('a file that was there is opened although its creation is refused; the write is what is refused', (t) => {
  const events = [refusedCreation(0), opened(10, false), refusedWrite(20)];
  for (const order of [events, [events[0], events[2], events[1]]]) {
    const merged = mergeDenials(order.filter((each) => each !== undefined)).filter(({ event: { denied } }) => denied);
    t.deepEqual(
      merged.map(({ event: { lsm }, parts }) => [lsm, parts.length]),
      [['FILE_PERMISSION', 2]],
    );
  }
});

test('two writes are two denials, whatever was refused before', (t) => {
  const events = [refusedCreation(0), opened(10, false), refusedWrite(20), refusedWrite(30)];
  t.deepEqual(lsms(events.filter(({ denied }) => denied)), [
    ['FILE_PERMISSION', 1],
    ['FILE_MKNOD', 1],
    ['FILE_PERMISSION', 1],
  ]);
  t.deepEqual(lsms(events), [
    ['openat', 1],
    ['FILE_PERMISSION', 2],
    ['FILE_PERMISSION', 1],
  ]);
});

test('a creation that was really refused has no part in a write through an older descriptor', (t) => {
  const before = opened(0, false);
  for (const events of [
    [refusedCreation(10), opened(20, true), refusedWrite(30)],
    [refusedCreation(10), refusedWrite(30), opened(20, true)],
    [refusedCreation(10), before, refusedWrite(30), opened(20, true)],
    [refusedCreation(10), opened(20, true), opened(25, false), refusedWrite(30)],
  ]) {
    const merged = mergeDenials(events).filter(({ event: { denied } }) => denied);
    t.deepEqual(merged.map(({ event: { lsm }, parts }) => `${lsm} ${parts.length}`).sort(), [
      'FILE_MKNOD 2',
      'FILE_PERMISSION 1',
    ]);
  }
});

test("a preset's alert, which does not name the file, goes with the open in /proc", (t) => {
  const alert = event(7, 0, {
    origin: 'alert',
    enforcer: 'PRESET-ProtectEnvPreset',
    resource: '/bin/cat',
    path: '/bin/cat',
  });
  const call = event(7, 1, { syscall: 'openat', resource: '/proc/1/environ', path: '/proc/1/environ' });
  t.is(mergeDenials([call, alert]).length, 1);
  t.is(mergeDenials([event(7, 1, { syscall: 'openat', path: '/etc/x' }), alert]).length, 2);
});

test('a call that was denied by somebody else waits no longer than the window', (t) => {
  const merger = new DenialMerger({ windowMicros: 1000 });
  const [, call] = denial('open', 7, 0, false, true);
  t.truthy(call);
  if (call === undefined) return;
  t.deepEqual(merger.push(call, 0), []);
  t.deepEqual(merger.expire(1000), []);
  t.deepEqual(merger.expire(1001), [{ event: call, parts: [call] }]);
});

test('what the hook does not know comes from the call', (t) => {
  const [hook, call] = denial('exec', 7, 0, true, true);
  if (hook === undefined || call === undefined) throw new TypeError('two parts');
  const [merged] = mergeDenials([hook, { ...call, args: ['-O', 'x'] }]);
  t.deepEqual(merged?.event.args, ['-O', 'x']);
  t.is(merged?.event.lsm, 'SECURITY_BPRM_CHECK');
});

if (missingRuns === undefined) {
  const named = (name: string): Run => {
    const run = runs().find((each) => each.name === name);
    if (run === undefined) throw new TypeError(name);
    return run;
  };
  const inOrder = (run: string): SecurityEvent[] =>
    [...eventsOf(run, 'alerts'), ...eventsOf(run, 'logs')].sort((one, other) => one.timeMicros - other.timeMicros);
  const denied = (run: string) => mergeDenials(inOrder(run)).filter(({ event: each }) => each.denied);

  const merges = test.macro({
    exec(t, run: string, expected: readonly (readonly [string, number])[]) {
      t.deepEqual(
        denied(run).map(({ event: each, parts }) => [each.path ?? each.resource, parts.length]),
        expected.map((each) => [...each]),
      );
    },
    title: (_, run) => `the denials of ${run} are told once each`,
  });
  test(merges, 'x01a-policy-after', [
    ['/usr/bin/hwget', 2],
    ['/data/secret.txt', 2],
    ['/usr/bin/wget', 2],
  ]);
  test(merges, 'x02-policy-first', [
    ['/usr/bin/hwget', 2],
    ['/data/secret.txt', 2],
    ['/usr/bin/wget', 2],
  ]);
  test(merges, 'u02-net-raw', [
    ['type=SOCK_RAW', 2],
    ['type=SOCK_RAW', 2],
  ]);
  test(merges, 'u06-certs-readonly', [
    ['/etc/ssl/certs/ca.pem', 1],
    ['/etc/ssl/certs/new.pem', 2],
    ['/etc/ssl/certs/ca.pem', 3],
    ['/etc/ssl/certs/l', 1],
    ['/etc/ssl/certs/h', 1],
    ['/etc/ssl/certs/ca.pem', 1],
    ['/etc/ssl/certs/ca.pem', 1],
    ['/etc/ssl/certs/d', 1],
  ]);

  test('denials that KubeArmor could not attribute are attributed to the right rule', (t) => {
    const evaluator = compilePolicies(named('x02-policy-first').policies);
    const causes = denied('x02-policy-first').map(({ event: each }) => attribute(evaluator, each));
    t.deepEqual(
      causes.map((each) =>
        each.kind === 'attributed' && each.cause.kind === 'rule' ? each.cause.rule.policy : each.kind,
      ),
      ['block-exec', 'block-file', 'block-exec'],
    );
  });

  test('a denial that no policy explains is said to be one, and a read that passed unprotected as well', (t) => {
    const evaluator = compilePolicies(named('x02-policy-first').policies);
    const [, secret] = denied('x02-policy-first');
    if (secret === undefined) throw new TypeError('three denials');
    t.is(attribute(compilePolicies([]), secret.event).kind, 'unexplained');
    const read: SecurityEvent = { ...secret.event, denied: false, result: 'Passed' };
    t.is(attribute(evaluator, read).kind, 'not-enforced');
  });

  test("an alert keeps KubeArmor's name, and gets the rule behind it", (t) => {
    const evaluator = compilePolicies(named('x01a-policy-after').policies);
    for (const each of eventsOf('x01a-policy-after', 'alerts')) {
      const said = attribute(evaluator, each);
      t.is(said.kind, 'reported');
      if (said.kind === 'reported' && said.cause.kind === 'rule') t.is(said.cause.rule.policy, each.policyName ?? '');
      else t.fail('a rule is known');
    }
  });
} else {
  test.skip(`merges recorded denials (${missingRuns})`, () => {});
}
