import test from 'ava';
import { decideHeal, HEAL_INTERVAL_MS, holeOf } from '#agent/healing/decide.ts';

const registration = { pidNamespace: 1, mountNamespace: 2, runStartedAtMs: 3, registeredAtMs: 4 };
const held = { crashHole: false, displaced: false, running: true, registration } as const;
const settled = {
  mode: 'restart',
  docker: 'up',
  nowMs: 1_000_000,
  runningForMs: 60_000,
  crashAgesMs: [60_000],
  history: { lastMs: new Map<string, number>(), lostTries: new Map<string, number>() },
  settleMs: 10_000,
} as const;

test('a crash hole is closed by a restart', (t) => {
  t.deepEqual(decideHeal('a', 'crash', settled), { kind: 'restart', containerId: 'a' });
});

test('a container that KubeArmor holds, or that does not run, is left alone', (t) => {
  t.is(holeOf(held, undefined), undefined);
  t.is(holeOf({ ...held, crashHole: true, running: false }, undefined), undefined);
});

test('a crash, numbers that are not its own, and a start that KubeArmor missed are holes', (t) => {
  t.is(holeOf({ ...held, crashHole: true }, undefined), 'crash');
  t.is(holeOf({ ...held, displaced: true }, undefined), 'displaced');
  const { registration: _none, ...unknown } = held;
  t.is(holeOf(unknown, 59_000), undefined, 'KubeArmor may be slow');
  t.is(holeOf(unknown, undefined), undefined, 'KubeArmor cannot be asked');
  t.is(holeOf(unknown, 61_000), 'lost');
});

test('a KubeArmor that does not hear Docker at all is not answered with restart after restart', (t) => {
  const tried = { ...settled, history: { ...settled.history, lostTries: new Map([['a', 3]]) } };
  t.deepEqual(decideHeal('a', 'lost', tried), { kind: 'report', why: 'restarts-do-not-help' });
  t.is(decideHeal('a', 'crash', tried).kind, 'restart');
});

test('a container is restarted at most once in five minutes', (t) => {
  const justHealed = { ...settled, history: { ...settled.history, lastMs: new Map([['a', settled.nowMs - 1000]]) } };
  t.deepEqual(decideHeal('a', 'crash', justHealed), {
    kind: 'wait',
    forMs: HEAL_INTERVAL_MS - 1000,
    why: 'just-healed',
  });
  const longAgo = {
    ...settled,
    history: { ...settled.history, lastMs: new Map([['a', settled.nowMs - HEAL_INTERVAL_MS]]) },
  };
  t.is(decideHeal('a', 'crash', longAgo).kind, 'restart');
});

test('a crash loop is not healed into (exchange-mms.md §0: anax removes what it finds restarting)', (t) => {
  const looping = { ...settled, runningForMs: 20_000, crashAgesMs: [90_000, 50_000, 20_000] };
  t.deepEqual(decideHeal('a', 'crash', looping), { kind: 'wait', forMs: 100_000, why: 'crash-loop' });
  t.is(decideHeal('a', 'crash', { ...looping, runningForMs: 121_000 }).kind, 'restart');
});

test('a run that has just begun may yet crash again', (t) => {
  t.deepEqual(decideHeal('a', 'crash', { ...settled, runningForMs: 4000 }), {
    kind: 'wait',
    forMs: 6000,
    why: 'settling',
  });
});

test('heal: report only says so, and so does a missing proxy', (t) => {
  t.deepEqual(decideHeal('a', 'crash', { ...settled, mode: 'report' }), { kind: 'report', why: 'mode' });
  t.deepEqual(decideHeal('a', 'crash', { ...settled, docker: 'down' }), { kind: 'report', why: 'docker-unreachable' });
});
