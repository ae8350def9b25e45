import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { PolicyContent } from '#policy/payload.ts';
import type { Body, ServiceBody } from '#tools/bundle/types.ts';
import type { FieldChange } from '#tools/hub/field-changes.ts';
import { planPublish } from '#tools/hub/plan.ts';
import type { ObjectResource, Resource } from '#tools/hub/resources.ts';
import type { HubSnapshot, StoredObject } from '#tools/hub/snapshot.ts';
import { signContent } from '#tools/signing/sign-content.ts';
import { signerOf } from '#tools/signing/signer.ts';

const NOTHING: HubSnapshot = {
  exchangeVersion: '2.154.0',
  services: new Map(),
  patterns: new Map(),
  deploymentPolicies: new Map(),
  servicePolicies: new Map(),
  keys: new Map(),
  objects: new Map(),
};
const signer = signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const options = { keyIds: new Set([signer.keyId]) };

const SERVICE: ServiceBody = {
  label: 'Web',
  description: '',
  public: false,
  url: 'web',
  version: '1.0.0',
  arch: 'amd64',
  sharable: 'multiple',
  requiredServices: [{ url: 'db', org: 'acme', versionRange: '[1.0.0,INFINITY)', arch: 'amd64' }],
  userInput: [],
  deployment: '{"services":{"web":{"image":"w:1"}}}',
  deploymentSignature: 'c2ln',
};
const service: Resource = { kind: 'service', id: 'web_1.0.0_amd64', file: 's.yaml', needs: [], body: SERVICE };
const policy = (body: Body): Resource => ({ kind: 'deployment-policy', id: 'web', file: 'd.yaml', needs: [], body });
const POLICY: Body = {
  label: 'Web',
  service: { name: 'web', org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0', priority: {} }] },
  properties: [{ name: 'tier', value: 'front' }],
  constraints: ['purpose == web'],
};

/** What the Exchange gives back for these (captures of a real one: reference/exchange-mms.md §0). */
const STORED_SERVICE: Body = {
  ...SERVICE,
  documentation: '',
  matchHardware: {},
  imageStore: {},
  clusterDeployment: '',
  clusterDeploymentSignature: '',
  organization: 'acme',
  owner: 'acme/ci',
  lastUpdated: '2026-11-23T23:25:16.803668188Z',
  requiredServices: [{ url: 'db', org: 'acme', version: null, versionRange: '[1.0.0,INFINITY)', arch: 'amd64' }],
};
const STORED_POLICY: Body = {
  ...POLICY,
  description: 'Web',
  owner: 'acme/ci',
  created: 'x',
  lastUpdated: 'x',
  properties: [{ name: 'tier', type: null, value: 'front' }],
  service: {
    name: 'web',
    org: 'acme',
    arch: '*',
    serviceVersions: [{ version: '1.0.0', priority: null, upgradePolicy: null }],
    nodeHealth: { missing_heartbeat_interval: 1800, check_agreement_status: 1800 },
    clusterNamespace: null,
  },
  userInput: [],
  secretBinding: [],
};

const actions = (resources: readonly Resource[], snapshot: Partial<HubSnapshot>): string[] =>
  planPublish(resources, { ...NOTHING, ...snapshot }, options).map(({ action }) => action);

test('what the hub lacks is created, what it has is left alone', (t) => {
  t.deepEqual(actions([service, policy(POLICY)], {}), ['create', 'create']);
  t.deepEqual(
    actions([service, policy(POLICY)], {
      services: new Map([[service.id, STORED_SERVICE]]),
      deploymentPolicies: new Map([['web', STORED_POLICY]]),
    }),
    ['unchanged', 'unchanged'],
  );
});

test('node health as hzn sends it, {}, is no difference; another one is', (t) => {
  const stored = (nodeHealth: unknown): Partial<HubSnapshot> => ({
    deploymentPolicies: new Map([
      ['web', { ...STORED_POLICY, service: { ...(STORED_POLICY.service as Body), nodeHealth } }],
    ]),
  });
  t.deepEqual(actions([policy(POLICY)], stored({})), ['unchanged']);
  t.deepEqual(actions([policy(POLICY)], stored({ missing_heartbeat_interval: 60, check_agreement_status: 1800 })), [
    'update',
  ]);
});

const differs = test.macro({
  exec(t, resource: Resource, snapshot: Partial<HubSnapshot>, changes: readonly FieldChange[]) {
    const [step] = planPublish([resource], { ...NOTHING, ...snapshot }, options);
    if (step?.action !== 'update') return t.fail(step?.action);
    t.deepEqual(step.changes, changes);
  },
  title: (what) => `a difference is named field by field: ${what}`,
});
test(
  'inside a deployment text',
  differs,
  service,
  { services: new Map([[service.id, { ...STORED_SERVICE, deployment: '{"services":{"web":{"image":"w:0"}}}' }]]) },
  [{ field: 'deployment.services.web.image', from: 'w:0', to: 'w:1' }],
);
test(
  'the spelling of a deployment text, which is signed',
  differs,
  service,
  { services: new Map([[service.id, { ...STORED_SERVICE, deployment: '{"services": {"web":{"image":"w:1"}}}' }]]) },
  [{ field: 'deployment', from: '{"services": {"web":{"image":"w:1"}}}', to: SERVICE.deployment }],
);
test('public', differs, service, { services: new Map([[service.id, { ...STORED_SERVICE, public: true }]]) }, [
  { field: 'public', from: true, to: false },
]);
test(
  'a property, by its name',
  differs,
  policy(POLICY),
  {
    deploymentPolicies: new Map([
      [
        'web',
        {
          ...STORED_POLICY,
          properties: [
            { name: 'tier', value: 'back' },
            { name: 'x', value: 1 },
          ],
        },
      ],
    ]),
  },
  [
    { field: 'properties[tier].value', from: 'back', to: 'front' },
    { field: 'properties[x]', from: { name: 'x', value: 1 } },
  ],
);
test(
  'a cleared list',
  differs,
  policy(POLICY),
  { deploymentPolicies: new Map([['web', { ...STORED_POLICY, userInput: [{ serviceUrl: 'web' }] }]]) },
  [{ field: 'userInput', from: [{ serviceUrl: 'web' }] }],
);

const CONTENT: PolicyContent = {
  format: 1,
  id: `deployment.web.${signer.keyId.slice(0, 12)}`,
  layer: 'deployment',
  target: { org: 'acme', service: 'web', container: 'web', arch: '*', versionRange: '[0.0.0,INFINITY)' },
  inherit: true,
  policies: [{ apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: { name: 'p' }, spec: {} }],
  catalogue: [],
};

async function object(content = CONTENT, seconds = 100): Promise<ObjectResource> {
  const envelope = await signContent(content, signer, undefined, seconds);
  const metadata = {
    objectID: content.id,
    objectType: 'security-policy',
    destinationOrgID: 'acme',
    destinationPolicy: {
      properties: [],
      constraints: ['a == b'],
      services: [{ orgID: 'acme', arch: '*', serviceName: 'g', version: '[0.0.0,INFINITY)' }],
    },
    version: String(seconds),
    description: 'd',
    consumers: -1,
  };
  return {
    kind: 'security-policy',
    id: content.id,
    contentId: content.id,
    file: 'd.yaml',
    needs: [],
    metadata,
    envelope,
  };
}

function stored({ metadata, envelope }: ObjectResource, more: Body = {}, node?: string): Partial<HubSnapshot> {
  const body = {
    ...metadata,
    destinationPolicy: { ...(metadata.destinationPolicy as Body), timestamp: '1795477254766000000' },
    destinationID: '',
    destinationType: '',
    expiration: '',
    consumers: 2_147_483_647,
    inactive: false,
    ...more,
  };
  const objectID = String(metadata.objectID);
  const found: StoredObject = {
    metadata: {
      objectID,
      objectType: 'security-policy',
      body,
      owner: 'acme/ci',
      deleted: false,
      ...(node && { putByNode: node }),
    },
    envelope,
  };
  return { objects: new Map([[objectID, found]]) };
}

test('an object as the CSS stores it is no difference', async (t) => {
  const wanted = await object();
  t.deepEqual(actions([wanted], stored(wanted)), ['unchanged']);
});

test('an envelope of ours that says the same with another seq is no difference; a version that is not its seq is', async (t) => {
  const [wanted, other] = [await object(CONTENT, 200), await object(CONTENT, 100)];
  t.deepEqual(actions([wanted], stored(other)), ['unchanged']);
  t.deepEqual(actions([wanted], stored(other, { version: '7' })), ['update']);
});

test('an object is compared by what its envelope carries, by where it goes, and by how long it is to live', async (t) => {
  const before = await object();
  const after = await object({ ...CONTENT, inherit: false }, 200);
  const changes = (resource: Resource, snapshot: Partial<HubSnapshot>): readonly FieldChange[] => {
    const [step] = planPublish([resource], { ...NOTHING, ...snapshot }, options);
    return step?.action === 'update' ? step.changes : [];
  };
  t.deepEqual(changes(after, stored(before)), [{ field: 'inherit', from: true, to: false }]);
  t.deepEqual(changes(before, stored(before, { expiration: '2030-01-01T00:00:00Z' })), [
    { field: 'expiration', from: '2030-01-01T00:00:00Z' },
  ]);
  t.deepEqual(changes(before, stored(before, { inactive: true })), [{ field: 'inactive', from: true }]);
  t.deepEqual(changes(before, stored({ ...before, envelope: 'rubbish' })), [
    { field: 'envelope', from: 'not of this key', to: 'signed by this key' },
  ]);
});

test('an object whose placement changes its kind is made anew', async (t) => {
  const wanted = await object();
  const [step] = planPublish(
    [wanted],
    { ...NOTHING, ...stored(wanted, { destinationPolicy: null, destinationType: 'all' }) },
    options,
  );
  t.like(step, { action: 'update', recreate: true });
});

test('an id that a node has taken is refused, and replaced with --take-over', async (t) => {
  const wanted = await object();
  const snapshot = { ...NOTHING, ...stored(wanted, {}, 'node1') };
  t.throws(() => planPublish([wanted], snapshot, options), { code: 'HUB_CONFLICT' });
  t.like(planPublish([wanted], snapshot, { ...options, takeOver: true })[0], { action: 'update', recreate: true });
});

test('what was just published is unchanged, whatever it was', (t) => {
  const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null), fc.constant(''), fc.constant([]));
  const body = fc.record({
    label: fc.string(),
    description: fc.string(),
    service: fc.record({
      name: fc.string(),
      org: fc.string(),
      arch: fc.string(),
      serviceVersions: fc.array(fc.record({ version: fc.string() })),
    }),
    properties: fc.array(fc.record({ name: fc.string(), value })),
    constraints: fc.array(fc.string()),
  });
  fc.assert(
    fc.property(body, (sent) => {
      t.deepEqual(
        actions([policy(sent)], { deploymentPolicies: new Map([['web', { ...sent, owner: 'o', lastUpdated: 'l' }]]) }),
        ['unchanged'],
      );
    }),
  );
});
