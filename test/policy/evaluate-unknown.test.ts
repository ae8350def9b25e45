import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { bpfBudget } from '#policy/budget.ts';
import { compilePolicies, type Decision } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { execs, policies, postures, reads, sockets } from './reference/arbitrary.ts';

const STRICTNESS: Readonly<Record<Decision['outcome'], number>> = { allowed: 0, audited: 1, blocked: 2 };

/** A decision in doubt is at least as strict as each way the doubt may end; one that is certain is the same in all. */
function covers(doubtful: Decision, possible: readonly Decision[]): void {
  const strictest = Math.max(...possible.map(({ outcome }) => STRICTNESS[outcome]));
  assert.ok(
    STRICTNESS[doubtful.outcome] >= strictest,
    `${doubtful.outcome} < ${possible.map(({ outcome }) => outcome)}`,
  );
  if (doubtful.certainty === 'certain') {
    for (const { outcome } of possible) assert.equal(outcome, doubtful.outcome);
  }
}

test('an unknown owner: never kinder than the truth, and certain only where it does not matter', (t) => {
  const property = fc.property(policies, postures, reads, (given, posture, event) => {
    const evaluator = compilePolicies(given, { posture });
    const { ownerUid: _, ...unknown } = event;
    const owned = (ownerUid: number): SecurityEvent => ({ ...event, ownerUid });
    covers(
      evaluator.evaluate(unknown),
      [event.actor.uid, event.actor.uid + 1].map((uid) => evaluator.evaluate(owned(uid))),
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
});

const PROGRAMS = ['/bin/sh', '/usr/bin/curl', '/a/b/sh', '/somebody/else'];

/** The same event with the program, or its parent, unknown and then each of those a rule may name. */
function byProgram(event: SecurityEvent, field: 'executable' | 'parentExecutable'): [SecurityEvent, SecurityEvent[]] {
  const by = (program: string): SecurityEvent => ({
    ...event,
    actor: { ...event.actor, [field]: program, commandLine: '' },
  });
  return [by(''), PROGRAMS.map(by)];
}

for (const [what, events, field] of [
  ['reader', reads, 'executable'],
  ['owner of a socket', sockets, 'executable'],
  ['parent', execs, 'parentExecutable'],
] as const) {
  test(`an unknown ${what}: what is certainly blocked is blocked for all`, (t) => {
    const property = fc.property(policies, postures, events, (given, posture, event) => {
      const evaluator = compilePolicies(given, { posture });
      const [unknown, known] = byProgram(event, field);
      const decision = evaluator.evaluate(unknown);
      const outcomes = known.map((each) => evaluator.evaluate(each).outcome);
      if (outcomes.includes('blocked')) assert.equal(decision.outcome, 'blocked');
      if (decision.outcome === 'blocked' && decision.certainty === 'certain') {
        assert.ok(outcomes.every((outcome) => outcome === 'blocked'));
      }
    });
    t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
  });
}

test('the table needs as many entries as the budget of lint says', (t) => {
  const property = fc.property(policies, (given) => {
    assert.equal(compilePolicies(given).tableEntries.container, bpfBudget(given).entries);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
});
