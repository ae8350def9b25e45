import type { Answer } from './answer.ts';
import { list, optional, record, text } from './body-shape.ts';
import { type Call, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { booleansOf, Defect, Unreadable } from './defects.ts';
import { type Identity, isOrgAdmin, isOrgAgbot, isStandardUser, isSuperUser, isUser } from './identity.ts';
import { isLike, passesFilter } from './like.ts';
import { isNodeVisible } from './nodes.ts';
import type { NodeRecord } from './records.ts';
import type { Route } from './router.ts';
import { haGroupOf, nameOfUser, type Store } from './store.ts';

/** Searches over nodes other than those by policy and pattern, and the details listing. */
export const NODE_SEARCH_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/node-details'], methods: { GET: listDetails } },
  { paths: ['/orgs/:org/search/nodes/error'], methods: { POST: findNodesWithErrors } },
  { paths: ['/orgs/:org/search/nodes/error/all'], methods: { GET: listErrors } },
  { paths: ['/orgs/:org/search/nodes/service'], methods: { POST: findNodesOfService } },
  { paths: ['/orgs/:org/search/nodehealth'], methods: { POST: findHealth } },
  {
    paths: ['/orgs/:org/patterns/:pattern/nodehealth', '/orgs/:org/deployment/patterns/:pattern/nodehealth'],
    methods: { POST: findHealthOfPattern },
  },
];

const serviceSearch = record(
  'org.openhorizon.exchangeapi.route.node.PostServiceSearchRequest',
  { orgid: text, serviceURL: text, serviceVersion: text, serviceArch: text },
  { required: ['orgid', 'serviceURL', 'serviceVersion', 'serviceArch'] },
);

const healthSearch = record(
  'org.openhorizon.exchangeapi.route.organization.PostNodeHealthRequest',
  { lastTime: text, nodeOrgids: optional(list(text)) },
  { required: ['lastTime'] },
);

function listDetails(call: Call): Answer {
  const { store } = call.hub;
  call.authorize({ kind: 'node', id: compositeId(call.param('org'), '#') }, 'READ');
  const type = call.query('type')?.toLowerCase();
  if (type !== undefined && !['device', 'cluster'].includes(type)) {
    call.demand(['invalid.node.type2', 'cluster, device']);
  }
  const nodes = readable(call, () => findDetails(call, type));
  if (nodes.length === 0) throw call.refusal(404, 'not-found', 'not.found');
  return { status: 200, json: nodes.map((node) => viewDetails(store, node)) };
}

function findDetails(call: Call, type: string | undefined): readonly NodeRecord[] {
  const organization = call.param('org');
  const { store } = call.hub;
  const like = (value: string, filter: string | undefined): boolean => filter === undefined || isLike(value, filter);
  const chosen = [...store.nodes.values()]
    .filter(
      (node) =>
        node.organization === organization &&
        isNodeVisible(call.identity, node) &&
        like(node.arch, call.query('arch')) &&
        like(node.id, call.query('id')) &&
        like(node.name, call.query('name')) &&
        (type === undefined || node.nodeType === type || node.nodeType === type.replace('device', '')) &&
        passesFilter(nameOfUser(store, node.owner) ?? null, call.query('owner')),
    )
    .sort((one, two) => (one.id < two.id ? -1 : 1));
  for (const { status } of chosen) booleansOf(status?.connectivity ?? {});
  return chosen;
}

/** Whatever this route trips over (one node's unreadable report, say) is a 400 here. */
function readable<T>(call: Call, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof Unreadable || error instanceof Defect) call.demand(['invalid.input.message', error.message]);
    throw error;
  }
}

function findNodesWithErrors(call: Call): Answer {
  const nodes = nodesWithErrors(call);
  return { status: nodes.length === 0 ? 404 : 201, json: { nodes: nodes.map(({ id }) => id) } };
}

/** This one says 200 for an empty list too. */
function listErrors(call: Call): Answer {
  const nodeErrors = nodesWithErrors(call).map(({ id, errors }) => ({
    nodeId: id,
    error: JSON.stringify(errors?.errors ?? []),
    lastUpdated: errors?.lastUpdated ?? '',
  }));
  return { status: 200, json: { nodeErrors } };
}

function nodesWithErrors(call: Call): NodeRecord[] {
  const organization = call.param('org');
  call.authorize({ kind: 'node', id: compositeId(organization, '#') }, 'READ');
  return [...call.hub.store.nodes.values()].filter(
    (node) =>
      node.organization === organization &&
      seesErrors(call.identity, node) &&
      node.errors !== undefined &&
      node.errors.errors.length > 0,
  );
}

