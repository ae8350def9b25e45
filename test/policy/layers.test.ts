import test from 'ava';
import fc from 'fast-check';
import { effectivePolicies, targets, type WorkloadIdentity } from '#policy/layers.ts';
import type { Layer, PolicyPayload, WorkloadTarget } from '#policy/payload.ts';
import { SERVICE_NAME_LABEL, type SecurityPolicy } from '#policy/types.ts';

const homeassistant: WorkloadIdentity = {
  org: 'edge',
  service: 'homeassistant',
  version: '1.2.0',
  arch: 'amd64',
  container: 'homeassistant',
};

const anyVersion: WorkloadTarget = {
  org: 'edge',
  service: 'homeassistant',
  container: 'homeassistant',
  arch: '*',
  versionRange: '[0.0.0,INFINITY)',
};

function container(name: string, of?: string, file: Record<string, unknown> = {}): SecurityPolicy {
  return {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name },
    spec: {
      ...(of === undefined ? {} : { selector: { matchLabels: { [SERVICE_NAME_LABEL]: of } } }),
      file: { matchPaths: [{ path: `/${name}` }], ...file },
      action: 'Audit',
    },
  };
}

function host(name: string): SecurityPolicy {
  return {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorHostPolicy',
    metadata: { name },
    spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } }, action: 'Audit' },
  };
}

type Given = Partial<Omit<PolicyPayload, 'policies'>> & { readonly policies?: readonly SecurityPolicy[] };

function payload(layer: Layer, given: Given = {}): PolicyPayload {
  return {
    format: 1,
    id: `${layer}.x.0a1b2c3d4e5f`,
    layer,
    seq: 1,
    target: layer === 'node' ? { host: true } : anyVersion,
    inherit: true,
    policies: [container('a')],
    catalogue: [],
    ...given,
  };
}

/** `name=layer:seq` of each policy, and what it overrode behind `>`. */
function shown(payloads: readonly PolicyPayload[], subject: WorkloadIdentity | 'host'): string[] {
  return effectivePolicies(payloads, subject).policies.map(({ policy, layer, seq, overrides }) => {
    const over = overrides.map((origin) => `>${origin.layer}:${origin.seq}`).join('');
    return `${policy.metadata.name}=${layer}:${seq}${over}`;
  });
}

const layering = test.macro({
  exec(t, payloads: readonly PolicyPayload[], subject: WorkloadIdentity | 'host', expected: readonly string[]) {
    t.deepEqual(shown(payloads, subject), [...expected]);
    t.deepEqual(shown(payloads.toReversed(), subject), [...expected]);
  },
  title: (behaviour) => `layers: ${behaviour}`,
});

