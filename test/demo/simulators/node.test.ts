/** What a simulated node runs, and what becomes of it (reference/anax.md §5; captures/hub/agent-containers.json). */
import test from 'ava';
import type { ContainerEvent } from '#demo/simulators/node/container-engine.ts';
import {
  ADMIN,
  askEss,
  deploymentPolicy,
  destinationPolicy,
  idsIn,
  type Lab,
  loginFrom,
  nodePolicy,
  service,
  startLab,
} from './lab.ts';

const LIST = '/api/v1/objects/security-policy?received=true';

async function guarded(t: { teardown(undo: () => Promise<void>): void }): Promise<Lab> {
  const lab = await startLab();
  t.teardown(() => lab.close());
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard', 'helper']));
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  return lab;
}

test('containers carry the names, labels, binds and environment that an agent gives them', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.round();
  const id = node.agreements[0]?.id ?? '';
  const [guard, helper] = node.containers;
  t.deepEqual([guard?.name, helper?.name], [`${id}-guard`, `${id}-helper`]);
  t.like(guard?.labels, {
    'openhorizon.anax.agreement_id': id,
    'openhorizon.anax.service_name': 'guard',
    'openhorizon.anax.variation': '',
  });
  t.regex(guard?.labels['openhorizon.anax.deployment_description_hash'] ?? '', /^[\w-]{43}=$/);
  const socketFolder = node.ess.socketPath.replace(/\/essapi\.sock$/, '');
  t.deepEqual(guard?.binds, [
    `${id}:/service_config:rw`,
    `${socketFolder}:${socketFolder}`,
    `${node.agreements[0]?.authFolder}:/ess-auth:ro`,
    `${node.ess.certFolder}:/ess-cert:ro`,
  ]);
  const names = (guard?.env ?? []).map((entry) => entry.slice(0, entry.indexOf('=')));
  t.deepEqual(names.sort(), [
    'HZN_AGREEMENTID',
    'HZN_ARCH',
    'HZN_CPUS',
    'HZN_DEVICE_ID',
    'HZN_ESS_API_ADDRESS',
    'HZN_ESS_API_PORT',
    'HZN_ESS_API_PROTOCOL',
    'HZN_ESS_AUTH',
    'HZN_ESS_CERT',
    'HZN_EXCHANGE_URL',
    'HZN_HARDWAREID',
    'HZN_HOST_IPS',
    'HZN_NODE_ID',
    'HZN_ORGANIZATION',
    'HZN_PATTERN',
    'HZN_PRIVILEGED',
    'HZN_RAM',
    'ROLE',
  ]);
});

test('the Exchange knows the node, its policy with what only the agent knows, and its agreements', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1', { arch: 'amd64' });
  await lab.round();
  const read = async (path: string) => JSON.parse((await lab.hub.askExchange({ path, auth: ADMIN })).body);
  const policy: { properties: { name: string; value: unknown }[] } = await read('/orgs/acme/nodes/n1/policy');
  t.like(Object.fromEntries(policy.properties.map(({ name, value }) => [name, value])), {
    purpose: 'lab',
    'openhorizon.arch': 'amd64',
    'openhorizon.allowPrivileged': false,
  });
  t.deepEqual(Object.keys((await read('/orgs/acme/nodes/n1/agreements')).agreements), [node.agreements[0]?.id]);
  await node.unregister();
  t.is((await lab.hub.askExchange({ path: '/orgs/acme/nodes/n1', auth: ADMIN })).status, 404);
  t.deepEqual([node.containers, node.agreements], [[], []]);
});

test('a service reads objects with the credential of its agreement, and a new agreement brings a new one', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.publish('o1', { destinationPolicy: destinationPolicy('lab.guard') }, 'one');
  await lab.round();
  const first = await loginFrom(node.agreements[0]?.authFolder ?? '');
  t.deepEqual(idsIn(await askEss(node.ess, { auth: first, path: LIST })), ['o1']);
  await node.cancel(node.agreements[0]?.id ?? '');
  await lab.round();
  const second = await loginFrom(node.agreements[0]?.authFolder ?? '');
  t.deepEqual(idsIn(await askEss(node.ess, { auth: second, path: LIST })), ['o1']);
  t.is((await askEss(node.ess, { auth: first, path: LIST })).status, 403);
});

