import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Finding } from '#agent/events/agent-event.ts';
import { dockerExec, hostProgram } from '#demo/simulators/kubearmor/docker-exec.ts';
import { waitUntil } from '#demo/wait-until.ts';
import type { CatalogueEntry, ComplianceId } from '#policy/payload.ts';
import {
  type KubeArmorHostPolicy,
  type KubeArmorPolicy,
  SERVICE_NAME_LABEL,
  type SecurityPolicy,
} from '#policy/types.ts';
import { payload } from './payloads.ts';
import { nameOf, startWorld, type World } from './world.ts';

const credentials: ComplianceId = {
  framework: 'MITRE ATT&CK',
  version: '17',
  id: 'T1003.008',
  title: 'OS Credential Dumping: /etc/passwd and /etc/shadow',
  source: 'https://attack.mitre.org/techniques/T1003/008/',
};

function policy(name: string, spec: Omit<KubeArmorPolicy['spec'], 'selector'>): KubeArmorPolicy {
  return { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: { name }, spec };
}

const secrets = policy('secrets', {
  severity: 7,
  message: 'secrets are nobody’s business',
  tags: ['credentials'],
  file: { matchPaths: [{ path: '/etc/shadow' }] },
  action: 'Block',
});
const watched = policy('watched', { file: { matchDirectories: [{ dir: '/srv/', recursive: true }] }, action: 'Audit' });
const tools = policy('tools', { process: { matchPaths: [{ path: '/bin/cat' }] }, action: 'Allow' });

/** What is attached to web, with the compliance of each policy. */
async function attach(world: World, ...policies: SecurityPolicy[]): Promise<void> {
  const catalogue = policies.map(
    ({ metadata }): CatalogueEntry => ({
      policy: metadata.name,
      template: `template-of-${metadata.name}`,
      summary: '',
      compliance: [credentials],
    }),
  );
  await world.publish('web', { policies: payload(world.publisher, 'web', { policies }).policies, catalogue });
  await world.agent().pollNow();
  await waitUntil('the policies to be applied', () =>
    world
      .agent()
      .view.policies()
      .every(({ state }) => state === 'applied'),
  );
}

/** Findings about a path, once nothing more of it can come: halves wait a second for each other. */
async function about(world: World, target: string): Promise<Finding[]> {
  const found = (): Finding[] => world.findings().filter((finding) => finding.target === target);
  await waitUntil(`a finding about ${target}`, () => found().length > 0);
  world.clock.pass(5000);
  await nothingMore();
  return found();
}

/** Two flushes of the pipeline; that something does not come can only be waited for. */
const nothingMore = (): Promise<void> => sleep(600);

const open = (world: World, path: string): string =>
  dockerExec(world.machine, nameOf('web'), ['/bin/cat', path]).program?.open(path) ?? 'not started';

test.serial(
  'the first container of a label policy: two logs without a policy are one finding with everything (captures: x02)',
  async (t) => {
    const world = await startWorld(t);
    await attach(world, secrets);
    world.run('web');
    await world.becomes('web', 'enforced');
    t.is(open(world, '/etc/shadow'), 'Permission denied');
    const findings = await about(world, '/etc/shadow');
    t.is(findings.length, 1);
    t.like(findings[0], {
      outcome: 'blocked',
      attributedBy: 'agent',
      merged: 2,
      policy: 'secrets',
      layer: 'deployment',
      template: 'template-of-secrets',
      severity: 7,
      message: 'secrets are nobody’s business',
      tags: ['credentials'],
      workload: { container: 'web', service: 'web', org: 'acme', arch: 'amd64' },
      executable: '/bin/cat',
    });
    t.deepEqual(findings[0]?.compliance, [credentials]);
  },
);

test.serial(
  'as many denials as happen, so many findings; later containers are attributed by KubeArmor, and merged as well',
  async (t) => {
    const world = await startWorld(t);
    await attach(world, secrets);
    world.run('web');
    await world.becomes('web', 'enforced');
    for (let time = 0; time < 5; time++) open(world, '/etc/shadow');
    t.is((await about(world, '/etc/shadow')).length, 5);
    world.events.length = 0;
    // After a restart of KubeArmor the container has an endpoint of its own (§3.3).
    await world.startKubeArmor();
    await waitUntil('the new session', () => world.notices('stream-gap').length > 0);
    await world.becomes('web', 'enforced');
    open(world, '/etc/shadow');
    const [finding, ...more] = await about(world, '/etc/shadow');
    t.deepEqual(more, []);
    t.like(finding, { attributedBy: 'kubearmor', merged: 2, policy: 'secrets', layer: 'deployment', severity: 7 });
    t.deepEqual(finding?.compliance, [credentials]);
  },
);

