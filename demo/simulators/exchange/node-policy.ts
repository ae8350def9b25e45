import { type Answer, missingParent } from './answer.ts';
import { PROPERTY_TYPES, property, wrongPropertyType } from './bodies.ts';
import { list, optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import type { Route } from './router.ts';

/** A node's policy: an upsert; a missing node is a 500, and so is deleting a missing policy (reference/exchange-mms.md §0). */
export const NODE_POLICY_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes/:node/policy'], methods: { DELETE: deletePolicy, PUT: putPolicy, GET: getPolicy } },
];

const POLICY_FIELDS = { properties: optional(list(property)), constraints: optional(list(text)) };
const part = optional(
  record('org.openhorizon.exchangeapi.table.node.deploymentpolicy.PropertiesAndConstraints', POLICY_FIELDS),
);
const body = record(
  'org.openhorizon.exchangeapi.route.node.PutNodePolicyRequest',
  {
    label: optional(text),
    description: optional(text),
    ...POLICY_FIELDS,
    deployment: part,
    management: part,
    nodePolicyVersion: optional(text),
  },
  { leaksFormats: true },
);

const EMPTY_PART = { properties: null, constraints: null } as const;

function getPolicy(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'READ');
  const policy = call.hub.store.nodes.get(id)?.policy;
  if (policy === undefined) throw call.refusal(404, 'not-found', 'not.found');
  return { status: 200, json: policy };
}

function putPolicy(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const policy = call.body(body);
  const withHeartbeat = demandHeartbeatChoice(call);
  for (const properties of [policy.properties, policy.deployment?.properties, policy.management?.properties]) {
    const wrong = wrongPropertyType(properties ?? null);
    if (wrong !== undefined) call.demand(['property.type.must.be', wrong, PROPERTY_TYPES.join(', ')]);
  }
  const { store, clock } = call.hub;
  const node = store.nodes.get(id);
  if (node === undefined) {
    const cause = missingParent('nodepolicies', 'node_deploy_pol_fk', 'nodeid', id, 'nodes');
    throw call.refusal(
      500,
      'internal_error',
      'node.policy.not.inserted.or.updated',
      id,
      `org.postgresql.util.PSQLException: ${cause}`,
    );
  }
  node.policy = {
    label: policy.label ?? '',
    description: policy.description ?? policy.label ?? '',
    properties: policy.properties ?? [],
    constraints: policy.constraints ?? [],
    deployment: policy.deployment ?? EMPTY_PART,
    management: policy.management ?? EMPTY_PART,
    nodePolicyVersion: policy.nodePolicyVersion ?? '',
    lastUpdated: clock.instant(),
  };
  node.lastUpdated = clock.instant();
  if (withHeartbeat) node.lastHeartbeat = clock.instant();
  logPolicy(call, 'created/modified');
  return call.done('node.policy.added.or.updated');
}

function deletePolicy(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const node = call.hub.store.nodes.get(id);
  if (node?.policy === undefined) {
    const cause = `java.lang.Throwable: ${call.text('node.policy.not.found', id)}`;
    throw call.refusal(500, 'internal_error', 'node.policy.not.deleted', id, cause);
  }
  delete node.policy;
  node.lastUpdated = call.hub.clock.instant();
  logPolicy(call, 'deleted');
  return DELETED;
}

/** `?noheartbeat=true` leaves lastHeartbeat alone; here only the words true and false will do. */
export function demandHeartbeatChoice(call: Call): boolean {
  const choice = call.query('noheartbeat')?.toLowerCase();
  if (choice !== undefined && choice !== 'true' && choice !== 'false') call.demand(['bad.noheartbeat.param']);
  return choice !== 'true';
}

function logPolicy(call: Call, operation: 'created/modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'nodepolicies',
    operation,
  });
}
