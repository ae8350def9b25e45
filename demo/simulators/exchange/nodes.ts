import { type Answer, attribute, attributesOf, listing } from './answer.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { CastFailure } from './defects.ts';
import {
  type Identity,
  isAgbot,
  isHubAdmin,
  isNode,
  isOrgAdmin,
  isOrgAgbot,
  isStandardUser,
  resourceOf,
} from './identity.ts';
import { isLike } from './like.ts';
import { patchNode } from './node-patch.ts';
import { putNode } from './node-put.ts';
import type { NodeRecord } from './records.ts';
import type { Route } from './router.ts';
import { deleteNode, haGroupOf, nameOfUser, type Store } from './store.ts';

export const NODE_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes'], methods: { GET: listNodes }, guard: authorizeListing },
  {
    paths: ['/orgs/:org/nodes/:node'],
    methods: { DELETE: removeNode, PATCH: patchNode, PUT: putNode, GET: getNode },
    guard: authorizeReading,
  },
  { paths: ['/orgs/:org/nodes/:node/heartbeat'], methods: { POST: heartbeat } },
];

function authorizeListing(call: Call): Answer {
  call.authorize({ kind: 'node', id: compositeId(call.param('org'), '#') }, 'READ');
  return { status: 405 };
}

function authorizeReading(call: Call): Answer {
  call.authorize(call.target('node', idOf(call, 'node')), 'READ');
  return { status: 405 };
}

/** Filters are LIKE patterns here, whether they have a `%` or not; `owner` counts for admins and agbots only. */
function listNodes(call: Call): Answer {
  const organization = call.param('org');
  const { identity } = call;
  const { store } = call.hub;
  call.authorize({ kind: 'node', id: compositeId(organization, '#') }, 'READ');
  const scoped = call.queryFlag('isNamespaceScoped');
  const nodeType = call.query('nodetype')?.toLowerCase();
  if (nodeType !== undefined && !['device', 'cluster'].includes(nodeType)) {
    call.demand(['invalid.node.type2', 'cluster, device']);
  }
  const owner = isOrgAdmin(identity) || isAgbot(identity) ? call.query('owner') : undefined;
  const like = (text: string | null, filter: string | undefined): boolean =>
    filter === undefined || (text !== null && isLike(text, filter));
  const chosen = [...store.nodes.values()].filter(
    (node) =>
      node.organization === organization &&
      isNodeVisible(identity, node) &&
      like(node.arch, call.query('arch')) &&
      like(node.clusterNamespace, call.query('clusternamespace')) &&
      like(node.id, call.query('idfilter')) &&
      like(node.name, call.query('name')) &&
      like(nameOfUser(store, node.owner) ?? null, owner) &&
      (scoped === undefined || node.isNamespaceScoped === scoped) &&
      (nodeType !== 'cluster' || node.nodeType === 'cluster') &&
      (nodeType !== 'device' || ['', 'device'].includes(node.nodeType)),
  );
  return listing('nodes', Object.fromEntries(chosen.map((node) => [node.id, viewNode(store, node)])));
}

function getNode(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'READ');
  const name = call.query('attribute') ?? '';
  if (name.toLowerCase() === 'ha_group' && name !== 'ha_group') {
    throw new CastFailure('ha_group (of class java.lang.String)');
  }
  const { store } = call.hub;
  const node = store.nodes.get(id);
  if (node === undefined || !isNodeVisible(call.identity, node)) throw call.refusal(404, 'not-found', 'not.found');
  const view = viewNode(store, node);
  const values = attributesOf({ ...view, id, lastHeartbeat: node.lastHeartbeat ?? '', ha_group: view.ha_group ?? '' });
  values.delete('isnamespacescoped');
  const value = values.get(name.toLowerCase());
  return value === undefined ? listing('nodes', { [id]: view }) : attribute(name, value);
}

function removeNode(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  if (isHubAdmin(call.identity)) throw call.refusal(403, 'access-denied', 'access.denied');
  const { store, logins, ownership } = call.hub;
  const node = store.nodes.get(id);
  if (node === undefined || !isOwnNode(call.identity, node)) throw call.refusal(404, 'not-found', 'node.not.found', id);
  deleteNode(store, id);
  logins.delete(id);
  ownership.remove('node', id);
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'node',
    operation: 'deleted',
  });
  return DELETED;
}

function heartbeat(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const node = call.hub.store.nodes.get(id);
  if (node === undefined) throw call.refusal(404, 'not-found', 'node.not.found', id);
  node.lastHeartbeat = call.hub.clock.instant();
  return call.done('node.updated');
}

/** Users see their own nodes, admins and agbots those of their org, a node itself. */
export function isNodeVisible(identity: Identity, node: NodeRecord): boolean {
  if (isStandardUser(identity)) return node.owner === identity.identifier;
  if (isOrgAdmin(identity) || isOrgAgbot(identity)) return node.organization === identity.organization;
  if (isNode(identity)) return node.id === resourceOf(identity);
  return true;
}

/** Whose node may be changed. */
export function isOwnNode(identity: Identity, node: NodeRecord): boolean {
  if (isStandardUser(identity)) return node.owner === identity.identifier;
  if (isOrgAdmin(identity)) return node.organization === identity.organization;
  return true;
}

export function viewNode(store: Store, node: NodeRecord) {
  return {
    token: '***************',
    name: node.name,
    owner: nameOfUser(store, node.owner) ?? '',
    nodeType: node.nodeType === '' ? 'device' : node.nodeType,
    pattern: node.pattern,
    registeredServices: node.registeredServices.map(
      (service) =>
        service && { ...service, configState: service.configState ?? 'active', version: service.version ?? '' },
    ),
    userInput: node.userInput,
    msgEndPoint: node.msgEndPoint,
    softwareVersions: node.softwareVersions,
    lastHeartbeat: node.lastHeartbeat,
    publicKey: node.publicKey,
    arch: node.arch,
    heartbeatIntervals: node.heartbeatIntervals,
    ha_group: haGroupOf(store, node.id)?.name ?? null,
    lastUpdated: node.lastUpdated,
    clusterNamespace: node.clusterNamespace ?? '',
    isNamespaceScoped: node.isNamespaceScoped,
  };
}
