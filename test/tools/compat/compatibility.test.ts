import test from 'ava';
import { compatibility } from '#tools/compat/compatibility.ts';
import { deploymentTerms, nodeTerms, type ServiceTerms, serviceTerms } from '#tools/compat/terms.ts';

const WEB = { url: 'web', version: '1.0.0', arch: 'amd64', deployment: '{"services":{"web":{"image":"w"}}}' };
const POLICY = {
  service: { name: 'web', org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0' }] },
  properties: [{ name: 'tier', value: 'gold' }],
  constraints: ['purpose == automation'],
};
const NODE = { properties: [{ name: 'purpose', value: 'automation' }] };

interface Case {
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly node?: Readonly<Record<string, unknown>>;
  readonly nodeInput?: unknown;
  readonly arch?: string;
  readonly services?: readonly ServiceTerms[];
}

function ask({ policy = {}, node = NODE, nodeInput, arch = 'amd64', services = [serviceTerms('acme', WEB)] }: Case) {
  return compatibility({
    deployment: deploymentTerms({ ...POLICY, ...policy }),
    node: nodeTerms(node, nodeInput, arch === '' ? undefined : arch),
    services,
  });
}

test('an agreement forms when both sides agree', (t) => {
  t.deepEqual(ask({}), { compatible: true, service: 'acme/web_1.0.0_amd64', reasons: [], assumed: [] });
});

const prevented = test.macro({
  exec(t, given: Case, which: string, text: RegExp, path: readonly (string | number)[]) {
    const { compatible, reasons } = ask(given);
    t.false(compatible);
    t.deepEqual(
      reasons.map((reason) => reason.which),
      [which] as (typeof reasons)[number]['which'][],
    );
    t.regex(reasons[0]?.text ?? '', text);
    t.deepEqual(reasons[0]?.where.path, path);
    t.not(reasons[0]?.fix, '');
  },
  title: (title) => `no agreement: ${title}`,
});

const service = (more: object, policy = {}) => [serviceTerms('acme', { ...WEB, ...more }, policy)];

test('the node lacks a property', prevented, { node: {} }, 'property', /no property "purpose"/, ['constraints', 0]);
test(
  'a property has another value',
  prevented,
  { node: { properties: [{ name: 'purpose', value: 'x' }] } },
  'constraint',
  /has purpose = x/,
  ['constraints', 0],
);
test('a constraint is unreadable', prevented, { policy: { constraints: ['a == b:c'] } }, 'constraint', /character 7/, [
  'constraints',
  0,
]);
test(
  'the node wants what the deployment does not offer',
  prevented,
  { node: { ...NODE, constraints: ['tier == silver'] } },
  'constraint',
  /the deployment has tier = gold/,
  ['constraints', 0],
);
test(
  "constraints of the node's deployment section replace those above",
  prevented,
  { node: { ...NODE, constraints: ['tier == gold'], deployment: { constraints: ['tier == silver'] } } },
  'constraint',
  /tier == silver/,
  ['constraints', 0],
);
test(
  "properties of the node's deployment section override those above",
  prevented,
  { node: { ...NODE, deployment: { properties: [{ name: 'purpose', value: 'other' }] } } },
  'constraint',
  /has purpose = other/,
  ['constraints', 0],
);
test(
  'the service policy asks too',
  prevented,
  { services: service({}, { constraints: ['zone == a'] }) },
  'property',
  /zone == a/,
  ['constraints', 0],
);
test(
  'another architecture',
  prevented,
  { policy: { service: { ...POLICY.service, arch: 'arm64' } } },
  'arch',
  /arm64/,
  ['service', 'arch'],
);
test('no such architecture of the service', prevented, { arch: 'arm64' }, 'version', /for arm64/, [
  'service',
  'serviceVersions',
  0,
  'version',
]);
test(
  'the version text differs',
  prevented,
  { policy: { service: { ...POLICY.service, serviceVersions: [{ version: '1.0' }] } } },
  'version',
  /web 1\.0 /,
  ['service', 'serviceVersions', 0, 'version'],
);
test(
  'privileges are needed and not allowed',
  prevented,
  { services: service({ deployment: '{"services":{"a":{"image":"i","privileged":true}}}' }) },
  'privilege',
  /needs privileges \(a\)/,
  ['properties'],
);
test(
  "the host's network counts as a privilege",
  prevented,
  { services: service({ deployment: '{"services":{"a":{"image":"i","network":"host"}}}' }) },
  'privilege',
  /needs privileges/,
  ['properties'],
);
test('nothing to deploy', prevented, { services: service({ deployment: '' }) }, 'service', /no deployment/, [
  'deployment',
]);
test(
  'a required service is missing',
  prevented,
  {
    services: service({ requiredServices: [{ org: 'acme', url: 'db', versionRange: '[1.0.0,2.0.0)', arch: 'amd64' }] }),
  },
  'version',
  /acme\/db \[1\.0\.0,2\.0\.0\)/,
  ['requiredServices', 0],
);
test(
  'an input has no value',
  prevented,
  { services: service({ userInput: [{ name: 'TZ', type: 'string', defaultValue: '' }] }) },
  'input',
  /TZ of web has neither/,
  ['userInput'],
);
test(
  'a secret is not bound',
  prevented,
  { services: service({ deployment: '{"services":{"a":{"image":"i","secrets":{"pw":{}}}}}' }) },
  'secret',
  /secret pw/,
  ['secretBinding'],
);

test('a node that allows privileges runs a privileged service; the text "true" does as well', (t) => {
  const services = service({ deployment: '{"services":{"a":{"image":"i","privileged":true}}}' });
  for (const value of [true, 'true']) {
    const node = { properties: [...NODE.properties, { name: 'openhorizon.allowPrivileged', value }] };
    t.true(ask({ services, node }).compatible);
  }
});

test('a privileged service that is only required needs privileges as well', (t) => {
  const services = [
    ...service({ requiredServices: [{ org: 'acme', url: 'db', versionRange: '1.0.0', arch: 'amd64' }] }),
    serviceTerms('acme', { ...WEB, url: 'db', deployment: '{"services":{"d":{"image":"i","privileged":true}}}' }),
  ];
  t.deepEqual(
    ask({ services }).reasons.map(({ which }) => which),
    ['privilege'],
  );
});

test('the next version of the policy is tried', (t) => {
  const services = [
    ...service({ deployment: '{"services":{"a":{"image":"i","privileged":true}}}', version: '2.0.0' }),
    serviceTerms('acme', WEB),
  ];
  const policy = { service: { ...POLICY.service, serviceVersions: [{ version: '2.0.0' }, { version: '1.0.0' }] } };
  t.is(ask({ services, policy }).service, 'acme/web_1.0.0_amd64');
});

test('what only the agent knows is assumed, and said', (t) => {
  const { compatible, assumed } = ask({
    policy: { constraints: ['purpose == automation', 'openhorizon.memory >= 512'] },
    arch: '',
  });
  t.true(compatible);
  t.deepEqual(assumed, ['openhorizon.memory >= 512']);
});

const inputs = test.macro({
  exec(t, type: string, value: unknown, fits: boolean) {
    const services = service({
      userInput: [
        { name: 'A', type, defaultValue: '' },
        { name: 'B', type: 'int', defaultValue: '1' },
      ],
    });
    const userInput = [{ serviceOrgid: 'acme', serviceUrl: 'web', inputs: [{ name: 'A', value }] }];
    t.is(ask({ services, policy: { userInput } }).compatible, fits);
    t.is(ask({ services, nodeInput: userInput }).compatible, fits);
  },
  title: (_, type, value, fits) => `an input of type "${type}" ${fits ? 'takes' : 'refuses'} ${JSON.stringify(value)}`,
});
test(inputs, 'string', 'x', true);
test(inputs, '', 'x', true);
test(inputs, 'string', 1, false);
test(inputs, 'int', 1, true);
test(inputs, 'int', 1.5, false);
test(inputs, 'int', '1', false);
test(inputs, 'float', 1.5, true);
test(inputs, 'boolean', true, true);
test(inputs, 'bool', true, true);
test(inputs, 'list of strings', ['a'], true);
test(inputs, 'list of strings', ['a', 1], false);
test(inputs, 'list of strings', 'a', false);
test(inputs, 'string', { a: 1 }, false);
test(inputs, 'string', null, false);

test('of several entries for one service only the first that fits counts, and the node wins', (t) => {
  const services = service({ userInput: [{ name: 'A', type: 'int', defaultValue: '' }] });
  const entry = (value: unknown, more = {}) => ({
    serviceOrgid: 'acme',
    serviceUrl: 'web',
    inputs: [{ name: 'A', value }],
    ...more,
  });
  t.true(ask({ services, policy: { userInput: [entry('x', { serviceArch: 'arm64' }), entry(1)] } }).compatible);
  t.true(
    ask({ services, policy: { userInput: [entry('x', { serviceVersionRange: '[2.0.0,3.0.0)' }), entry(1)] } })
      .compatible,
  );
  t.false(ask({ services, policy: { userInput: [entry('x'), entry(1)] } }).compatible);
  t.false(ask({ services, policy: { userInput: [entry(1)] }, nodeInput: [entry('x')] }).compatible);
  t.true(ask({ services, policy: { userInput: [entry('x')] }, nodeInput: [entry(1)] }).compatible);
});
