import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startNode } from '#demo/simulators/node/start-node.ts';
import { SMALL_BUNDLE } from '../bundle/bundle-fixture.ts';
import {
  otherHome,
  PASSWORD,
  type Publisher,
  type PublisherOptions,
  publisher,
  publishes,
} from '../hub/hub-fixture.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

const asAdmin = `acme/admin:${PASSWORD}`;
const ADD: readonly string[] = ['policy', 'add', 'lock', '--service', 'web', '--use', 'no-write'];
const UPDATE: readonly string[] = ['policy', 'update', 'lock', '--service', 'web', '--use', 'no-write'];

/** A hub with the small bundle on it. */
async function published(t: ExecutionContext, options: PublisherOptions = {}): Promise<Publisher> {
  const p = await publisher(t, options);
  await publishes(t, p);
  p.meet();
  p.seen();
  return p;
}

async function ok(t: ExecutionContext, p: Publisher, ...args: readonly string[]) {
  const ran = await p.run(args);
  t.is(ran.status, 0, ran.stdout + ran.stderr);
  return ran;
}

async function json<T>(t: ExecutionContext, p: Publisher, ...args: readonly string[]): Promise<T> {
  return JSON.parse((await ok(t, p, ...args, '--json')).stdout);
}

interface Details {
  readonly id: string;
  readonly state: string;
  readonly trust: string;
  readonly seq: number;
  readonly policies: readonly string[];
  readonly objects: readonly string[];
  readonly nodes: number;
  readonly delivered: number;
  readonly waiting: readonly string[];
  readonly payload: {
    readonly layer: string;
    readonly inherit: boolean;
    readonly target: unknown;
    readonly policies: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly action: string };
    }[];
    readonly catalogue: readonly { readonly template: string }[];
  };
}

const show = (t: ExecutionContext, p: Publisher, name = 'lock') => json<Details>(t, p, 'policy', 'show', name);

/** Puts something under an id, as anybody in the org can. */
async function put(p: Publisher, type: string, id: string, data: string, more: Record<string, unknown> = {}) {
  const meta = { objectID: id, objectType: type, destinationOrgID: 'acme', destinationType: 'x', ...more };
  const body = JSON.stringify({ meta, data: Buffer.from(data).toString('base64') });
  const path = `/api/v1/objects/acme/${type}/${id}`;
  const { status } = await p.hub.css.ask({ method: 'PUT', path, auth: asAdmin, body });
  if (status !== 204) throw new Error(`PUT ${path}: ${status}`);
}

async function metadata(p: Publisher, id: string): Promise<Record<string, unknown>> {
  const { body } = await p.hub.css.ask({ path: `/api/v1/objects/acme/security-policy/${id}`, auth: asAdmin });
  return JSON.parse(body);
}

test('a live policy is signed, put on the hub, and listed', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD, '--set', 'action=Audit', '--note', 'incident 12');
  const details = await show(t, p);
  t.like(details, {
    state: 'in force',
    trust: 'trusted',
    policies: ['no-write'],
    payload: {
      layer: 'live',
      inherit: true,
      target: { org: 'acme', service: 'web', container: 'web', arch: '*', versionRange: '[0.0.0,INFINITY)' },
    },
  });
  t.like(details.payload.policies[0], {
    spec: { action: 'Audit', selector: { matchLabels: { 'openhorizon.anax.service_name': 'web' } } },
  });
  t.is(details.payload.catalogue[0]?.template, 'no-write');
  const listed = await ok(t, p, 'policy', 'list');
  t.regex(listed.stdout, /^lock +live +in force +\d+ +0 of 0 .* acme\/web +no-write$/m);
});

test('it goes to the services that bring a security agent, with the constraints that were given', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD, '--constraint', 'purpose == web', '--constraint', 'site == one');
  const { destinationPolicy } = await metadata(p, (await show(t, p)).id);
  t.like(destinationPolicy, {
    constraints: ['purpose == web', 'site == one'],
    services: [{ serviceName: 'guard' }, { serviceName: 'kubearmor' }],
  });
});