test("the node's input wins over the policy's, the policy's over defaults, and a change of it starts anew", async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  const inputs = ['A', 'B', 'C'].map((name) => ({ name, label: '', type: 'string', defaultValue: 'default' }));
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard'], { userInput: inputs }));
  const input = (values: Record<string, unknown>) => [
    {
      serviceOrgid: 'acme',
      serviceUrl: 'lab.guard',
      inputs: Object.entries(values).map(([name, value]) => ({ name, value })),
    },
  ];
  const policy = deploymentPolicy('lab.guard', { userInput: input({ A: 'policy', B: 'policy' }) });
  await lab.put('POST', '/orgs/acme/business/policies/guard', policy);
  const node = await lab.addNode('n1', { userInput: input({ A: 'node' }) });
  await lab.round();
  const env = () => (node.containers[0]?.env ?? []).filter((entry) => /^[ABC]=/.test(entry)).sort();
  t.deepEqual(env(), ['A=node', 'B=policy', 'C=default']);
  const [before] = node.agreements;
  await node.setUserInput(input({ A: ['x', 'y'], C: 1.5 }));
  t.deepEqual(node.agreements, []);
  await lab.round();
  t.not(node.agreements[0]?.id, before?.id);
  t.deepEqual(env(), ['A=x y', 'B=policy', 'C=1.500000']);
});

test('a required service runs once for all who share it, and ends with the last of them', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  await lab.put('POST', '/orgs/acme/services', service('lab.db', ['db'], { sharable: 'singleton' }));
  const requiredServices = [{ url: 'lab.db', org: 'acme', arch: 'amd64', versionRange: '[1.0.0,INFINITY)' }];
  for (const name of ['lab.a', 'lab.b']) {
    await lab.put('POST', '/orgs/acme/services', service(name, [name.slice(4)], { requiredServices }));
    await lab.put('POST', `/orgs/acme/business/policies/${name}`, deploymentPolicy(name));
  }
  const node = await lab.addNode('n1');
  await lab.round();
  const running = () => node.containers.map(({ serviceContainer }) => serviceContainer);
  t.deepEqual(running(), ['db', 'a', 'b'], 'before the service that needs it');
  const db = node.containers[0];
  t.regex(db?.name ?? '', /^acme_lab\.db_1\.0\.0_[0-9a-f-]{36}-db$/);
  t.is(db?.labels['openhorizon.anax.infrastructure'], '');
  t.false(db?.env.some((entry) => entry.startsWith('HZN_AGREEMENTID=')));
  for (const name of ['lab.a', 'lab.b']) {
    await lab.hub.askExchange({ method: 'DELETE', path: `/orgs/acme/business/policies/${name}`, auth: ADMIN });
    await lab.round();
    t.is(running().includes('db'), name === 'lab.a');
  }
});

test("a crash keeps the id and counts, a restart by hand counts anew; both are told in Docker's order", async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  const events: ContainerEvent[] = [];
  const stop = node.subscribe((event) => events.push(event));
  await lab.round();
  const told = () => events.splice(0).map(({ action, container }) => `${action} ${container.serviceContainer}`);
  t.deepEqual(told(), ['create guard', 'start guard', 'create helper', 'start helper']);
  const id = node.containers[0]?.id ?? '';
  const guard = () => node.containers.find((container) => container.id === id);
  node.crash(id);
  t.like(guard(), { state: 'running', restartCount: 1, incarnation: 2 });
  t.deepEqual(
    events.map(({ action, exitCode }) => [action, exitCode]),
    [
      ['die', 137],
      ['start', undefined],
    ],
  );
  told();
  node.crash(id, { exitCode: 1, stayDown: true });
  t.is(guard()?.state, 'restarting');
  node.recover(id);
  t.like(guard(), { state: 'running', restartCount: 2, incarnation: 3 });
  told();
  node.restart(id);
  t.deepEqual(told(), ['kill guard', 'die guard', 'stop guard', 'start guard', 'restart guard']);
  t.like(guard(), { restartCount: 0, incarnation: 4 });
  stop();
  node.crash(id);
  t.deepEqual(told(), []);
});