test.serial(
  'a file that is there is overwritten: refused once, although two hooks refuse it, and told once',
  async (t) => {
    const world = await startWorld(t);
    const trusted = policy('trusted', { file: { matchDirectories: [{ dir: '/etc/ssl/', recursive: true }] } });
    await attach(world, trusted);
    const path = '/etc/ssl/ca.pem';
    world.machine.run({ name: nameOf('web'), labels: { [SERVICE_NAME_LABEL]: 'web' }, files: { present: [path] } });
    await world.becomes('web', 'enforced');
    const program = dockerExec(world.machine, nameOf('web'), ['/bin/sh']).program;
    t.is(program?.open(path, 'O_WRONLY|O_CREAT|O_TRUNC'), 'Permission denied');
    const findings = await about(world, path);
    t.deepEqual(
      findings.map(({ merged }) => merged),
      [3],
    );
  },
);

test.serial(
  'an audit rule of an unattributed container is plain telemetry to KubeArmor, and a finding to the agent',
  async (t) => {
    const world = await startWorld(t);
    await attach(world, watched);
    world.run('web');
    await world.becomes('web', 'audit-only');
    t.is(open(world, '/srv/data'), 'Passed');
    const findings = await about(world, '/srv/data');
    t.is(findings.length, 1);
    t.like(findings[0], { outcome: 'audited', attributedBy: 'agent', policy: 'watched', layer: 'deployment' });
  },
);

for (const posture of ['audit', 'block'] as const) {
  for (const attributedBy of ['kubearmor', 'agent'] as const) {
    test.serial(
      `what no Allow rule names under posture ${posture} is a finding of DefaultPosture, as ${attributedBy} says`,
      async (t) => {
        const world = await startWorld(t, { kubearmor: { postures: { file: posture } } });
        // KubeArmor attributes nothing of the first container that an earlier policy selects (§3.3).
        if (attributedBy === 'kubearmor') world.run('web');
        await attach(world, tools);
        if (attributedBy === 'agent') world.run('web');
        await world.becomes('web', 'enforced');
        const { outcome } = dockerExec(world.machine, nameOf('web'), ['/bin/ls', '/']);
        t.is(outcome === 'Passed', posture === 'audit');
        await waitUntil('the finding', () => world.findings().some(({ target }) => target.startsWith('/bin/ls')));
        world.clock.pass(5000);
        await nothingMore();
        const findings = world.findings().filter(({ target }) => target.startsWith('/bin/ls'));
        t.is(findings.length, 1);
        t.like(findings[0], {
          policy: 'DefaultPosture',
          outcome: posture === 'audit' ? 'audited' : 'blocked',
          attributedBy,
          merged: 2,
        });
      },
    );
  }
}

test.serial('what a host policy blocks is a finding of the host, with the node’s layer', async (t) => {
  const world = await startWorld(t);
  const host: KubeArmorHostPolicy = {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorHostPolicy',
    metadata: { name: 'host-secrets' },
    spec: { file: { matchPaths: [{ path: '/etc/shadow' }] }, severity: 9, action: 'Block' },
  };
  await world.publish('edge', payload(world.publisher, 'edge', { layer: 'node', policies: [host] }));
  await world.agent().pollNow();
  await waitUntil('the policy', () => world.agent().view.policies()[0]?.state === 'applied');
  t.is(hostProgram(world.machine, '/usr/bin/cat').open('/etc/shadow'), 'Permission denied');
  const findings = await about(world, '/etc/shadow');
  t.is(findings.length, 1);
  t.like(findings[0], { outcome: 'blocked', policy: 'host-secrets', layer: 'node', severity: 9 });
  t.is(findings[0]?.workload, undefined);
  t.is(findings[0]?.containerName, undefined);
});
