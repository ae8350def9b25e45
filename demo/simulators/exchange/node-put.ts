import type { Answer } from './answer.ts';
import { NO_HEARTBEAT_INTERVALS } from './bodies.ts';
import { asBoolean } from './body-shape.ts';
import { type Call, idOf } from './call.ts';
import { isHubAdmin, isNode, isOrgAdmin, isStandardUser, isSuperUser } from './identity.ts';
import { type NodeBody, nodeBody, registeredServicesProblem } from './node-body.ts';
import { UnnamedService, unknownPattern, unknownServices } from './node-references.ts';
import type { NodeRecord } from './records.ts';

/**
 * PUT of a node: creates or updates. A node in use (it has a public key, or a pattern) is not reset by others, and a new
 * node without pattern, token and publicKey makes the real one trip with a 500 (reference/exchange-mms.md §0, §A.11).
 */
export function putNode(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const withoutHeartbeat = call.queryFlag('noheartbeat') ?? false;
  const body = call.body(nodeBody);
  demandValid(call, id, body);
  const { store, clock, logins, ownership } = call.hub;
  const isNamespaceScoped = asBoolean(body.isNamespaceScoped);
  if (isHubAdmin(call.identity)) throw call.refusal(403, 'access-denied', 'access.denied');

  const pattern = body.pattern ?? '';
  const existing = store.nodes.get(id);
  if (pattern !== '' && unknownPattern(call, pattern, existing, 'PUT')) call.demand(['pattern.not.in.exchange']);
  demandFree(call, id, body, existing);
  const missing = missingServices(call, id, body);
  if (missing !== undefined) call.demand(['services.not.found', missing]);

  const owned = existing !== undefined && isMine(call, existing) ? existing : undefined;
  if (existing === undefined && body.pattern === null) {
    throw call.refusal(500, 'internal_error', 'node.not.inserted.or.updated', id, 'None.get');
  }
  const now = clock.instant();
  const fields = {
    name: body.name ?? '',
    nodeType: body.nodeType ?? 'device',
    pattern: body.pattern ?? owned?.pattern ?? '',
    registeredServices: body.registeredServices.map(
      (service) => service && { ...service, configState: service.configState ?? 'active' },
    ),
    userInput: body.userInput,
    msgEndPoint: body.msgEndPoint ?? '',
    softwareVersions: body.softwareVersions,
    publicKey: body.publicKey ?? owned?.publicKey ?? '',
    arch: body.arch ?? '',
    heartbeatIntervals: body.heartbeatIntervals ?? NO_HEARTBEAT_INTERVALS,
    clusterNamespace: body.clusterNamespace,
    isNamespaceScoped,
    lastUpdated: now,
  };
  if (owned !== undefined) {
    Object.assign(owned, fields, {
      token: (body.token ?? '') === '' ? owned.token : body.token,
      lastHeartbeat: withoutHeartbeat ? owned.lastHeartbeat : now,
    });
    logins.delete(id);
    logNode(call, 'modified');
    return call.done('node.added.or.updated');
  }
  return createNode();

  function createNode(): Answer {
    const organization = call.param('org');
    const owner = call.identity.identifier ?? call.identity.owner ?? '';
    const near = demandRoom(call, organization, owner);
    if (existing !== undefined) {
      const cause = `ERROR: duplicate key value violates unique constraint "nodes_pkey"\n  Detail: Key (id)=(${id}) already exists.`;
      throw call.refusal(500, 'internal_error', 'node.not.inserted.or.updated', id, cause);
    }
    store.nodes.set(id, {
      id,
      organization,
      owner,
      token: body.token ?? '',
      lastHeartbeat: withoutHeartbeat ? null : now,
      messages: new Map(),
      managementStatus: new Map(),
      ...fields,
    });
    logins.delete(id);
    ownership.put('node', id, { owner, public: false });
    logNode(call, 'created');
    return near === undefined
      ? call.done('node.added.or.updated')
      : call.done('num.nodes.near.org.limit', organization, near);
  }
}

function missingServices(call: Call, id: string, body: NodeBody): string | undefined {
  try {
    return unknownServices(call, body.userInput);
  } catch (failure) {
    if (!(failure instanceof UnnamedService)) throw failure;
    throw call.refusal(500, 'internal_error', 'node.not.inserted.or.updated', id, failure.message);
  }
}

function demandValid(call: Call, id: string, body: NodeBody): void {
  const { identity } = call;
  const parts = [body.pattern, body.publicKey, body.token];
  const someMissing = parts.some((part) => part === null);
  const allMissing = parts.every((part) => part === null);
  if ((isOrgAdmin(identity) || isStandardUser(identity)) && call.param('org') !== identity.organization) {
    call.demand(['bad.input']);
  }
  if (!['device', 'cluster'].includes(body.nodeType ?? '')) call.demand(['invalid.node.type', 'cluster, device']);
  if ((body.pattern ?? '') !== '' && !(body.pattern ?? '').includes('/')) {
    call.demand(['pattern.must.have.orgid.prepended']);
  }
  if (someMissing && !allMissing) call.demand(['node.public.key.not.token', id]);
  if (!isSuperUser(identity) && body.token === '') call.demand(['token.cannot.be.empty.string']);
  if (['iamapikey', 'iamtoken'].includes(call.param('node'))) call.demand(['node.id.not.iamapikey.or.iamtoken']);
  call.demand(registeredServicesProblem(body.registeredServices));
}

/** Others than the node itself (and root) leave a node alone that is registered: with a public key, or on a pattern. */
function demandFree(call: Call, id: string, body: NodeBody, existing: NodeRecord | undefined): void {
  if (existing === undefined || isNode(call.identity) || isSuperUser(call.identity)) return;
  if (body.pattern === null && body.publicKey === null && body.token === null) return;
  const resetsPattern = (body.pattern !== null || body.token !== null) && existing.pattern !== '';
  if (existing.publicKey !== '' || resetsPattern) call.demand(['node.public.key.not.token', id]);
}

function isMine(call: Call, node: NodeRecord): boolean {
  const { identity } = call;
  if (isStandardUser(identity)) return node.owner === identity.identifier;
  if (isOrgAdmin(identity)) return node.organization === identity.organization;
  return true;
}

/** @returns the limit, when one of them is nearly reached: the node is created, with a warning */
function demandRoom(call: Call, organization: string, owner: string): number | undefined {
  const { store, limits } = call.hub;
  const root = isSuperUser(call.identity);
  const owned = [...store.nodes.values()].filter((node) => node.owner === owner).length;
  if (!root && limits.nodes <= owned) {
    throw call.refusal(403, 'access-denied', 'over.max.limit.of.nodes', limits.nodes);
  }
  const inOrg = [...store.nodes.values()].filter((node) => node.organization === organization).length;
  const orgLimit = root ? 0 : (store.orgs.get(organization)?.limits?.maxNodes ?? 0);
  if (orgLimit !== 0 && inOrg >= orgLimit) {
    throw call.refusal(403, 'access-denied', 'over.org.max.limit.of.nodes', inOrg, orgLimit);
  }
  return [orgLimit, limits.nodes].find((limit) => limit !== 0 && limit - owned <= limit * 0.05);
}

function logNode(call: Call, operation: 'created' | 'modified'): void {
  call.logChange({ orgId: call.param('org'), id: call.param('node'), category: 'node', resource: 'node', operation });
}