test('an agent that finds a container restarting makes all of the service anew (§0)', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.round();
  const before = node.containers.map(({ id }) => id);
  await node.checkContainers();
  t.deepEqual(
    node.containers.map(({ id }) => id),
    before,
  );
  node.crash(before[0] ?? '', { stayDown: true });
  await node.checkContainers();
  t.deepEqual(node.containers, []);
  await lab.round();
  t.is(node.containers.length, 2);
  t.false(node.containers.some(({ id }) => before.includes(id)));
});

test('cut off from the hub, a node goes on with what it has', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.publish('o1', { version: '1', destinationPolicy: destinationPolicy('lab.guard') }, 'one');
  await lab.round();
  node.disconnect();
  await lab.publish('o1', { version: '2', destinationPolicy: destinationPolicy('lab.guard') }, 'two');
  await lab.hub.askExchange({ method: 'DELETE', path: '/orgs/acme/business/policies/guard', auth: ADMIN });
  t.false(await node.tick());
  await lab.round();
  t.is(node.agreements.length, 1);
  const auth = await loginFrom(node.agreements[0]?.authFolder ?? '');
  const data = { auth, path: '/api/v1/objects/security-policy/o1/data' };
  t.is((await askEss(node.ess, data)).body, 'one');
  node.reconnect();
  await lab.round();
  t.deepEqual(node.agreements, []);
  t.is((await askEss(node.ess, data)).body, 'two', 'the login lasts a while, and the object has come');
});

test('a hub that is gone is a round that reached nobody', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.round();
  await lab.hub.css.close();
  t.false(await node.tick());
  t.is(node.containers.length, 2);
});

test('an agent that stops leaves its containers', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.round();
  await node.stopAgent();
  t.is(node.containers.length, 2);
  t.false(await node.tick());
  const auth = await loginFrom(node.agreements[0]?.authFolder ?? '');
  t.like(await t.throwsAsync(() => askEss(node.ess, { auth, path: LIST })), { code: 'ECONNREFUSED' });
  await node.startAgent();
  t.true(await node.tick());
  t.is((await askEss(node.ess, { auth, path: '/api/v1/health' })).status, 200, 'with the same login');
});

test('left to themselves, agbot and node agree, and others can wait for it', async (t) => {
  const lab = await startLab({ agbotTickMs: 5 });
  t.teardown(() => lab.close());
  const node = await lab.addNode('n1', { tickMs: 5 });
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard']));
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  await lab.publish('o1', { destinationPolicy: destinationPolicy('lab.guard') }, 'one');
  const key = { org: 'acme', type: 'security-policy', id: 'o1' };
  const object = await node.until('the object is there', () => node.ess.object(key));
  t.is(object.meta.objectID, 'o1');
  await t.throwsAsync(() => node.until('the impossible', () => false, 30), {
    message: 'the impossible: not within 30 ms',
  });
});

test('a node that is there already registers itself again', async (t) => {
  const lab = await startLab({
    state: {
      password: 'pw',
      orgs: ['acme'],
      users: [
        { id: 'root/root', root: true },
        { id: 'acme/admin', admin: true },
      ],
      nodes: [{ id: 'acme/node1', token: 'node-token', arch: 'amd64' }],
    },
  });
  t.teardown(() => lab.close());
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard']));
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  const { hub } = lab;
  const { startNode } = await import('#demo/simulators/node/start-node.ts');
  const { mkdtemp, rm } = await import('node:fs/promises');
  const dir = await mkdtemp('/tmp/node-');
  t.teardown(() => rm(dir, { recursive: true }));
  const node = await startNode({
    hub,
    org: 'acme',
    id: 'node1',
    token: 'node-token',
    policy: nodePolicy({ purpose: 'lab' }),
    dir,
  });
  t.teardown(() => node.close());
  await hub.agbot.tick();
  await node.tick();
  t.is(node.agreements.length, 1);
  t.is(hub.agbot.agreements[0]?.consumer, 'root/root', 'without an agbot in the state, root does its work');
});
