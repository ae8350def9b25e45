import test from 'ava';
import type { SecurityPolicy } from '#policy/types.ts';
import { listen, simulate, until } from './listening.ts';

const LABEL = { 'openhorizon.anax.service_name': 'web' };
const policy = (name: string, labels: Readonly<Record<string, string>> = LABEL): SecurityPolicy => ({
  apiVersion: 'security.kubearmor.com/v1',
  kind: 'KubeArmorPolicy',
  metadata: { name },
  spec: { selector: { matchLabels: labels }, file: { matchPaths: [{ path: '/data/secret' }] }, action: 'Block' },
});
const hostPolicy = (name: string): SecurityPolicy => ({
  apiVersion: 'security.kubearmor.com/v1',
  kind: 'KubeArmorHostPolicy',
  metadata: { name },
  spec: {
    nodeSelector: { matchLabels: { 'kubearmor.io/hostname': 'edge-1' } },
    process: { matchPaths: [{ path: '/usr/bin/less' }] },
    action: 'Block',
  },
});

test('adds, replaces and removes; the answers are typed, and NotExist is one of them', async (t) => {
  const simulator = await simulate(t);
  const { client, ups } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  const { policies } = client;
  t.is(await policies.add(policy('p')), 'Applied');
  t.is(await policies.add(policy('p')), 'Applied');
  t.is(await policies.add(hostPolicy('h')), 'Applied');
  t.is(await policies.add({ ...hostPolicy('h'), metadata: { name: 'h' } }), 'Applied');
  t.is(await policies.remove(policy('p', { other: 'selector' })), 'NotExist');
  t.is(await policies.add(policy('nothing', {})), 'Invalid');
  t.is(await policies.remove(hostPolicy('h')), 'Deleted');
  t.deepEqual(
    simulator.calls.map(({ method, request }) => `${method} ${JSON.parse(request).type}`),
    [
      ...Array(2).fill('containerPolicy ADDED'),
      ...Array(2).fill('hostPolicy ADDED'),
      'containerPolicy DELETED',
      'containerPolicy ADDED',
      'hostPolicy DELETED',
    ],
  );
  t.deepEqual(
    JSON.parse(simulator.calls[4]?.request ?? '').object,
    policy('p', { other: 'selector' }),
    'the full object',
  );
});

test('calls are made one at a time, in the order they were asked for', async (t) => {
  const simulator = await simulate(t);
  const { client, ups } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
  const answered: string[] = [];
  await Promise.all(names.map((name) => client.policies.add(policy(name)).then(() => answered.push(name))));
  t.deepEqual(answered, names);
  t.deepEqual(
    simulator.calls.map(({ request }) => JSON.parse(request).object.metadata.name),
    names,
  );
});

test('probe tells which policies are held, by whom, and which containers are known', async (t) => {
  const simulator = await simulate(t);
  const { client, ups } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  simulator.machine.run({ name: 'web', labels: LABEL });
  simulator.machine.run({ name: 'web-two', labels: { ...LABEL, other: '1' } });
  await simulator.settled();
  await client.policies.add(policy('p'));
  await client.policies.add(hostPolicy('h'));
  const { containers, policies } = await client.probe();
  t.deepEqual(containers, ['web', 'web-two']);
  t.deepEqual(
    policies.map(({ name, kind, endpoints }) => ({ name, kind, endpoints })),
    [
      { name: 'p', kind: 'KubeArmorPolicy', endpoints: ['web'] },
      { name: 'h', kind: 'KubeArmorHostPolicy', endpoints: ['edge-1'] },
    ],
    'web-two joined the endpoint of web, whose name it extends',
  );
  t.like(policies[0]?.spec, { action: 'Block', file: { matchPaths: [{ path: '/data/secret', action: 'Block' }] } });
});

test('without a session a call fails at once, with what to do', async (t) => {
  const { client } = listen(t, '127.0.0.1:1');
  const error = await t.throwsAsync(client.policies.add(policy('p')), { code: 'KUBEARMOR_UNAVAILABLE' });
  t.regex(String(error), /not connected/);
  await t.throwsAsync(client.probe(), { code: 'KUBEARMOR_UNAVAILABLE' });
});

test('a call under way when KubeArmor dies fails, and so do those behind it', async (t) => {
  const simulator = await simulate(t);
  const { client, ups, downs } = listen(t, simulator.address);
  await until(() => ups.length === 1);
  const calls = Array.from({ length: 5 }, (_, index) => client.policies.add(policy(`p${index}`)));
  const outcomes = Promise.allSettled(calls);
  simulator.kill();
  const failed = (await outcomes).filter(({ status }) => status === 'rejected');
  t.true(failed.length > 0);
  for (const each of failed) if (each.status === 'rejected') t.is(each.reason.code, 'KUBEARMOR_UNAVAILABLE');
  await until(() => downs.length === 1);
});
