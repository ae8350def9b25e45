import test from 'ava';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import { createNodeKey, openStatus, signStatus } from '#agent/report/signed-status.ts';

const status: SecurityStatus = {
  format: 1,
  node: 'acme/node1',
  seq: 3,
  at: '2026-11-24T12:00:00.000Z',
  agentVersion: '1.0.0',
  kubearmor: { reachable: true, version: 'v1.7.4', enforcer: 'BPFLSM', since: '2026-11-24T11:00:00.000Z' },
  docker: 'up',
  workloads: [],
  attachments: [],
  rejected: [],
  counts: { blocked: 0, audited: 0, throttled: 0, dropped: 0 },
};

test('a signed status opens with the key that signed it', (t) => {
  const key = createNodeKey();
  const first = openStatus(signStatus(status, key));
  t.deepEqual(first.status, status);
  t.is(openStatus(signStatus({ ...status, seq: 4 }, key)).keyId, first.keyId);
  t.not(openStatus(signStatus(status, createNodeKey())).keyId, first.keyId);
});

const refused = test.macro({
  exec(t, tamper: (text: string) => string) {
    t.throws(() => openStatus(tamper(signStatus(status, createNodeKey()))), { name: 'ArmorError', message: /refused/ });
  },
  title: (what) => `a status report is refused: ${what}`,
});

const reseal =
  (change: (envelope: { payload: string; signatures: { keyid: string; publicKey: string; sig: string }[] }) => void) =>
  (text: string) => {
    const envelope = JSON.parse(text);
    change(envelope);
    return JSON.stringify(envelope);
  };
test(
  'changed content',
  refused,
  reseal((envelope) => {
    envelope.payload = Buffer.from(JSON.stringify({ ...status, seq: 9 })).toString('base64');
  }),
);
test(
  'another key beside the signature',
  refused,
  reseal((envelope) => {
    const other = JSON.parse(signStatus(status, createNodeKey())).signatures[0];
    for (const signature of envelope.signatures) signature.publicKey = other.publicKey;
  }),
);
test('not JSON', refused, () => 'hello');
test('no envelope', refused, () => '{"payload":1}');