test('--dry-run shows what would be written, and writes nothing', async (t) => {
  const p = await published(t);
  const { stdout } = await ok(t, p, ...ADD, '--dry-run');
  t.regex(stdout, /\+ create {3}security-policy\/live\.lock\./);
  t.deepEqual(p.writes, []);
  await ok(t, p, ...ADD);
  p.meet();
  t.regex((await ok(t, p, ...UPDATE, '--set', 'action=Audit', '--dry-run')).stdout, /spec\.action: "Block" → "Audit"/);
  t.regex((await ok(t, p, 'policy', 'delete', 'lock', '--dry-run')).stdout, /- withdraw security-policy\/live\.lock/);
  t.deepEqual(p.writes, []);
});

test('an update raises the seq and says what changes; the same again writes nothing', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const before = await show(t, p);
  const { stdout } = await ok(t, p, ...UPDATE, '--set', 'action=Audit', '--set', 'directories=[/srv/]');
  t.regex(stdout, /policies\[no-write\]\.spec\.action: "Block" → "Audit"/);
  const after = await show(t, p);
  t.true(after.seq > before.seq);
  t.is(after.payload.policies[0]?.spec.action, 'Audit');
  p.meet();
  t.regex((await ok(t, p, ...UPDATE, '--set', 'action=Audit', '--set', 'directories=[/srv/]')).stdout, /1 unchanged/);
  t.deepEqual(p.writes, []);
  t.is((await show(t, p)).seq, after.seq);
});

test('adding what is there, and updating what is not, are refused', async (t) => {
  const p = await published(t);
  const none = await p.run(UPDATE);
  t.is(none.status, 2);
  t.regex(none.stderr, /there is no live policy "lock" of this key.*policy add/);
  await ok(t, p, ...ADD);
  const again = await p.run(ADD);
  t.is(again.status, 1);
  t.regex(again.stderr, /there is such a live policy \(HUB_CONFLICT\).*policy update/);
});

test('--if-seq refuses when somebody changed it since one looked', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const { seq } = await show(t, p);
  await ok(t, p, ...UPDATE, '--set', 'action=Audit', '--if-seq', String(seq));
  const late = await p.run([...UPDATE, '--set', 'directories=[/srv/]', '--if-seq', String(seq)]);
  t.is(late.status, 1);
  t.regex(late.stderr, new RegExp(`it has seq \\d+, not ${seq} \\(HUB_CONFLICT\\)`));
});

test('of two editors at once exactly one succeeds, and its policy is what the hub has', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  for (let round = 0; round < 5; round += 1) {
    const values = [`directories=[/a${round}/]`, `directories=[/b${round}/]`];
    const ran = await Promise.all(values.map((value) => p.run([...UPDATE, '--set', value])));
    const won = ran.map(({ status }) => status === 0);
    t.is(won.filter(Boolean).length, 1, ran.map(({ stderr }) => stderr).join());
    t.regex(ran[won.indexOf(false)]?.stderr ?? '', /another publisher .*\(HUB_CONFLICT\)/);
    const text = JSON.stringify((await show(t, p)).payload.policies);
    t.true(text.includes(won[0] ? `/a${round}/` : `/b${round}/`));
  }
});

test('a delete that reports success has ended the policy, whoever updates it at the same moment', async (t) => {
  const p = await published(t);
  for (let round = 0; round < 4; round += 1) {
    await ok(t, p, ...ADD, '--set', `directories=[/a${round}/]`);
    const [ended, updated] = await Promise.all([
      p.run(['policy', 'delete', 'lock', '--yes']),
      p.run([...UPDATE, '--set', `directories=[/b${round}/]`]),
    ]);
    t.true(ended.status === 0 || updated.status === 0, ended.stderr + updated.stderr);
    t.is((await show(t, p)).state, ended.status === 0 ? 'withdrawn' : 'in force', ended.stderr + updated.stderr);
    await p.run(['policy', 'delete', 'lock', '--yes']);
  }
});