test('no payload, no policy', layering, [], homeassistant, []);
test(
  'different names add up',
  layering,
  [
    payload('node', { policies: [container('a')] }),
    payload('deployment', { policies: [container('b')] }),
    payload('live', { policies: [container('c')] }),
  ],
  homeassistant,
  ['a=node:1', 'b=deployment:1', 'c=live:1'],
);
test(
  'of one name the deployment wins over the node default',
  layering,
  [payload('node', { seq: 9 }), payload('deployment')],
  homeassistant,
  ['a=deployment:1>node:9'],
);
test(
  'of one name the live change wins over both',
  layering,
  [payload('node'), payload('live'), payload('deployment')],
  homeassistant,
  ['a=live:1>deployment:1>node:1'],
);
test(
  'inherit: false on a deployment drops every node default, also those of other names',
  layering,
  [
    payload('node', { policies: [container('a'), container('n')] }),
    payload('deployment', { inherit: false, policies: [container('b')] }),
  ],
  homeassistant,
  ['b=deployment:1'],
);
test(
  'inherit: false of another workload changes nothing here',
  layering,
  [payload('node'), payload('deployment', { inherit: false, target: { ...anyVersion, service: 'mosquitto' } })],
  homeassistant,
  ['a=node:1'],
);
test(
  'inherit: false of a withdrawn payload is withdrawn with it',
  layering,
  [payload('node'), payload('deployment', { inherit: false, policies: [] })],
  homeassistant,
  ['a=node:1'],
);
test(
  'of one id the highest seq counts',
  layering,
  [
    payload('deployment', { seq: 2, policies: [container('new')] }),
    payload('deployment', { seq: 1, policies: [container('old')] }),
  ],
  homeassistant,
  ['new=deployment:2'],
);
test(
  'a withdrawal ends what its id carried',
  layering,
  [payload('deployment', { seq: 1 }), payload('deployment', { seq: 2, policies: [] })],
  homeassistant,
  [],
);
test(
  'a withdrawal with a lower seq ends nothing',
  layering,
  [payload('deployment', { seq: 2 }), payload('deployment', { seq: 1, policies: [] })],
  homeassistant,
  ['a=deployment:2'],
);
test(
  'a withdrawn override gives way to what it overrode',
  layering,
  [payload('node'), payload('live', { seq: 1 }), payload('live', { seq: 2, policies: [] })],
  homeassistant,
  ['a=node:1'],
);
test(
  'two payloads of one layer: the later seq wins a name',
  layering,
  [
    payload('deployment', { id: 'deployment.one.0', seq: 7 }),
    payload('deployment', { id: 'deployment.two.0', seq: 5 }),
  ],
  homeassistant,
  ['a=deployment:7>deployment:5'],
);
test(
  'a payload that spans containers gives each its own',
  layering,
  [
    payload('deployment', {
      target: { ...anyVersion, container: '*' },
      policies: [container('web', 'web'), container('ha', 'homeassistant'), container('all')],
    }),
  ],
  homeassistant,
  ['all=deployment:1', 'ha=deployment:1'],
);
test(
  'a host policy holds for the host only, whichever layer carries it',
  layering,
  [
    payload('node', { policies: [host('h'), container('c')] }),
    payload('live', { target: { host: true }, policies: [host('h')], seq: 3 }),
  ],
  'host',
  ['h=live:3>node:1'],
);
test(
  "a node's container policies hold for every workload",
  layering,
  [payload('node', { policies: [host('h'), container('c')] })],
  { container: 'anything' },
  ['c=node:1'],
);
test(
  'a host policy in a payload for a workload holds nowhere',
  layering,
  [payload('deployment', { policies: [host('h')] })],
  'host',
  [],
);

const matching = test.macro({
  exec(t, change: Partial<WorkloadTarget>, workload: WorkloadIdentity, expected: boolean) {
    t.is(targets({ ...anyVersion, ...change }, workload), expected);
  },
  title: (behaviour) => `a target ${behaviour}`,
});

test('matches its own workload', matching, {}, homeassistant, true);
test('of another org does not', matching, { org: 'other' }, homeassistant, false);
test('of any org does', matching, { org: '*' }, homeassistant, true);
test('of another service does not', matching, { service: 'mosquitto' }, homeassistant, false);
test('of another container does not', matching, { container: 'db' }, homeassistant, false);
test('of another architecture does not', matching, { arch: 'arm64' }, homeassistant, false);
test('whose range holds the version does', matching, { versionRange: '[1.0.0,2.0.0)' }, homeassistant, true);
test('whose range ends below does not', matching, { versionRange: '[1.0.0,1.2.0)' }, homeassistant, false);
test('with a bare version means from there up', matching, { versionRange: '1.1' }, homeassistant, true);
test('with an unreadable range matches nothing', matching, { versionRange: '1.x' }, homeassistant, false);
test(
  'matches where the workload is known by its container alone',
  matching,
  { versionRange: '[1.0.0,1.2.0)' },
  { container: 'homeassistant' },
  true,
);

test('the catalogue entry of a policy comes with it', (t) => {
  const compliance = [{ framework: 'F', version: '1', id: 'X-1', title: 'x', source: 's' }];
  const catalogue = [{ policy: 'a', template: 'file-integrity', summary: 'Watches', compliance }];
  const [found] = effectivePolicies([payload('node', { catalogue })], homeassistant).policies;
  t.like(found, { template: 'file-integrity', summary: 'Watches', compliance });
});

test('node payloads that inherit: false dropped are named, with who did it', (t) => {
  const node = payload('node', { id: 'node.n.0', seq: 4 });
  const deployment = payload('deployment', { id: 'deployment.d.0', inherit: false });
  t.deepEqual(effectivePolicies([node, deployment], homeassistant).dropped, [
    { layer: 'node', payloadId: 'node.n.0', seq: 4, by: 'deployment.d.0' },
  ]);
});

