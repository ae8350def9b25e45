import test from 'ava';
import fc from 'fast-check';
import { desiredPolicies, enforces, kubearmorName, MARK } from '#agent/reconcile/desired.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { blockWrites, payload } from '../payloads.ts';

const publisher = { keyId: 'a'.repeat(64) };

test('a deployment policy stands before its workload runs', (t) => {
  const { policies } = desiredPolicies([payload(publisher, 'web')], [], 'amd64');
  const [only] = policies.values();
  t.is(policies.size, 1);
  t.is(only?.subject, 'web');
  t.is(only?.policy.kind, 'KubeArmorPolicy');
  if (only?.policy.kind === 'KubeArmorPolicy') {
    t.deepEqual(only.policy.spec.selector, { matchLabels: { [SERVICE_NAME_LABEL]: 'web' } });
    t.true(only.policy.spec.tags?.includes(MARK));
  }
});

test('a node default holds for every workload there is, and its host policies for the host', (t) => {
  const host = { ...blockWrites('boot'), kind: 'KubeArmorHostPolicy' as const };
  const defaults = payload(publisher, 'edge', { layer: 'node', policies: [blockWrites('certs'), host] });
  const { policies } = desiredPolicies([defaults], [{ container: 'web' }, { container: 'db' }], 'amd64');
  t.deepEqual(
    [...policies.values()].map(({ subject, effective }) => `${effective.policy.metadata.name}@${subject}`).sort(),
    ['boot@host', 'certs@db', 'certs@web'],
  );
});

test('a live change takes the place of a deployment policy under the same name in KubeArmor', (t) => {
  const attached = payload(publisher, 'web', { policies: [blockWrites('certs', '/etc/')] });
  const live = payload(publisher, 'fix', {
    layer: 'live',
    container: 'web',
    policies: [blockWrites('certs', '/opt/')],
  });
  const before = desiredPolicies([attached], [], 'amd64');
  const after = desiredPolicies([attached, live], [], 'amd64');
  t.deepEqual([...after.policies.keys()], [...before.policies.keys()]);
  t.is([...after.policies.values()][0]?.effective.layer, 'live');
});

test('services that share a container name get the policies of both, and are named', (t) => {
  const both = [
    { ...payload(publisher, 'a', { container: 'web', policies: [blockWrites('one')] }) },
    { ...payload(publisher, 'b', { container: 'web', policies: [blockWrites('two')] }) },
  ];
  const workloads = ['a', 'b'].map((service) => ({ container: 'web', org: 'acme', service, version: '1.0.0' }));
  const targeted = both.map((each, index) => ({
    ...each,
    target: { ...each.target, service: workloads[index]?.service ?? '' },
  }));
  const { policies, shared } = desiredPolicies(targeted as typeof both, workloads, 'amd64');
  t.is(policies.size, 2);
  t.deepEqual(shared, ['web']);
});

test('names in KubeArmor are safe file names and differ where policy or subject differ', (t) => {
  const word = fc.string({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(word, word, word, (policy, subject, other) => {
      t.regex(kubearmorName(policy, subject), /^[a-z0-9][a-z0-9.-]*$/);
      t.false(kubearmorName(policy, subject).includes('/'));
      if (subject !== other) t.not(kubearmorName(policy, subject), kubearmorName(policy, other));
    }),
  );
});

test('a policy enforces when any of its rules does more than audit', (t) => {
  t.true(enforces(blockWrites('a')));
  t.false(enforces(blockWrites('a', '/etc/', 'Audit')));
  const mixed = blockWrites('a', '/etc/', 'Audit');
  t.true(
    enforces({ ...mixed, spec: { ...mixed.spec, process: { matchPaths: [{ path: '/bin/sh', action: 'Block' }] } } }),
  );
  t.true(enforces({ ...mixed, spec: { ...mixed.spec, presets: [{ name: 'filelessExec', action: 'Block' }] } }));
});

test('what did not change is the same object again, so that thousands of policies are compared at once', (t) => {
  const defaults = payload(publisher, 'edge', { layer: 'node', policies: [blockWrites('certs')] });
  const change = payload(publisher, 'web', { policies: [blockWrites('data', '/data/')] });
  const before = desiredPolicies([defaults], [{ container: 'web' }, { container: 'db' }], 'amd64');
  const after = desiredPolicies([defaults, change], [{ container: 'web' }, { container: 'db' }], 'amd64');
  t.is(before.policies.size, 2);
  for (const [name, { policy }] of before.policies) t.is(after.policies.get(name)?.policy, policy);
  t.is(new Set([...before.policies.values()].map(({ policy }) => policy)).size, 2, 'one for each container');
});

test('more workloads than are remembered come and go: each has its own policy all the same', (t) => {
  const defaults = payload(publisher, 'edge', { layer: 'node', policies: [blockWrites('certs')] });
  for (let container = 0; container < 1200; container++) {
    const { policies } = desiredPolicies([defaults], [{ container: `c${container}` }], 'amd64');
    const [only] = policies.values();
    t.is(
      only?.policy.kind === 'KubeArmorPolicy' && only.policy.spec.selector?.matchLabels?.[SERVICE_NAME_LABEL],
      `c${container}`,
    );
  }
});