test('a change that somebody else makes between reading and writing is not overwritten', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const { id } = await show(t, p);
  let theirs: ReturnType<Publisher['run']> | undefined;
  // The other editor starts when our first reading of the objects is over, and is done before we write.
  p.meet(({ method, path }) => {
    if (theirs === undefined && method === 'GET' && path.includes('/services')) {
      theirs = p.run([...UPDATE, '--set', 'directories=[/theirs/]']);
    }
    return method === 'GET' && path.includes('/services') ? { kind: 'serve', delayMs: 150 } : { kind: 'serve' };
  });
  const ours = await p.run([...UPDATE, '--set', 'directories=[/ours/]']);
  const other = await theirs;
  t.is([ours, other].filter((ran) => ran?.status === 0).length, 1);
  const text = JSON.stringify((await show(t, p, id)).payload.policies);
  t.true(text.includes(ours.status === 0 ? '/ours/' : '/theirs/'));
});

test('delete ends it by a signed withdrawal and says what holds instead', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const before = await show(t, p);
  const { stdout } = await ok(t, p, 'policy', 'delete', 'lock', '--yes');
  t.regex(stdout, /live\.lock\.[0-9a-f]{12} is withdrawn/);
  t.regex(stdout, /holds instead: no-write: deployment\.web\./);
  t.regex(stdout, /holds instead: no-write: node\.edge\./);
  const after = await show(t, p);
  t.like(after, { state: 'withdrawn', policies: [] });
  t.true(after.seq > before.seq);
  t.is((await json<readonly unknown[]>(t, p, 'policy', 'list')).length, 0);
  t.true((await json<readonly unknown[]>(t, p, 'policy', 'list', '--all')).length === 3);
});

test('a withdrawn live policy can be added again, above its withdrawal', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  await ok(t, p, 'policy', 'delete', 'lock', '--yes');
  const { seq } = await show(t, p);
  await ok(t, p, ...ADD);
  const again = await show(t, p);
  t.is(again.state, 'in force');
  t.true(again.seq > seq);
});

test('what is attached is not deleted; its carriers and their sources are named', async (t) => {
  const p = await published(t);
  p.meet();
  const { status, stderr } = await p.run(['policy', 'delete', 'no-write', '--yes']);
  t.is(status, 2);
  t.regex(stderr, /deployment\.web\.[0-9a-f]{12} \(deployment-policies\/web\.yaml\)/);
  t.regex(stderr, /node\.edge\.[0-9a-f]{12} \(node-policies\/edge\.yaml\)/);
  t.regex(stderr, /Remove it from securityPolicies there/);
  const byId = await p.run(['policy', 'delete', stderr.match(/deployment\.web\.[0-9a-f]{12}/)?.[0] ?? '', '--yes']);
  t.regex(byId.stderr, /is attached, not live/);
  t.deepEqual(p.writes, []);
});

test('a copy for a pattern goes with it, is withdrawn when the pattern is no longer meant, and comes back above that', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD, '--pattern', 'all');
  const { id, objects, seq } = await show(t, p);
  t.deepEqual([...objects].sort(), [id, `${id}.all`]);
  const { stdout } = await ok(t, p, ...UPDATE);
  t.regex(stdout, new RegExp(`- withdraw security-policy/${id}\\.all`));
  const after = await show(t, p);
  t.like(after, { state: 'in force', seq, policies: ['no-write'] });
  const withdrawn = Number((await metadata(p, `${id}.all`)).version);
  t.true(withdrawn > seq);
  t.regex((await ok(t, p, ...UPDATE)).stdout, /1 unchanged/);
  await ok(t, p, ...UPDATE, '--pattern', 'all');
  t.true(Number((await metadata(p, `${id}.all`)).version) > withdrawn);
  await ok(t, p, 'policy', 'delete', 'lock', '--yes');
  t.is((await show(t, p)).state, 'withdrawn');
});