const warning = test.macro({
  exec(t, policies: readonly SecurityPolicy[], expected: readonly string[]) {
    const [first, ...rest] = policies;
    const payloads = [
      payload('node', { policies: first === undefined ? [] : [first] }),
      payload('deployment', { policies: rest }),
    ];
    t.deepEqual(
      effectivePolicies(payloads, homeassistant).warnings.map(({ kind, policies: named }) => `${kind} ${named}`),
      [...expected],
    );
  },
  title: (behaviour) => `layers that contradict: ${behaviour}`,
});

const paths = (name: string, action: string, path: string, more: Record<string, unknown> = {}) =>
  container(name, undefined, { matchPaths: [{ path, action, ...more }] });

test('blocks alone do not', warning, [paths('a', 'Block', '/x'), paths('b', 'Block', '/y')], []);
test('one allow-list alone does not', warning, [paths('a', 'Allow', '/x'), paths('b', 'Audit', '/y')], []);
test(
  'an allow-list and a block of another layer',
  warning,
  [paths('a', 'Block', '/x'), paths('b', 'Allow', '/y')],
  ['allow-list-and-block b,a'],
);
test('two allow-lists', warning, [paths('a', 'Allow', '/x'), paths('b', 'Allow', '/y')], ['two-allow-lists a,b']);
test(
  'one key allowed and blocked',
  warning,
  [paths('a', 'Block', '/x'), paths('b', 'Allow', '/x')],
  ['allow-list-and-block b,a', 'same-key a,b'],
);
test('one key audited and blocked', warning, [paths('a', 'Audit', '/x'), paths('b', 'Block', '/x')], ['same-key a,b']);
test(
  'reading allowed and writing blocked is no contradiction of keys',
  warning,
  [paths('a', 'Block', '/x', { readOnly: true }), paths('b', 'Allow', '/x', { readOnly: true })],
  ['allow-list-and-block b,a'],
);
test(
  'different sources of one key are different rules',
  warning,
  [
    paths('a', 'Block', '/x', { fromSource: [{ path: '/bin/a' }] }),
    paths('b', 'Audit', '/x', { fromSource: [{ path: '/bin/b' }] }),
  ],
  [],
);

test('an unreadable range is said, not only ignored', (t) => {
  const odd = payload('live', { target: { ...anyVersion, versionRange: '1.x' } });
  const { policies, warnings } = effectivePolicies([odd], homeassistant);
  t.deepEqual(policies, []);
  t.is(warnings[0]?.kind, 'unreadable-target');
});

const anyPayload = fc
  .record({
    id: fc.constantFrom('p', 'q', 'r', 's'),
    layer: fc.constantFrom<Layer>('node', 'deployment', 'live'),
    seq: fc.nat({ max: 3 }),
    inherit: fc.boolean(),
    names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'h'), { maxLength: 3 }),
    service: fc.constantFrom('homeassistant', 'mosquitto', '*'),
    toHost: fc.boolean(),
  })
  .map(({ names, service, toHost, ...rest }) =>
    payload(rest.layer, {
      ...rest,
      target: toHost ? { host: true } : { ...anyVersion, service },
      policies: names.map((name) => (name === 'h' ? host(name) : container(name))),
    }),
  );

test('the effective set does not depend on the order of payloads', (t) => {
  fc.assert(
    fc.property(
      fc
        .array(anyPayload, { maxLength: 8 })
        .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      fc.constantFrom<WorkloadIdentity | 'host'>(homeassistant, 'host'),
      ([all, shuffled], subject) => {
        t.deepEqual(effectivePolicies(shuffled, subject), effectivePolicies(all, subject));
      },
    ),
  );
});

test('applying a payload twice changes nothing', (t) => {
  fc.assert(
    fc.property(fc.array(anyPayload, { maxLength: 8 }), (all) => {
      t.deepEqual(effectivePolicies([...all, ...all], homeassistant), effectivePolicies(all, homeassistant));
    }),
  );
});

test('every policy that holds was sent, under a name that holds once', (t) => {
  fc.assert(
    fc.property(fc.array(anyPayload, { maxLength: 8 }), (all) => {
      const { policies } = effectivePolicies(all, homeassistant);
      const names = policies.map(({ policy }) => policy.metadata.name);
      t.is(new Set(names).size, names.length);
      for (const { payloadId, seq, policy } of policies) {
        t.true(all.some((sent) => sent.id === payloadId && sent.seq === seq && sent.policies.includes(policy)));
        t.false(all.some((sent) => sent.id === payloadId && sent.seq > seq));
      }
    }),
  );
});
