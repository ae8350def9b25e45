import test from 'ava';
import { compilePolicies } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { attribute, type BlockPosture } from '#policy/telemetry/attribute.ts';
import type { KubeArmorPolicy } from '#policy/types.ts';
import { hook, open, type Raw } from './raw-events.ts';

/** Default postures: KubeArmor tells them to nobody but by its events (reference/kubearmor.md §3.3, §4.5). */

const policies: readonly KubeArmorPolicy[] = [
  {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'own-data' },
    spec: { file: { matchDirectories: [{ dir: '/data/', recursive: true }] }, action: 'Allow' },
  },
  {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'watched' },
    spec: { file: { matchPaths: [{ path: '/etc/hosts' }] }, action: 'Audit', severity: 3 },
  },
];
const audit = compilePolicies(policies);
const block = compilePolicies(policies, { posture: { file: 'block' } });
const DENIED: Raw = { Result: 'Permission denied' };

function attributed(event: SecurityEvent, standing: ReturnType<BlockPosture['standing']>) {
  return attribute(audit, event, { evaluator: () => block, standing: () => standing });
}

test("what KubeArmor's own hook refuses, and no rule, is refused by posture block", (t) => {
  const refused = hook('FILE_OPEN', '/etc/passwd', DENIED);
  t.is(attribute(audit, refused).kind, 'unexplained');
  for (const standing of ['possible', 'in-force'] as const) {
    const said = attributed(refused, standing);
    t.is(said.kind, 'attributed');
    if (said.kind !== 'attributed') continue;
    t.deepEqual(said.cause, { kind: 'posture', category: 'file', posture: 'block' });
    t.is(said.decision.outcome, 'blocked');
  }
});

test('where policies of others hold as well, a refusal without a name stays unexplained', (t) => {
  t.is(attributed(hook('FILE_OPEN', '/etc/passwd', DENIED), 'unlikely').kind, 'unexplained');
});

test('what a list allows is not refused by the posture', (t) => {
  t.is(attributed(hook('FILE_OPEN', '/data/x', DENIED), 'in-force').kind, 'unexplained');
});

test('a call that failed may have failed for reasons of the file system', (t) => {
  t.is(attributed(open('/etc/shadow', 'O_RDONLY', DENIED), 'in-force').kind, 'unexplained');
});

test('under posture block a call that passed was allowed, however it spelt the path', (t) => {
  const link = open('/lib/libc.so.6');
  t.is(attributed(link, 'possible').kind, 'attributed');
  t.is(attributed(link, 'in-force').kind, 'none');
  t.is(
    attributed(hook('FILE_OPEN', '/lib/libc.so.6'), 'in-force').kind,
    'attributed',
    'a notice: the posture is audit',
  );
});

test('an alert of DefaultPosture is of the posture, whatever rule matches the same file', (t) => {
  for (const [Action, posture] of [
    ['Block', 'block'],
    ['Audit', 'audit'],
  ] as const) {
    const alert = hook('FILE_OPEN', '/etc/hosts', {
      Type: 'MatchedPolicy',
      PolicyName: 'DefaultPosture',
      Action,
      Result: Action === 'Block' ? 'Permission denied' : 'Passed',
    });
    t.deepEqual(attribute(audit, alert), { kind: 'reported', cause: { kind: 'posture', category: 'file', posture } });
  }
});
