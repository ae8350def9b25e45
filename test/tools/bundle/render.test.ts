import test from 'ava';
import { isPolicyPayload } from '#policy/payload-shape.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { render } from '#tools/bundle/render.ts';
import { bundleWith, SMALL_BUNDLE } from './bundle-fixture.ts';

const KEY = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
const DIGEST = `sha256:${'0'.repeat(64)}`;
const WEB = 'deployment-policies/web.yaml';

const withText = (file: string, from: string | RegExp, to: string): Record<string, string> => ({
  [file]: (SMALL_BUNDLE[file] ?? '').replace(from, to),
});

test('rendering the same bundle twice gives the same', async (t) => {
  const bundle = await bundleWith(t);
  t.is(JSON.stringify(render(bundle, KEY)), JSON.stringify(render(bundle, KEY)));
});

test('a service has one definition for each architecture, with the body that the Exchange takes', async (t) => {
  const { services, servicePolicies } = render(await bundleWith(t), KEY);
  const [amd64, arm64] = services.filter(({ id }) => id.startsWith('web'));
  t.deepEqual(amd64, {
    id: 'web_1.0.0_amd64',
    file: 'services/web/service.yaml',
    body: {
      label: 'Web',
      description: '',
      public: false,
      url: 'web',
      version: '1.0.0',
      arch: 'amd64',
      sharable: 'multiple',
      requiredServices: [],
      userInput: [],
      deployment: '{"services":{"web":{"image":"example.com/web:1.0"}}}',
      deploymentSignature: '',
    },
  });
  t.like(arm64, { id: 'web_1.0.0_arm64', body: { arch: 'arm64' } });
  t.deepEqual(
    servicePolicies.map(({ id, body }) => [id, body]),
    [
      ['web_1.0.0_amd64', { properties: [{ name: 'kind', value: 'web' }], constraints: [] }],
      ['web_1.0.0_arm64', { properties: [{ name: 'kind', value: 'web' }], constraints: [] }],
    ],
  );
});

test('a required service follows the architecture, and has a range and no version', async (t) => {
  const { services } = render(
    await bundleWith(
      t,
      withText(
        'services/web/service.yaml',
        'sharable: multiple',
        'sharable: multiple\nrequiredServices: [{ url: db, org: IBM, version: "2.0" }]',
      ),
    ),
    KEY,
  );
  const web = services.filter(({ id }) => id.startsWith('web')).map(({ body }) => body.requiredServices);
  t.deepEqual(web, [
    [{ url: 'db', org: 'IBM', versionRange: '2.0', arch: 'amd64' }],
    [{ url: 'db', org: 'IBM', versionRange: '2.0', arch: 'arm64' }],
  ]);
});

test('a locked image is deployed by its digest, on the architecture that it is locked for', async (t) => {
  const lock = `images: { "example.com/web:1.0": { arm64: "${DIGEST}" } }\n`;
  const { services } = render(await bundleWith(t, { 'images.lock.yaml': lock }), KEY);
  const image = (id: string) =>
    JSON.parse(services.find((service) => service.id === id)?.body.deployment ?? '').services.web.image;
  t.is(image('web_1.0.0_amd64'), 'example.com/web:1.0');
  t.is(image('web_1.0.0_arm64'), `example.com/web@${DIGEST}`);
});

test('the agent is told which keys to trust: the publisher first', async (t) => {
  const { services } = render(
    await bundleWith(t, {
      'horizon-armor.yaml': `${SMALL_BUNDLE['horizon-armor.yaml']}trustedKeys: ["${OTHER}", "${KEY}"]\n`,
    }),
    KEY,
  );
  const guard = JSON.parse(services.find(({ id }) => id.startsWith('guard'))?.body.deployment ?? '').services;
  t.deepEqual(guard['security-agent'].environment, [`ARMOR_TRUSTED_KEYS=${KEY},${OTHER}`]);
  t.is(guard.proxy.environment, undefined);
});

