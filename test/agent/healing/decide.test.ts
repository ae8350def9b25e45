import test from 'ava';
import { decideHeal, HEAL_INTERVAL_MS } from '#agent/healing/decide.ts';

const hole = { id: 'a', crashHole: true, running: true } as const;
const settled = {
  mode: 'restart',
  docker: 'up',
  nowMs: 1_000_000,
  runningForMs: 60_000,
  crashAgesMs: [60_000],
  history: { lastMs: new Map<string, number>() },
  settleMs: 10_000,
} as const;

test('a crash hole is closed by a restart', (t) => {
  t.deepEqual(decideHeal(hole, settled), { kind: 'restart', containerId: 'a' });
});

test('a container outside the hole, or not running, is left alone', (t) => {
  t.is(decideHeal({ ...hole, crashHole: false }, settled).kind, 'nothing');
  t.is(decideHeal({ ...hole, running: false }, settled).kind, 'nothing');
});

test('a container is restarted at most once in five minutes', (t) => {
  const justHealed = { ...settled, history: { lastMs: new Map([['a', settled.nowMs - 1000]]) } };
  t.deepEqual(decideHeal(hole, justHealed), { kind: 'wait', forMs: HEAL_INTERVAL_MS - 1000, why: 'just-healed' });
  const longAgo = { ...settled, history: { lastMs: new Map([['a', settled.nowMs - HEAL_INTERVAL_MS]]) } };
  t.is(decideHeal(hole, longAgo).kind, 'restart');
});

test('a crash loop is not healed into (exchange-mms.md §0: anax removes what it finds restarting)', (t) => {
  const looping = { ...settled, runningForMs: 20_000, crashAgesMs: [90_000, 50_000, 20_000] };
  t.deepEqual(decideHeal(hole, looping), { kind: 'wait', forMs: 100_000, why: 'crash-loop' });
  t.is(decideHeal(hole, { ...looping, runningForMs: 121_000 }).kind, 'restart');
});

test('a run that has just begun may yet crash again', (t) => {
  t.deepEqual(decideHeal(hole, { ...settled, runningForMs: 4000 }), { kind: 'wait', forMs: 6000, why: 'settling' });
});

test('heal: report only says so, and so does a missing proxy', (t) => {
  t.deepEqual(decideHeal(hole, { ...settled, mode: 'report' }), { kind: 'report', why: 'mode' });
  t.deepEqual(decideHeal(hole, { ...settled, docker: 'down' }), { kind: 'report', why: 'docker-unreachable' });
});