function seesErrors(identity: Identity, node: NodeRecord): boolean {
  if (isStandardUser(identity)) return node.owner === identity.identifier;
  if (isOrgAdmin(identity) || isOrgAgbot(identity)) return node.organization === identity.organization;
  return true;
}

/** Nodes whose last status has the service running. */
function findNodesOfService(call: Call): Answer {
  const organization = call.param('org');
  const { identity } = call;
  call.authorize({ kind: 'node', id: compositeId(organization, '#') }, 'READ');
  const { orgid, serviceURL, serviceVersion, serviceArch } = call.body(serviceSearch);
  const wanted = `%|${orgid}/${serviceURL}_${serviceVersion}_${serviceArch}|%`;
  const ownOnly = isUser(identity) && !isSuperUser(identity) && !isOrgAdmin(identity);
  const nodes = [...call.hub.store.nodes.values()].filter(
    (node) =>
      node.organization === organization &&
      (!ownOnly || node.owner === identity.identifier) &&
      node.status !== undefined &&
      isLike(node.status.runningServices, wanted),
  );
  const pairs = nodes.map(({ id, lastHeartbeat }) => [id, lastHeartbeat]);
  return { status: nodes.length === 0 ? 404 : 201, json: { nodes: pairs } };
}

function findHealth(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'node', id: compositeId(organization, '*') }, 'READ');
  const { lastTime } = call.body(healthSearch);
  return answerHealth(call, lastTime ?? '', (node) => node.organization === organization && node.pattern === '');
}

function findHealthOfPattern(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'node', id: compositeId(organization, '*') }, 'READ');
  const { lastTime, nodeOrgids } = call.body(healthSearch);
  const orgs = nodeOrgids ?? [organization];
  const pattern = idOf(call, 'pattern');
  return answerHealth(call, lastTime ?? '', (node) => orgs.includes(node.organization) && node.pattern === pattern);
}

function answerHealth(call: Call, lastTime: string, isConcerned: (node: NodeRecord) => boolean): Answer {
  const { store } = call.hub;
  const since = lastTime === '' ? '-1000000000-01-01T00:00:00Z' : lastTime;
  const nodes = [...store.nodes.values()].filter(
    (node) => isConcerned(node) && node.lastHeartbeat !== null && node.lastHeartbeat >= since,
  );
  const health = nodes.map(({ id, lastHeartbeat }) => {
    const agreements = [...store.nodeAgreements.values()].filter(({ node }) => node === id);
    const entries = agreements.map((agreement) => [agreement.id, { lastUpdated: agreement.lastUpdated }] as const);
    return [id, { lastHeartbeat, agreements: Object.fromEntries(entries) }] as const;
  });
  return { status: nodes.length === 0 ? 404 : 201, json: { nodes: Object.fromEntries(health) } };
}

/** Empty texts are null here, and what was never reported. */
function viewDetails(store: Store, node: NodeRecord) {
  const { policy, status, errors } = node;
  const orNull = (value: string | null): string | null => (value === '' ? null : value);
  return {
    arch: orNull(node.arch),
    connectivity: status?.connectivity ?? null,
    constraints: policy?.constraints ?? null,
    errors: errors?.errors ?? null,
    heartbeatIntervals: node.heartbeatIntervals,
    id: node.id,
    lastHeartbeat: node.lastHeartbeat,
    lastUpdatedNode: node.lastUpdated,
    lastUpdatedNodeError: errors?.lastUpdated ?? null,
    lastUpdatedNodePolicy: policy?.lastUpdated ?? null,
    lastUpdatedNodeStatus: status?.lastUpdated ?? null,
    msgEndPoint: orNull(node.msgEndPoint),
    name: orNull(node.name),
    nodeType: node.nodeType === '' ? 'device' : node.nodeType,
    owner: nameOfUser(store, node.owner) ?? '',
    orgid: node.organization,
    pattern: orNull(node.pattern),
    properties: policy?.properties ?? null,
    publicKey: orNull(node.publicKey),
    registeredServices: node.registeredServices,
    runningServices: status?.runningServices ?? null,
    services: status?.services ?? null,
    softwareVersions: node.softwareVersions,
    token: '***************',
    userInput: node.userInput,
    ha_group: haGroupOf(store, node.id)?.name ?? null,
    clusterNamespace: node.clusterNamespace,
    isNamespaceScoped: node.isNamespaceScoped,
  };
}
