import test from 'ava';
import fc from 'fast-check';
import {
  type AppliedPolicy,
  type DesiredPolicy,
  type ProbedPolicy,
  planReconcile,
  type ReconcileStep,
} from '#agent/reconcile/plan.ts';
import type { KubeArmorPolicy } from '#policy/types.ts';

const policy = (name: string, path = '/etc/', container = 'web'): DesiredPolicy => ({
  name,
  policy: {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name },
    spec: {
      selector: { matchLabels: { 'openhorizon.anax.service_name': container } },
      file: { matchDirectories: [{ dir: path, recursive: true }] },
      action: 'Block',
    },
  } satisfies KubeArmorPolicy,
});
const sent = (desired: DesiredPolicy, session?: string): AppliedPolicy => ({
  ...desired,
  ...(session ? { session } : {}),
});
const listed = (desired: DesiredPolicy, ours: boolean): ProbedPolicy => ({ ...desired, ours });

const plans = test.macro({
  exec(
    t,
    desired: readonly DesiredPolicy[],
    applied: readonly AppliedPolicy[],
    probed: readonly ProbedPolicy[],
    expected: readonly string[],
  ) {
    const steps = planReconcile(desired, new Map(applied.map((each) => [each.name, each])), probed, 'now');
    t.deepEqual(steps.map(describe), expected);
  },
  title: (behaviour) => `reconcile ${behaviour}`,
});

function describe(step: ReconcileStep): string {
  switch (step.kind) {
    case 'apply':
      return `apply ${step.desired.name}: ${step.why}`;
    case 'delete':
      return `delete ${step.applied.name}: ${step.why}`;
    case 'collides':
      return `collides ${step.desired.name}`;
    case 'foreign':
    case 'unchanged':
      return `${step.kind} ${step.name}`;
  }
}

const a = policy('a');
test('applies what is new', plans, [a], [], [], ['apply a: new']);
test('leaves alone what this session confirmed', plans, [a], [sent(a, 'now')], [], ['unchanged a']);
test('applies again what no answer confirmed', plans, [a], [sent(a)], [], ['apply a: unconfirmed']);
test(
  'applies everything again to a KubeArmor that was restarted',
  plans,
  [a],
  [sent(a, 'before')],
  [],
  ['apply a: new-session'],
);
test('replaces what changed', plans, [policy('a', '/usr/')], [sent(a, 'now')], [], ['apply a: changed']);
test(
  'deletes the old object first when the selector changed (kubearmor.md §3.5)',
  plans,
  [policy('a', '/etc/', 'db')],
  [sent(a, 'now')],
  [],
  ['delete a: selector-changed', 'apply a: changed'],
);
test(
  'deletes what was withdrawn, after what is applied',
  plans,
  [a],
  [sent(policy('b'), 'now')],
  [],
  ['apply a: new', 'delete b: withdrawn'],
);
test('leaves a foreign policy alone and names it', plans, [], [], [listed(a, false)], ['foreign a']);
test('does not overwrite a foreign policy of the same name', plans, [a], [], [listed(a, false)], ['collides a']);
test('takes its own policies back when the record is lost', plans, [a], [], [listed(a, true)], ['apply a: new']);
test('deletes its own leftovers when the record is lost', plans, [], [], [listed(a, true)], ['delete a: leftover']);

test('puts back what somebody deleted in KubeArmor, where KubeArmor would show it', (t) => {
  const applied = new Map([[a.name, sent(a, 'now')]]);
  const steps = (visible: readonly string[], probed: readonly ProbedPolicy[]) =>
    planReconcile([a], applied, probed, 'now', new Set(visible)).map(describe);
  t.deepEqual(steps(['a'], []), ['apply a: lost']);
  t.deepEqual(steps(['a'], [listed(a, true)]), ['unchanged a']);
  t.deepEqual(steps([], []), ['unchanged a']);
});

test('after every step is done, a second plan changes nothing', (t) => {
  const policies = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      path: fc.constantFrom('/etc/', '/usr/'),
      to: fc.constantFrom('web', 'db'),
    }),
    { selector: ({ name }) => name },
  );
  const toPolicies = (all: readonly { name: string; path: string; to: string }[]) =>
    all.map(({ name, path, to }) => policy(name, path, to));
  fc.assert(
    fc.property(policies, policies, fc.constantFrom('now', 'before', undefined), (wanted, before, session) => {
      const desired = toPolicies(wanted);
      const applied = new Map(toPolicies(before).map((each) => [each.name, sent(each, session)]));
      for (const step of planReconcile(desired, applied, [], 'now')) {
        if (step.kind === 'apply') applied.set(step.desired.name, sent(step.desired, 'now'));
        if (step.kind === 'delete') applied.delete(step.applied.name);
      }
      t.true(planReconcile(desired, applied, [], 'now').every(({ kind }) => kind === 'unchanged'));
      t.deepEqual([...applied.keys()].sort(), desired.map(({ name }) => name).sort());
    }),
  );
});