test('a file says more than options can', async (t) => {
  const p = await published(t);
  writeFileSync(join(p.dir, 'own.yaml'), SMALL_BUNDLE['deployment-policies/web/own.yaml'] ?? '');
  writeFileSync(
    join(p.dir, 'lock.yaml'),
    `description: Closed for the audit
service: { name: web, versionRange: "[1.0.0,2.0.0)" }
securityPolicies:
  inherit: false
  policies:
    - use: no-write
      with: { directories: [/srv/], name: srv }
    - file: own.yaml
`,
  );
  await ok(t, p, 'policy', 'add', 'lock', '--from', 'lock.yaml');
  const { payload, policies } = await show(t, p);
  t.deepEqual(policies, ['srv', 'own']);
  t.false(payload.inherit);
  t.like(payload.target, { versionRange: '[1.0.0,2.0.0)' });
});

test('a live policy for the host carries host policies, and container policies for every workload', async (t) => {
  const p = await published(t);
  writeFileSync(join(p.dir, 'host.yaml'), SMALL_BUNDLE['node-policies/edge/host.yaml'] ?? '');
  await ok(t, p, 'policy', 'add', 'lock', '--host', '--file', 'host.yaml');
  const { payload } = await show(t, p);
  t.deepEqual(payload.target, { host: true });
  t.like(payload.policies[0], { spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } } } });
});

const refused = test.macro({
  async exec(t, args: readonly string[], status: number, expected: RegExp, file?: string) {
    const p = await published(t);
    if (file !== undefined) writeFileSync(join(p.dir, 'live.yaml'), file);
    const ran = await p.run(['policy', 'add', ...args]);
    t.is(Number(ran.status), status);
    t.regex(ran.stderr, expected);
    t.deepEqual(p.writes, []);
  },
  title: (behaviour) => `refused: ${behaviour}`,
});

const SHORT = ['--service', 'web', '--use', 'no-write'] as const;
test('a name that can not be part of an id', refused, ['Lock!', ...SHORT], 2, /"Lock!" can not be the name/);
test('neither template nor file', refused, ['lock', '--service', 'web'], 2, /either --use or --file/);
test('both', refused, ['lock', ...SHORT, '--file', 'x.yaml'], 2, /either --use or --file/);
test('neither service nor host', refused, ['lock', '--use', 'no-write'], 2, /--service or --host/);
test(
  'a service that there is not',
  refused,
  ['lock', '--service', 'wbe', '--use', 'no-write'],
  2,
  /There are guard, kube/,
);
test(
  'a template that there is not',
  refused,
  ['lock', '--service', 'web', '--use', 'no-wrte'],
  1,
  /Did you mean "no-write"/,
);
test('a value of the wrong type', refused, ['lock', ...SHORT, '--set', 'action=block'], 1, /^command line: .*"Block"/);
test('a value without a name', refused, ['lock', ...SHORT, '--set', 'Block'], 2, /"Block\\?" is not name=value/);
test(
  'a container that there is not',
  refused,
  ['lock', ...SHORT, '--container', 'db'],
  1,
  /no container "db".*It has web/,
);
test(
  'a service of several containers without saying which',
  refused,
  ['lock', '--service', 'guard', '--use', 'no-write'],
  1,
  /several containers.*proxy, security-agent/,
);
test(
  'a host policy for a workload',
  refused,
  ['lock', '--from', 'live.yaml'],
  1,
  /protects the host/,
  `service: { name: web }
securityPolicies: [{ file: node-policies/edge/host.yaml }]
`,
);
test(
  'a file with a fault, with its line',
  refused,
  ['lock', '--from', 'live.yaml'],
  1,
  /live\.yaml:2:1: .*"securitypolicies"/,
  'service: { name: web }\nsecuritypolicies: []\n',
);
test(
  'a file beside options',
  refused,
  ['lock', '--from', 'live.yaml', '--service', 'web'],
  2,
  /--from and --service/,
  'host: true\nsecurityPolicies: [{ use: no-write }]\n',
);
test(
  'a constraint that nobody can read',
  refused,
  ['lock', '--constraint', 'purpose = = web', ...SHORT],
  1,
  /^command line: "purpose = = web", character \d+: /m,
);
test(
  'constraints that no node can match, with their line',
  refused,
  ['lock', '--from', 'live.yaml'],
  1,
  /live\.yaml:2:\d+: no node can ever match/,
  'service: { name: web }\nconstraints: [ a > 2, a < 1 ]\nsecurityPolicies: [{ use: no-write }]\n',
);
test(
  'a property that no node can read',
  refused,
  ['lock', '--from', 'live.yaml'],
  1,
  /live\.yaml:2:\d+: site is "yes", which is no int/,
  'service: { name: web }\nproperties: [ { name: site, value: "yes", type: int } ]\nsecurityPolicies: [{ use: no-write }]\n',
);
test(
  'a container of the nodes themselves',
  refused,
  ['lock', '--host', '--container', 'web', '--use', 'no-write'],
  2,
  /--container belongs to --service/,
);
test(
  'a container of the nodes themselves, in a file',
  refused,
  ['lock', '--from', 'live.yaml'],
  1,
  /live\.yaml:2:\d+: a policy for the nodes has no container/,
  'host: true\nsecurityPolicies: [{ use: no-write, container: web }]\n',
);
test('a directory instead of a file', refused, ['lock', '--from', '.'], 1, /it is a directory \(SOURCE_MISSING\)/);
test('a bundle that there is not', refused, ['lock', ...SHORT, '--bundle', 'nowhere'], 1, /there is no such directory/);
test(
  'what lint calls an error',
  refused,
  ['lock', '--service', 'web', '--file', 'live.yaml'],
  1,
  /KA\d{3}/,
  `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: dead }
spec: { action: Block, presets: [{ name: filelesExec, action: Block }] }
`,
);

