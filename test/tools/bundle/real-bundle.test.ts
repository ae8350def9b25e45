import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { referenceFile, testWith } from '#test/support/reference.ts';
import { $ } from '#test/support/shell.ts';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { render } from '#tools/bundle/render.ts';
import { settingsOf } from './bundle-fixture.ts';

const KEY = 'ab'.repeat(32);
const CAPTURED = 'captures/e2e/kubearmor_1.0.0.service.json';

const rendered = async () => render(await loadBundle('.', settingsOf()), KEY);
const deploymentOf = async (id: string) =>
  JSON.parse((await rendered()).services.find((service) => service.id === id)?.body.deployment ?? '').services;

test('the project’s own bundle loads, and nothing in it is odd but unlocked images', async (t) => {
  const { warnings } = await loadBundle('.', settingsOf());
  t.deepEqual(
    warnings.filter(({ message }) => !message.includes('is not locked')),
    [],
  );
});

test('it brings KubeArmor, the agent alone, and Home Assistant, for both architectures', async (t) => {
  const { services, deploymentPolicies, nodePolicies, patterns } = await rendered();
  t.deepEqual(
    services.map(({ id }) => id),
    [
      ...['homeassistant', 'kubearmor', 'security-agent'].flatMap((name) => [
        `${name}_1.0.0_amd64`,
        `${name}_1.0.0_arm64`,
      ]),
    ],
  );
  t.deepEqual(
    [deploymentPolicies, nodePolicies, patterns].map((list) => list.map(({ id }) => id)),
    [['homeassistant', 'kubearmor', 'security-agent'], ['edge-device'], ['all-in-one']],
  );
});

test('KubeArmor alone is privileged; the agent has no root, no Docker socket and only what it reads', async (t) => {
  const { kubearmor, 'security-agent': agent, 'docker-proxy': proxy } = await deploymentOf('kubearmor_1.0.0_amd64');
  t.deepEqual([kubearmor.privileged, kubearmor.pid], [true, 'host']);
  t.is(kubearmor.ports, undefined);
  for (const container of [agent, proxy]) {
    t.deepEqual(
      [container.privileged, container.pid, container.network, container.cap_add],
      [undefined, undefined, undefined, undefined],
    );
    t.deepEqual(container.security_opt, ['no-new-privileges:true']);
  }
  t.true(Number(agent.user.split(':')[0]) > 60_000 && Number(agent.user.split(':')[1]) > 60_000);
  t.deepEqual(
    agent.binds.filter((bind: string) => bind.startsWith('/')).filter((bind: string) => !bind.endsWith(':ro')),
    [],
  );
  t.false(agent.binds.some((bind: string) => bind.startsWith('/run') || bind.startsWith('/var/run')));
  t.deepEqual(proxy.binds, ['/run:/host/run:ro']);
  t.deepEqual(agent.ports, [{ HostIP: '127.0.0.1', HostPort: '8787:8787/tcp' }]);
  t.true(agent.environment.includes(`ARMOR_TRUSTED_KEYS=${KEY}`));
});

testWith(CAPTURED)(
  'KubeArmor starts with the flags, mounts and privileges that it started with under a real agent',
  async (t) => {
    const { image: _, ...real } = JSON.parse(readFileSync(referenceFile(CAPTURED), 'utf8')).deployment.services
      .kubearmor;
    const { image, ...ours } = (await deploymentOf('kubearmor_1.0.0_amd64')).kubearmor;
    t.deepEqual(ours, real);
    t.regex(image, /^kubearmor\/kubearmor[:@]/);
  },
);

const proxyAllows = test.macro(async (t, method: string, path: string, allowed: boolean) => {
  const { 'docker-proxy': proxy } = await deploymentOf('kubearmor_1.0.0_amd64');
  const prefix = `-allow${method}=`;
  const pattern = proxy.command.find((flag: string) => flag.startsWith(prefix))?.slice(prefix.length);
  // The proxy anchors the expression at both ends and looks at the path alone.
  t.is(pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(path), allowed);
});

const ID = '0123456789ab'.repeat(5).concat('0123');
for (const [method, path, allowed] of [
  ['GET', '/version', true],
  ['GET', '/v1.41/info', true],
  ['GET', '/v1.43/events', true],
  ['GET', '/containers/json', true],
  ['GET', `/v1.41/containers/${ID}/stats`, true],
  ['POST', `/containers/${ID}/restart`, true],
  ['GET', `/containers/${ID}/json`, false],
  ['GET', `/containers/${ID}/logs`, false],
  ['GET', `/containers/${ID}/archive`, false],
  ['GET', '/images/json', false],
  ['GET', '/containers/../images/json', false],
  ['GET', '/v1.41/containers/json/../../secrets', false],
  ['POST', '/containers/create', false],
  ['POST', `/containers/${ID}/exec`, false],
  ['POST', `/containers/${ID}/kill`, false],
  ['POST', '/containers/web/restart', false],
  ['POST', `/containers/${ID}/restart/../exec`, false],
  ['DELETE', `/containers/${ID}`, false],
  ['PUT', `/containers/${ID}/archive`, false],
] as const) {
  test(
    `the Docker proxy ${allowed ? 'lets' : 'does not let'} the agent ${method} ${path}`,
    proxyAllows,
    method,
    path,
    allowed,
  );
}

test('Home Assistant is protected by what the catalogue and its own policy say', async (t) => {
  const { objects } = await rendered();
  const { content } = objects.find(({ objectId }) => objectId.startsWith('deployment.homeassistant')) ?? t.fail();
  t.deepEqual(
    content.policies.map(({ metadata }) => metadata.name),
    ['root-certificates', 'file-integrity', 'homeassistant-least-privilege'],
  );
  t.like(content.target, { service: 'homeassistant', container: 'homeassistant' });
});

test('a node’s default gives way to the deployment’s policy of the same name', async (t) => {
  const { objects } = await rendered();
  const names = (prefix: string) =>
    objects
      .find(({ objectId }) => objectId.startsWith(prefix))
      ?.content.policies.map(({ metadata }) => metadata.name) ?? [];
  t.true(names('node.edge-device').filter((name) => names('deployment.homeassistant').includes(name)).length >= 2);
});

test('each deployment policy finds its node by the properties that edge-device offers', async (t) => {
  const { deploymentPolicies, nodePolicies } = await rendered();
  t.deepEqual(Object.fromEntries(deploymentPolicies.map(({ id, body }) => [id, body.constraints])), {
    homeassistant: ['purpose == automation'],
    kubearmor: ['armor.kubearmor == container'],
    'security-agent': ['armor.kubearmor == native'],
  });
  t.deepEqual(nodePolicies[0]?.body.properties, [
    { name: 'openhorizon.allowPrivileged', value: true },
    { name: 'purpose', value: 'automation' },
    { name: 'armor.kubearmor', value: 'container' },
    { name: 'armor.profile', value: 'edge-device' },
  ]);
});

test('every source names the schema that editors check it with', async (t) => {
  const folders = [
    'horizon-armor.yaml',
    'images.lock.yaml',
    'services',
    'patterns',
    'deployment-policies',
    'node-policies',
  ];
  const { stdout } = await $`git ls-files -- ${folders}`;
  const sources = stdout.split('\n').filter((file) => file.endsWith('.yaml'));
  t.true(sources.length >= 16);
  for (const file of sources) {
    const schema = /^# yaml-language-server: \$schema=(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 'none';
    t.true(existsSync(join(file, '..', schema)), `${file} names ${schema}`);
  }
});
