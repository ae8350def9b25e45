import test, { type ExecutionContext } from 'ava';
import { run } from '#test/support/run-command.ts';
import { checkBundle } from '#tools/compat/check-bundle.ts';
import { serviceTerms } from '#tools/compat/terms.ts';
import { bundleWith, SMALL_BUNDLE, writeBundle } from '../bundle/bundle-fixture.ts';
import { PASSWORD, publisher } from '../hub/hub-fixture.ts';

const WEB = SMALL_BUNDLE['deployment-policies/web.yaml'] ?? '';
const EDGE = SMALL_BUNDLE['node-policies/edge.yaml'] ?? '';
type Changes = Readonly<Record<string, string>>;

const web = (from: string, to: string): Changes => ({ 'deployment-policies/web.yaml': WEB.replace(from, to) });

async function findings(t: ExecutionContext, changes: Changes): Promise<string[]> {
  const { findings: found } = checkBundle(await bundleWith(t, changes));
  return found.map(({ file, line, column, severity, message }) => `${file}:${line}:${column} ${severity} ${message}`);
}

const finds = test.macro({
  async exec(t, changes: Changes, expected: RegExp) {
    const found = await findings(t, changes);
    t.true(
      found.some((line) => expected.test(line)),
      found.join('\n'),
    );
  },
  title: (what) => `finds ${what}`,
});

test(
  'a constraint that cannot be read',
  finds,
  web('purpose == web', '"purpose == a:b"'),
  /^deployment-policies\/web\.yaml:4:15 error "purpose == a:b", character 13/,
);
test(
  'a constraint that means something else',
  finds,
  web('purpose == web', 'purpose!=web'),
  /error .*is read as the property "purpose!"/,
);
test(
  'constraints that no node can ever match',
  finds,
  web('[purpose == web]', '["a == x AND a > 3"]'),
  /error no node can ever match: a == x and a > 3/,
);
test(
  'constraints of two entries that contradict each other',
  finds,
  web('[purpose == web]', '[openhorizon.cpu > 4, openhorizon.cpu < 2]'),
  /web\.yaml:4:\d+ error no node can ever match: openhorizon\.cpu > 4 and openhorizon\.cpu < 2/,
);
test(
  'a deployment to every node',
  finds,
  web('[purpose == web]', '[]'),
  /warning without constraints this deploys to every node/,
);
test(
  'a property that no node policy has',
  finds,
  {},
  /web\.yaml:4:15 warning no node policy of the bundle has the property "purpose"/,
);
test(
  'constraints of a service policy',
  finds,
  { 'services/web/service.policy.yaml': 'constraints: ["a >= b"]\n' },
  /^services\/web\/service\.policy\.yaml:1:15 error/,
);
test(
  'constraints of a node policy’s deployment section',
  finds,
  { 'node-policies/edge.yaml': `${EDGE}deployment: { constraints: ["a ="] }\n` },
  /^node-policies\/edge\.yaml:6:\d+ error/,
);
test(
  'a property value of another type',
  finds,
  web('{ name: tier, value: front }', '{ name: tier, value: front, type: int }'),
  /web\.yaml:3:\d+ error tier is "front", which is no int/,
);
test(
  'a version property that is none',
  finds,
  web('{ name: tier, value: front }', '{ name: tier, value: 1.02.3, type: version }'),
  /error tier is "1\.02\.3", which is no version/,
);
test(
  'allowPrivileged where nodes of a pattern do not look',
  finds,
  {
    'node-policies/edge.yaml': `${EDGE}deployment: { properties: [{ name: openhorizon.allowPrivileged, value: true }] }\n`,
  },
  /warning openhorizon\.allowPrivileged stands in the deployment section/,
);
const input = (more: string): Changes => ({
  'deployment-policies/web.yaml': `${WEB}userInput: [{ serviceOrgid: acme, serviceUrl: web, ${more}, inputs: [{ name: A, value: x }] }]\n`,
});
test(
  'user input for a single version, which the Exchange refuses',
  finds,
  input('serviceVersionRange: "[1.0.0,1.0.0]"'),
  /error the Exchange refuses a range of a single version/,
);