test('the history tells what it said before, who signed it, and why', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD, '--note', 'incident 12');
  await ok(t, p, ...UPDATE, '--set', 'action=Audit');
  await ok(t, p, 'policy', 'delete', 'lock', '--yes', '--note', 'over');
  const { entries, complete } = await json<{
    readonly complete: boolean;
    readonly entries: readonly { readonly action: string; readonly note?: string; readonly trust: string }[];
  }>(t, p, 'policy', 'history', 'lock');
  t.true(complete);
  t.deepEqual(
    entries.map(({ action, note, trust }) => [action, note, trust]),
    [
      ['add', 'incident 12', 'trusted'],
      ['update', undefined, 'trusted'],
      ['withdraw', 'over', 'trusted'],
    ],
  );
  const { stdout } = await ok(t, p, 'policy', 'history', 'lock');
  t.regex(stdout, /update .* acme\/ci +no-write; changed: policies\[no-write\]\.spec\.action/);
});

test('entries of two editors are both kept', async (t) => {
  const p = await published(t);
  await Promise.all(['one', 'two', 'three'].map((name) => ok(t, p, ...ADD.with(2, name))));
  for (const name of ['one', 'two', 'three']) {
    t.regex((await ok(t, p, 'policy', 'history', name)).stdout, /^\d+ .* add /m);
  }
});

test('a history that somebody deleted or forged is said to be incomplete, and never believed', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const { id } = await show(t, p);
  const envelope = await p.hub.css.ask({ path: `/api/v1/objects/acme/security-policy/${id}/data`, auth: asAdmin });
  const forged = JSON.parse(envelope.body);
  forged.payload = Buffer.from(Buffer.from(forged.payload, 'base64').toString().replace('Block', 'Audit')).toString(
    'base64',
  );
  await put(p, 'security-policy-history', id, JSON.stringify([{ envelope: JSON.stringify(forged), by: 'acme/ci' }]));
  const { stdout } = await ok(t, p, 'policy', 'history', 'lock');
  t.regex(stdout, /INVALID/);
  t.regex(stdout, /the present form is not in the history/);
  await put(p, 'security-policy-history', id, '[1, {"by": 3}, "x"');
  t.regex((await ok(t, p, 'policy', 'history', 'lock')).stdout, /the present form is not in the history/);
});

