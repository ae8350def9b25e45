import { type Answer, databaseError, listing, nullColumn } from './answer.ts';
import { list, optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { demandHeartbeatChoice } from './node-policy.ts';
import { orphan } from './node-reports.ts';
import type { NodeAgreementRecord } from './records.ts';
import type { Route } from './router.ts';

/** Agreements as a node sees them. An id belongs to one node: a PUT under another takes it over. */
export const NODE_AGREEMENT_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes/:node/agreements'], methods: { DELETE: deleteAll, GET: listAll } },
  {
    paths: ['/orgs/:org/nodes/:node/agreements/:agreement'],
    methods: { DELETE: deleteOne, PUT: putOne, GET: getOne },
  },
];

const TABLE = 'org.openhorizon.exchangeapi.table.node.agreement';

const body = record(
  'org.openhorizon.exchangeapi.route.node.PutNodeAgreementRequest',
  {
    services: optional(list(record(`${TABLE}.NAService`, { orgid: text, url: text }))),
    agreementService: optional(record(`${TABLE}.NAgrService`, { orgid: text, pattern: text, url: text })),
    state: text,
  },
  { required: ['state'], leaksFormats: true },
);

function listAll(call: Call): Answer {
  const id = authorized(call, 'READ');
  const agreements = [...call.hub.store.nodeAgreements.values()].filter(({ node }) => node === id);
  return listing('agreements', Object.fromEntries(agreements.map((agreement) => [agreement.id, view(agreement)])));
}

function getOne(call: Call): Answer {
  const id = authorized(call, 'READ');
  const agreement = call.hub.store.nodeAgreements.get(call.param('agreement'));
  return listing('agreements', agreement?.node === id ? { [agreement.id]: view(agreement) } : {});
}

function putOne(call: Call): Answer {
  const node = authorized(call, 'WRITE');
  const id = call.param('agreement');
  const { services, agreementService, state } = call.body(body);
  const withHeartbeat = demandHeartbeatChoice(call);
  if (services === null && agreementService === null) call.demand(['must.specify.service.or.agreementservice']);
  const { store, clock } = call.hub;
  const stored = store.nodes.get(node);
  const refuse = (cause: string): Error =>
    call.refusal(500, 'internal_error', 'node.agreement.not.inserted.or.updated', id, node, cause);
  const { orgid = '', pattern = '', url = '' } = agreementService ?? {};
  if (orgid === null || pattern === null || url === null) {
    const column = orgid === null ? 'agrsvcorgid' : pattern === null ? 'agrsvcpattern' : 'agrsvcurl';
    throw refuse(databaseError(nullColumn('nodeagreements', column)));
  }
  if (stored === undefined) throw refuse(orphan('nodeagreements', 'node_fk', node));
  const agreement = { id, node, services: services ?? [], agrService: { orgid, pattern, url }, state: state ?? '' };
  store.nodeAgreements.set(id, { ...agreement, lastUpdated: clock.instant() });
  stored.lastUpdated = clock.instant();
  if (withHeartbeat) stored.lastHeartbeat = clock.instant();
  logAgreements(call, 'created/modified');
  return call.done('node.agreement.added.or.updated');
}

function deleteOne(call: Call): Answer {
  const node = authorized(call, 'WRITE');
  const id = call.param('agreement');
  const { store } = call.hub;
  if (store.nodeAgreements.get(id)?.node !== node) {
    throw call.refusal(404, 'not-found', 'node.agreement.not.found', id, node);
  }
  store.nodeAgreements.delete(id);
  touch(call, node);
  logAgreements(call, 'deleted');
  return DELETED;
}

function deleteAll(call: Call): Answer {
  const node = authorized(call, 'WRITE');
  const { store } = call.hub;
  const ids = [...store.nodeAgreements.values()].filter((agreement) => agreement.node === node).map(({ id }) => id);
  if (ids.length === 0) throw call.refusal(404, 'not-found', 'no.node.agreements.found', node);
  for (const id of ids) store.nodeAgreements.delete(id);
  touch(call, node);
  logAgreements(call, 'deleted');
  return DELETED;
}

function authorized(call: Call, access: 'READ' | 'WRITE'): string {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), access);
  return id;
}

function touch(call: Call, id: string): void {
  const node = call.hub.store.nodes.get(id);
  if (node !== undefined) node.lastUpdated = call.hub.clock.instant();
}

function view({ services, agrService, state, lastUpdated }: NodeAgreementRecord) {
  return { services, agrService, state, lastUpdated };
}

function logAgreements(call: Call, operation: 'created/modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'nodeagreements',
    operation,
  });
}