test('a deployment policy goes out without what is attached to it', async (t) => {
  const [policy] = render(await bundleWith(t), KEY).deploymentPolicies;
  t.deepEqual(policy?.body, {
    label: 'Web',
    description: '',
    service: { name: 'web', org: 'acme', arch: '*', serviceVersions: [{ priority: {}, version: '1.0.0' }] },
    properties: [{ name: 'tier', value: 'front' }],
    constraints: ['purpose == web'],
  });
});

test('a node policy goes out without its defaults', async (t) => {
  const [policy] = render(await bundleWith(t), KEY).nodePolicies;
  t.deepEqual(policy?.body, { properties: [{ name: 'armor.profile', value: 'edge' }], constraints: [] });
});

test('a pattern names each architecture that the bundle has, overrides as text', async (t) => {
  const [pattern] = render(await bundleWith(t), KEY).patterns;
  t.deepEqual(pattern?.body, {
    label: 'All',
    description: '',
    public: false,
    services: [
      ...['amd64', 'arm64'].map((serviceArch) => ({
        serviceUrl: 'web',
        serviceOrgid: 'acme',
        serviceArch,
        serviceVersions: [
          {
            priority: {},
            upgradePolicy: {},
            version: '1.0.0',
            deployment_overrides: '{"services":{"web":{"environment":["A=1"]}}}',
            deployment_overrides_signature: '',
          },
        ],
      })),
      {
        serviceUrl: 'guard',
        serviceOrgid: 'acme',
        serviceArch: 'amd64',
        serviceVersions: [{ priority: {}, upgradePolicy: {}, version: '1.0.0' }],
      },
    ],
  });
});

test('what is attached to a deployment selects its container and follows its placement', async (t) => {
  const { objects } = render(await bundleWith(t), KEY);
  const object = objects.find(({ objectId }) => objectId === 'deployment.web.abababababab');
  t.deepEqual(object?.placement, {
    kind: 'policy',
    properties: [{ name: 'tier', value: 'front' }],
    constraints: ['purpose == web'],
    services: ['guard', 'kubearmor'].map((serviceName) => ({
      orgID: 'acme',
      arch: '*',
      serviceName,
      version: '[0.0.0,INFINITY)',
    })),
  });
  t.deepEqual(object?.content.target, {
    org: 'acme',
    service: 'web',
    container: 'web',
    arch: '*',
    versionRange: '[0.0.0,INFINITY)',
  });
  t.deepEqual(
    object?.content.policies.map(({ metadata, spec }) => [
      metadata.name,
      'selector' in spec ? spec.selector : undefined,
    ]),
    ['no-write', 'own'].map((name) => [name, { matchLabels: { [SERVICE_NAME_LABEL]: 'web' } }]),
  );
  t.like(object?.content.policies[0]?.spec, {
    action: 'Block',
    file: { matchDirectories: ['/etc/', '/usr/'].map((dir) => ({ dir, recursive: true, readOnly: true })) },
  });
  t.like(object?.content.catalogue, [{ policy: 'no-write', template: 'no-write', summary: 'Nobody writes there.' }]);
});

test("a node policy's defaults go to its profile: host policies for any host, workload policies without selector", async (t) => {
  const { objects } = render(await bundleWith(t), KEY);
  const object = objects.find(({ objectId }) => objectId === 'node.edge.abababababab');
  t.like(object?.placement, { kind: 'policy', properties: [], constraints: ['armor.profile == edge'] });
  t.deepEqual(object?.content.target, { host: true });
  const [workload, host] = object?.content.policies ?? [];
  t.like(workload, { kind: 'KubeArmorPolicy', spec: { action: 'Audit' } });
  t.false('selector' in (workload?.spec ?? {}));
  t.like(host, {
    kind: 'KubeArmorHostPolicy',
    spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } } },
  });
});

