import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { backOff, RECONNECT } from '#agent/kubearmor/backoff.ts';
import { checkKubeArmorIdentity } from '#agent/kubearmor/credentials.ts';
import { gapLedger } from '#agent/kubearmor/gaps.ts';
import { readProbe } from '#agent/kubearmor/probe.ts';
import { readSnapshot, readStateEvent, splitLabels } from '#agent/kubearmor/state-event.ts';
import { turnBudget } from '#agent/kubearmor/turn-budget.ts';
import { openssl } from '#test/support/openssl.ts';
import { readLines, recordedTest } from '../../demo/simulators/kubearmor/captures.ts';

test('back-off doubles, is spread over the upper half of each step, and is bounded', (t) => {
  const least = backOff(RECONNECT, () => 0);
  const most = backOff(RECONNECT, () => 0.999_999);
  const steps = Array.from({ length: 8 }, () => [least.next(), Math.round(most.next())]);
  t.deepEqual(steps.slice(0, 3), [
    [125, 250],
    [250, 500],
    [500, 1000],
  ]);
  t.deepEqual(steps.at(-1), [2500, 5000]);
  most.reset();
  t.is(Math.round(most.next()), 250);
});

test('a gap reaches from the last sign of life to the proof of the next; the first connection has none', (t) => {
  const ledger = gapLedger(['alerts', 'logs']);
  t.deepEqual(ledger.restored(1000), []);
  ledger.alive('alerts', 1500);
  ledger.lost(3000, 'killed');
  t.deepEqual(
    ledger.restored(5000).map(({ stream, fromMs, toMs, reason }) => ({ stream, fromMs, toMs, reason })),
    [
      { stream: 'alerts', fromMs: 1500, toMs: 5000, reason: 'killed' },
      { stream: 'logs', fromMs: 1000, toMs: 5000, reason: 'killed' },
    ],
  );
});

test('a clock that is set back makes no gap that ends before it starts', (t) => {
  const ledger = gapLedger(['alerts']);
  ledger.restored(10_000);
  ledger.lost(500, 'killed');
  const [gap] = ledger.restored(400);
  t.deepEqual([gap?.fromMs, gap?.toMs], [400, 400]);
});

test('the budget of a turn is spent by working, and new in the next turn', async (t) => {
  const budget = turnBudget(5);
  t.false(budget.spent());
  const end = performance.now() + 6;
  while (performance.now() < end);
  t.true(budget.spent());
  await new Promise((resolve) => setImmediate(resolve));
  t.false(budget.spent());
});

test('labels are split at commas, except inside a value', (t) => {
  t.deepEqual(splitLabels('a=1,b=x=y,c='), { a: '1', b: 'x=y', c: '' });
  t.deepEqual(splitLabels('list=a,b,c,d=1'), { list: 'a,b,c', d: '1' });
  t.deepEqual(splitLabels(''), {});
  t.deepEqual(splitLabels('garbage'), {});
});

test('what cannot be read is left out, never thrown', (t) => {
  t.deepEqual(readProbe({}), { containers: [], endpoints: [], policies: [] });
  t.deepEqual(
    readProbe({ containerList: [1, 'a'], containerMap: { x: { policyDataList: [{ policy: Buffer.from('{') }] } } }),
    {
      containers: ['a'],
      endpoints: ['x'],
      policies: [],
    },
  );
  t.deepEqual(readSnapshot({}, 0), { containers: [] });
  t.is(readStateEvent({ Kind: 'container', Type: 'added', Object: Buffer.from('[]') }, 0), undefined);
  t.is(readStateEvent({ Kind: 'node', Type: 'added', Object: Buffer.from('{}') }, 0), undefined);
  t.is(readStateEvent({ Kind: 'container', Type: 'renamed', Object: Buffer.from('{}') }, 0), undefined);
});

test('the identity check wants KubeArmor’s name, or the host’s', async (t) => {
  const certificate = async (name: string, alternative: string) => {
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '/dev/null',
    ];
    const args = [...made, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternative}`];
    return new X509Certificate(await openssl(args)).toLegacyObject();
  };
  t.is(checkKubeArmorIdentity('10.0.0.1', await certificate('kubearmor', 'IP:172.17.0.2')), undefined);
  t.is(checkKubeArmorIdentity('armor.local', await certificate('x', 'DNS:armor.local')), undefined);
  t.regex(checkKubeArmorIdentity('10.0.0.1', await certificate('evil', 'DNS:evil'))?.message ?? '', /"evil"/);
});

const encode = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (key === 'Object') return [key, Buffer.from(JSON.stringify(each))];
      if (key === 'policyDataList' && Array.isArray(each)) {
        return [key, each.map((policy) => ({ policy: Buffer.from(JSON.stringify(policy)) }))];
      }
      return [key, encode(each)];
    }),
  );
};

recordedTest('recorded answers are read as they are', (t) => {
  const probe = readProbe(Object(encode(readLines('probe-final.json')[0])));
  t.deepEqual(probe.containers, ['kubearmor', 'ha']);
  t.deepEqual(
    probe.policies.map(({ name, kind, endpoints }) => [name, kind, ...endpoints]),
    ['audit-file', 'block-exec', 'block-file'].map((name) => [name, 'KubeArmorPolicy', 'ha']),
  );
  const snapshot = readSnapshot(Object(encode(readLines('getstate-final.ndjson')[0])), 7);
  t.deepEqual(snapshot.node, {
    name: 'edge-1',
    id: '2b3eb290b75546dfbc11c5f318fc9c93',
    kernel: '6.1.0-50-amd64',
    hostVisibility: 'none',
  });
  t.deepEqual(
    snapshot.containers.map(({ name, pidNamespace, labels }) => [
      name,
      pidNamespace,
      labels['openhorizon.anax.service_name'],
    ]),
    [
      ['ha', 4026532222, 'homeassistant'],
      ['kubearmor', 4026531836, undefined],
    ],
  );
  const life = readLines('x03-docker-restart.state.ndjson').map(
    (line) => readStateEvent(Object(encode(line)), 1)?.kind,
  );
  t.deepEqual(life, ['state-waiting', 'state-removed', 'state-added']);
});