test('the history of what is attached is in version control', async (t) => {
  const p = await published(t);
  const [attached] = await json<readonly Details[]>(t, p, 'policy', 'list', '--all');
  t.regex(
    (await ok(t, p, 'policy', 'history', attached?.id ?? '')).stdout,
    /is attached: its history is that of its source/,
  );
});

test('a policy of another key is shown as such, and ended by its own key only', async (t) => {
  const p = await published(t);
  const other = { HOME: otherHome(t) };
  const ran = await p.run(ADD, other);
  t.is(ran.status, 0, ran.stderr);
  const { stdout } = await ok(t, p, 'policy', 'list');
  t.regex(stdout, /^lock .*\(not trusted here\)/m);
  const refusal = await p.run(['policy', 'delete', 'lock', '--yes']);
  t.regex(refusal.stderr, /is signed by [0-9a-f]{12}: nodes take a withdrawal from its own key only/);
  const [line] = await json<readonly (Details & { readonly keyId: string })[]>(t, p, 'policy', 'list');
  const trusting = await json<readonly Details[]>(t, p, 'policy', 'list', '--trust', line?.keyId ?? '');
  t.is(trusting[0]?.trust, 'trusted');
});

test('--trust takes whole key ids, and leaves the name that follows to the command', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const { keyId } = await json<{ readonly keyId: string }>(t, p, 'policy', 'show', 'lock');
  await ok(t, p, 'policy', 'show', '--trust', keyId, 'lock');
  await ok(t, p, 'policy', 'history', '--trust', keyId, '--trust', '0'.repeat(64), 'lock');
  const { status, stderr } = await p.run(['policy', 'list', '--trust', keyId.slice(0, 12)]);
  t.is(status, 2);
  t.regex(stderr, /64 hexadecimal digits/);
});

test('a name that is attached, and not live, is said to be', async (t) => {
  const p = await published(t);
  for (const name of ['no-write', 'web']) {
    const { status, stderr } = await p.run(['policy', 'show', name]);
    t.is(status, 2);
    t.regex(stderr, /is no live policy: it is attached, in deployment\.web\.[0-9a-f]{12}/);
  }
});

test('what is no CSS holds no policies because it is none', async (t) => {
  const p = await published(t);
  const { status, stderr } = await p.run(['policy', 'list'], { HZN_FSS_CSSURL: p.hub.access.exchangeUrl });
  t.is(status, 1);
  t.regex(stderr, /Check HZN_FSS_CSSURL/);
});

test('an org that there is not has no empty list', async (t) => {
  const p = await published(t);
  const { status, stderr } = await p.run(['policy', 'list'], { HZN_ORG_ID: 'nowhere' });
  t.is(status, 1);
  t.regex(stderr, /there is no org nowhere, or acme\/\w+ may not see it \(HUB_DENIED\)/);
});

test('rubbish under an id is shown as what it is, and a change replaces it', async (t) => {
  const p = await published(t);
  await ok(t, p, ...ADD);
  const { id } = await show(t, p);
  await p.hub.css.ask({ method: 'DELETE', path: `/api/v1/objects/acme/security-policy/${id}`, auth: asAdmin });
  await put(p, 'security-policy', id, 'rubbish');
  t.regex((await ok(t, p, 'policy', 'list')).stdout, /^lock +live +unreadable .*nobody: nodes refuse it/m);
  await ok(t, p, ...ADD);
  t.is((await show(t, p)).state, 'in force');
});