test('says of each pair whether an agreement forms, and where what prevents it stands', async (t) => {
  const node = (name: string, property: string): string =>
    `properties: [{ name: armor.profile, value: ${name} }, ${property}]\n`;
  const bundle = await bundleWith(t, {
    'node-policies/edge.yaml': EDGE,
    'node-policies/site.yaml': node('site', '{ name: purpose, value: web }'),
    'node-policies/other.yaml': node('other', '{ name: purpose, value: other }'),
  });
  const { agreements } = checkBundle(bundle);
  t.deepEqual(
    agreements.map(({ deploymentPolicy, nodePolicy, forms, reasons }) => [
      deploymentPolicy,
      nodePolicy,
      forms,
      ...reasons.map(({ which, where }) => `${which} ${where}`),
    ]),
    [
      ['web', 'edge', 'no', 'property deployment-policies/web.yaml:4:15'],
      ['web', 'other', 'no', 'constraint deployment-policies/web.yaml:4:15'],
      ['web', 'site', 'yes'],
    ],
  );
});

test('a service that is published elsewhere is unknown until somebody looks', async (t) => {
  const bundle = await bundleWith(t, {
    'node-policies/edge.yaml': EDGE.replace('[{', '[{ name: purpose, value: web }, {'),
    ...attachedTo('their'),
  });
  t.is(checkBundle(bundle).agreements[0]?.forms, 'unknown');
  const theirs = serviceTerms('beta', {
    url: 'their',
    version: '1.0.0',
    arch: 'amd64',
    deployment: '{"services":{"x":{"image":"i"}}}',
  });
  t.like(checkBundle(bundle, [theirs]).agreements[0], { forms: 'yes', service: 'beta/their_1.0.0_amd64' });
  t.is(checkBundle(bundle, []).agreements[0]?.forms, 'no');
});

/** A deployment policy for a service of another org. */
function attachedTo(service: string): Changes {
  return {
    'deployment-policies/web.yaml': `label: Web
service: { name: ${service}, org: beta, arch: "*", serviceVersions: [{ version: 1.0.0 }] }
constraints: [purpose == web]
`,
  };
}

test('the command exits 1 for findings, and 0 for pairs that do not fit', async (t) => {
  const env = { HOME: '/nowhere', HZN_ORG_ID: 'acme' };
  const good = await run(['check'], { cwd: writeBundle(t), env });
  t.is(good.status, 0, good.stderr);
  t.regex(
    good.stdout,
    /\nDEPLOYMENT POLICY {2}NODE POLICY {2}AGREEMENT\nweb {16}edge {9}no {9}property: "purpose == web" does not hold/,
  );
  const bad = await run(['check', '--json'], { cwd: writeBundle(t, web('purpose == web', 'purpose ==')), env });
  t.is(bad.status, 1);
  t.like(JSON.parse(bad.stdout).findings[0], { severity: 'error', rule: 'check' });
});

test('--hub looks for services that are not of the bundle', async (t) => {
  const p = await publisher(t, {
    changes: {
      ...attachedTo('their'),
      'node-policies/edge.yaml': EDGE.replace('[{', '[{ name: purpose, value: web }, {'),
    },
  });
  const service = {
    label: 't',
    public: true,
    url: 'their',
    version: '1.0.0',
    arch: 'amd64',
    sharable: 'multiple',
    deployment: '{"services":{"x":{"image":"i"}}}',
    deploymentSignature: 'AAAA',
  };
  await p.hub.askExchange({
    method: 'POST',
    path: '/orgs/beta/services',
    auth: `beta/user:${PASSWORD}`,
    body: JSON.stringify(service),
  });
  const { status, stdout, stderr } = await p.run(['check', '--hub', '--json']);
  t.is(status, 0, stdout + stderr);
  t.like(JSON.parse(stdout).agreements[0], { forms: 'yes', service: 'beta/their_1.0.0_amd64' });
});
