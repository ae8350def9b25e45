import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { SecurityStatus, WorkloadStatus } from '#agent/report/security-status.ts';
import { createNodeKey, signStatus } from '#agent/report/signed-status.ts';
import { fleetStatus, type StatusObject } from '#tools/fleet/fleet-status.ts';
import { readKnownNodes, writeKnownNodes } from '#tools/fleet/known-nodes.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const options = { org: 'acme', nowMs: NOW };
const key = createNodeKey();

const workload = (protection: WorkloadStatus['protection'], running = true): WorkloadStatus => ({
  container: 'web',
  containerName: 'agreement-web',
  image: 'web:1',
  running,
  protection,
  reasons: protection === 'unprotected' ? ['crashed-and-restarted'] : [],
  since: '2026-11-24T11:00:00.000Z',
  exposedSeconds: 0,
  crashes: 0,
  policies: ['certs'],
});

const status = (
  node: string,
  minutesAgo: number,
  workloads: readonly WorkloadStatus[] = [workload('enforced')],
): SecurityStatus => ({
  format: 1,
  node,
  seq: 1,
  at: new Date(NOW - minutesAgo * 60_000).toISOString(),
  agentVersion: '1.0.0',
  kubearmor: { reachable: true, version: '', enforcer: 'BPFLSM', since: '2026-11-24T11:00:00.000Z' },
  docker: 'up',
  workloads,
  attachments: [
    {
      id: 'deployment.web.0',
      seq: 7,
      layer: 'deployment',
      state: 'in-force',
      since: '2026-11-24T11:00:00.000Z',
      keyId: 'a',
    },
  ],
  rejected: [],
  counts: { blocked: 0, audited: 0, throttled: 0, dropped: 0 },
});

const object = (id: string, content: SecurityStatus, { by = key, user = false } = {}): StatusObject => ({
  objectId: id,
  putByNode: user ? undefined : `acme/${id}`,
  data: signStatus(content, by),
});

test('a first report is believed, its key remembered, and its age told', (t) => {
  const { nodes, known, totals, attachments } = fleetStatus(
    [object('n1', status('acme/n1', 2))],
    ['acme/n1'],
    new Map(),
    options,
  );
  t.like(nodes[0], { node: 'acme/n1', standing: 'current', firstSight: true, ageSeconds: 120 });
  t.is(known.get('acme/n1')?.key, nodes[0]?.keyId);
  t.like(totals, { nodes: 1, silent: 0, workloads: 1, enforced: 1, unprotected: 0 });
  t.deepEqual(
    attachments[0]?.nodes.map(({ node, state, seq }) => [node, state, seq]),
    [['acme/n1', 'in-force', 7]],
  );
});

test('a node that has not reported for long is silent, and its workloads count as unprotected', (t) => {
  const { nodes, totals } = fleetStatus([object('n1', status('acme/n1', 60))], [], new Map(), options);
  t.is(nodes[0]?.standing, 'silent');
  t.like(totals, { silent: 1, enforced: 0, unprotected: 1 });
});

test('a registered node that never reported is listed', (t) => {
  t.is(fleetStatus([], ['acme/n2'], new Map(), options).nodes[0]?.standing, 'never-reported');
});

test('another key than the known one is not believed, and does not replace it', (t) => {
  const first = fleetStatus([object('n1', status('acme/n1', 2))], [], new Map(), options);
  const second = fleetStatus([object('n1', status('acme/n1', 1), { by: createNodeKey() })], [], first.known, options);
  t.is(second.nodes[0]?.standing, 'key-changed');
  t.is(second.nodes[0]?.status, undefined);
  t.deepEqual(second.known, first.known);
  t.like(second.totals, { silent: 1, workloads: 0 });
});

test('a report of another node, one that a user put there, and rubbish are shown as what they are', (t) => {
  const objects = [
    object('n1', status('acme/n9', 1)),
    object('n2', status('acme/n2', 1), { user: true }),
    { ...object('n5', status('acme/n5', 1)), putByNode: 'acme/n1' },
    { objectId: 'n3', putByNode: 'acme/n3', data: 'rubbish' },
    { objectId: 'n4', putByNode: 'acme/n4', data: undefined },
  ];
  const { nodes, known } = fleetStatus(objects, [], new Map(), options);
  t.deepEqual(
    nodes.map(({ standing }) => standing),
    ['foreign-object', 'foreign-object', 'unverified', 'unverified', 'foreign-object'],
  );
  t.is(known.size, 0);
});

test('stopped workloads are not counted, and reasons are', (t) => {
  const workloads = [workload('unprotected'), workload('audit-only'), workload('unprotected', false)];
  const { totals } = fleetStatus([object('n1', status('acme/n1', 1, workloads))], [], new Map(), options);
  t.like(totals, { workloads: 2, auditOnly: 1, unprotected: 1, reasons: { 'crashed-and-restarted': 1 } });
});

test('the file of known nodes survives a round trip, sorted, and a wrong one is refused', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'armor-fleet-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'nodes.yaml');
  t.is((await readKnownNodes(file)).size, 0);
  const entry = { key: 'a'.repeat(64), firstSeen: '2026-11-24T12:00:00.000Z' };
  await writeKnownNodes(
    file,
    new Map([
      ['acme/b', entry],
      ['acme/a', entry],
    ]),
  );
  t.deepEqual([...(await readKnownNodes(file)).keys()], ['acme/a', 'acme/b']);
  t.regex(await readFile(file, 'utf8'), /^# Keys with which nodes sign/);
  await writeKnownNodes(file, new Map([['acme/a', { ...entry, key: 'short' }]]));
  await t.throwsAsync(readKnownNodes(file), { name: 'ArmorError', message: /acme\/a needs key/ });
});