test('for nodes of a pattern there is a copy of everything that concerns it', async (t) => {
  const { objects } = render(await bundleWith(t), KEY);
  t.deepEqual(
    objects.map(({ objectId }) => objectId),
    [
      'deployment.web.abababababab',
      'deployment.web.abababababab.all',
      'node.edge.abababababab',
      'node.edge.abababababab.all',
    ],
  );
  t.deepEqual(objects[1]?.placement, { kind: 'pattern', pattern: 'all' });
  t.deepEqual(objects[1]?.content, objects[0]?.content);
});

test('a pattern gets no copies of what protects services it does not deploy', async (t) => {
  const { objects } = render(
    await bundleWith(t, {
      'patterns/all.yaml':
        'label: All\nservices: [{ serviceUrl: guard, serviceOrgid: acme, serviceVersions: [{ version: 1.0.0 }] }]\n',
    }),
    KEY,
  );
  t.false(objects.some(({ objectId }) => objectId === 'deployment.web.abababababab.all'));
});

test('with two profiles, no defaults are chosen for nodes of a pattern', async (t) => {
  const { objects } = render(
    await bundleWith(t, {
      'node-policies/far.yaml':
        'properties: [{ name: armor.profile, value: far }]\nsecurityPolicies: [{ use: no-write }]\n',
    }),
    KEY,
  );
  t.deepEqual(
    objects.filter(({ layer }) => layer === 'node').map(({ objectId }) => objectId),
    ['node.edge.abababababab', 'node.far.abababababab'],
  );
});

test('inherit: false is carried', async (t) => {
  const { objects } = render(
    await bundleWith(
      t,
      withText(WEB, /securityPolicies:.*/s, 'securityPolicies: { inherit: false, policies: [{ use: no-write }] }\n'),
    ),
    KEY,
  );
  t.is(objects.find(({ objectId }) => objectId.startsWith('deployment.web'))?.content.inherit, false);
});

test('a policy for every container is one for each, and the target spans them', async (t) => {
  const { objects } = render(
    await bundleWith(t, {
      'deployment-policies/guard.yaml': `label: Guard
service: { name: guard, org: acme, arch: amd64, serviceVersions: [{ version: 1.0.0 }] }
constraints: []
securityPolicies: [{ use: no-write, container: "*" }]
`,
    }),
    KEY,
  );
  const content = objects.find(({ objectId }) => objectId.startsWith('deployment.guard'))?.content;
  t.like(content?.target, { container: '*', arch: 'amd64' });
  t.deepEqual(
    content?.policies.map(({ metadata, spec }) => [metadata.name, 'selector' in spec ? spec.selector : undefined]),
    ['security-agent', 'proxy'].map((name) => ['no-write', { matchLabels: { [SERVICE_NAME_LABEL]: name } }]),
  );
});

test('the same template twice needs two names, and gets them from its parameter', async (t) => {
  const { objects } = render(
    await bundleWith(t, withText(WEB, '  - file: web/own.yaml', '  - use: no-write\n    with: { name: second }')),
    KEY,
  );
  const content = objects.find(({ objectId }) => objectId.startsWith('deployment.web'))?.content;
  t.deepEqual(
    content?.policies.map(({ metadata }) => metadata.name),
    ['no-write', 'second'],
  );
  t.deepEqual(
    content?.catalogue.map(({ policy, template }) => [policy, template]),
    [
      ['no-write', 'no-write'],
      ['second', 'no-write'],
    ],
  );
});

test('a bundle of workloads alone names the agents that another bundle brings', async (t) => {
  const { objects } = render(
    await bundleWith(t, {
      'services/guard/service.yaml': undefined,
      'services/kubearmor/service.yaml': undefined,
      'patterns/all.yaml': undefined,
    }),
    KEY,
  );
  const [object] = objects;
  t.deepEqual(object?.placement.kind === 'policy' && object.placement.services.map(({ serviceName }) => serviceName), [
    'kubearmor',
    'security-agent',
  ]);
});

test('what is rendered is what a node accepts as a payload', async (t) => {
  for (const { content } of render(await bundleWith(t), KEY).objects) t.true(isPolicyPayload({ ...content, seq: 1 }));
});