/** A node with an agreement for the service that brings the agent, once rounds have been made. */
async function guardedNode(t: ExecutionContext, p: Publisher) {
  const guard = {
    label: 'g',
    service: { name: 'guard', org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0' }] },
    constraints: ['purpose == web'],
  };
  const path = '/orgs/acme/business/policies/guard';
  await p.hub.askExchange({ method: 'POST', path, auth: asAdmin, body: JSON.stringify(guard) });
  const node = await startNode({
    hub: p.hub,
    org: 'acme',
    id: 'edge1',
    token: PASSWORD,
    user: asAdmin,
    policy: { properties: [{ name: 'purpose', value: 'web' }], constraints: [] },
    dir: temporaryDirectory(t),
  });
  t.teardown(() => node.close());
  const rounds = async (): Promise<void> => {
    for (let round = 0; round < 6; round += 1) {
      await p.hub.agbot.tick();
      await p.hub.css.settled();
      await node.tick();
    }
  };
  return { node, rounds };
}

test('right after a withdrawal the CSS speaks of the version before, and purge does not believe it', async (t) => {
  const p = await published(t, { queueMs: 1500 });
  const { node, rounds } = await guardedNode(t, p);
  await ok(t, p, ...ADD);
  await rounds();
  t.like(await show(t, p), { nodes: 1, delivered: 1 });
  node.disconnect();
  const { status, stderr } = await p.run(['policy', 'delete', 'lock', '--purge', '--yes']);
  t.is(status, 1);
  t.regex(stderr, /not purged: edge1 has not got the withdrawal/);
});

test('status tells for each node how far a policy is; purge spares what a node still needs', async (t) => {
  const p = await published(t);
  const { node, rounds } = await guardedNode(t, p);
  await ok(t, p, ...ADD);
  t.regex((await ok(t, p, 'policy', 'status')).stdout, /no node is meant/);
  await rounds();
  const { stdout } = await ok(t, p, 'policy', 'status', 'lock', '--wait', '5');
  t.regex(stdout, /^live\.lock\.[0-9a-f]{12} +\d+ +in force +edge1 +delivered/m);
  t.like(await show(t, p), { nodes: 1, delivered: 1, waiting: [] });

  // Anybody in the org can overwrite an object; its copy for a pattern must not speak for it then.
  const attached = async () => {
    const all = await json<{ object: string; state: string }[]>(t, p, 'policy', 'status', '--all');
    return all.find(({ object }) => object.startsWith('deployment.'));
  };
  const before = await attached();
  t.is(before?.state, 'in force');
  const id = before?.object ?? '';
  const { destinationPolicy } = await metadata(p, id);
  await put(p, 'security-policy', id, '{}', { destinationType: '', destinationPolicy });
  t.like(await attached(), { object: id, state: 'overwritten' });

  node.disconnect();
  await ok(t, p, 'policy', 'delete', 'lock', '--yes');
  const early = await p.run(['policy', 'delete', 'lock', '--purge', '--yes']);
  t.is(early.status, 1);
  t.regex(early.stderr, /not purged: edge1 has not got the withdrawal/);
  t.is((await p.run(['policy', 'status', 'lock', '--wait', '0'])).status, 1);
  node.reconnect();
  await rounds();
  await ok(t, p, 'policy', 'delete', 'lock', '--purge', '--yes', '--wait', '5');
  t.false((await ok(t, p, 'policy', 'list', '--all')).stdout.includes('lock'));
});

test('no output of any of these holds a password', async (t) => {
  const p = await published(t);
  const calls = [
    [...ADD],
    ['policy', 'list', '--all', '--json'],
    ['policy', 'show', 'lock'],
    ['policy', 'history', 'lock'],
  ];
  for (const call of calls) {
    const { stdout, stderr } = await p.run(call);
    t.false((stdout + stderr).includes(PASSWORD));
  }
});

test('without a key one can look, and nothing can be signed', async (t) => {
  const p = await published(t);
  const home = { HOME: temporaryDirectory(t) };
  t.is((await p.run(['policy', 'list', '--all'], home)).status, 0);
  const { status, stderr } = await p.run(ADD, home);
  t.is(status, 1);
  t.regex(stderr, /there is no signing key \(KEY_UNUSABLE\)/);
});
