import { type Answer, attribute, duplicateKey, listing } from './answer.ts';
import { heartbeatIntervals, NO_HEARTBEAT_INTERVALS } from './bodies.ts';
import { int, list, map, optional, record, text } from './body-shape.ts';
import { type Call, DELETED } from './call.ts';
import { notNull } from './defects.ts';
import { isAgbot, isNode, isOrgAdmin, isStandardUser } from './identity.ts';
import { passesFilter } from './like.ts';
import type { OrgRecord } from './records.ts';
import type { Route } from './router.ts';
import { deleteOrg } from './store.ts';

export const ORG_ROUTES: readonly Route[] = [
  { paths: ['/orgs'], methods: { GET: listOrgs } },
  {
    paths: ['/orgs/:org'],
    methods: { DELETE: removeOrg, GET: getOrg, PATCH: patchOrg, POST: createOrg, PUT: replaceOrg },
  },
  { paths: ['/myorgs'], methods: { POST: findMyOrgs } },
];

const limits = optional(record('org.openhorizon.exchangeapi.table.organization.OrgLimits', { maxNodes: int }));

const orgBody = record(
  'org.openhorizon.exchangeapi.route.organization.PostPutOrgRequest',
  {
    orgType: optional(text),
    label: text,
    description: text,
    tags: optional(map(text)),
    limits,
    heartbeatIntervals: optional(heartbeatIntervals),
  },
  { required: ['label', 'description'], leaksFormats: true },
);

const orgPatch = record(
  'org.openhorizon.exchangeapi.route.organization.PatchOrgRequest',
  {
    orgType: optional(text),
    label: optional(text),
    description: optional(text),
    tags: optional(map(optional(text))),
    limits,
    heartbeatIntervals: optional(heartbeatIntervals),
  },
  { leaksFormats: true },
);

/** IBM Cloud accounts of a user, by which his orgs are found. */
const accounts = list(
  record('org.openhorizon.exchangeapi.auth.cloud.IamAccountInfo', {
    id: text,
    name: text,
    description: text,
    createdOn: text,
  }),
);

function listOrgs(call: Call): Answer {
  const { identity } = call;
  call.authorize({ kind: 'org', id: identity.organization }, 'READ');
  const orgType = call.query('orgtype');
  if (orgType !== undefined && orgType !== 'IBM') call.demand(['org.get.orgtype']);
  const chosen = [...call.hub.store.orgs.values()].filter(
    (org) =>
      (!(isOrgAdmin(identity) || isStandardUser(identity)) || [identity.organization, 'IBM'].includes(org.id)) &&
      (!(isAgbot(identity) || isNode(identity)) || org.id === identity.organization) &&
      passesFilter(org.description, call.query('description')) &&
      passesFilter(org.label, call.query('label')) &&
      passesFilter(org.id, call.query('organization')) &&
      (orgType === undefined || org.id === orgType),
  );
  return listing('orgs', Object.fromEntries(chosen.map((org) => [org.id, viewOrg(org)])));
}

function getOrg(call: Call): Answer {
  const id = call.param('org');
  call.authorize({ kind: 'org', id }, 'READ');
  const org = call.hub.store.orgs.get(id);
  const name = call.query('attribute');
  if (name === undefined) return listing('orgs', org === undefined ? {} : { [id]: viewOrg(org) });
  const known = ['orgType', 'label', 'description', 'lastUpdated', 'tags', 'limits', 'heartbeatIntervals'];
  if (!known.includes(name)) call.demand(['org.attr.not.part.of.org', name]);
  if (org === undefined) throw call.refusal(404, 'not-found', 'org.not.found', id);
  const value = new Map<string, unknown>(Object.entries({ ...org, tags: org.tags ?? {} })).get(name) ?? '';
  return attribute(name, typeof value === 'string' ? value : JSON.stringify(value));
}

function createOrg(call: Call): Answer {
  const id = call.param('org');
  call.authorize({ kind: 'org', id: '' }, 'CREATE');
  const body = call.body(orgBody);
  demandLimit(call, body.limits?.maxNodes ?? 0);
  const { store } = call.hub;
  if (store.orgs.has(id)) {
    throw call.refusal(409, 'already-exists', 'org.already.exists', id, duplicateKey('orgs_pkey', 'orgid', id));
  }
  store.orgs.set(id, { id, ...fieldsOf(call, body) });
  logOrg(call, 'created');
  return call.done('org.created', id);
}

/** The body is read before the rights are known, since an org type of IBM needs more of them. */
function replaceOrg(call: Call): Answer {
  const id = call.param('org');
  const body = call.body(orgBody);
  call.authorize({ kind: 'org', id }, body.orgType === 'IBM' ? 'SET_IBM_ORG_TYPE' : 'WRITE');
  demandLimit(call, body.limits?.maxNodes ?? 0);
  const org = call.hub.store.orgs.get(id);
  if (org === undefined) throw call.refusal(404, 'not-found', 'org.not.found', id);
  Object.assign(org, fieldsOf(call, body));
  logOrg(call, 'created/modified');
  return call.done('org.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = ['orgType', 'label', 'description', 'heartbeatIntervals', 'tags', 'limits'] as const;

function patchOrg(call: Call): Answer {
  const id = call.param('org');
  const body = call.body(orgPatch);
  call.authorize({ kind: 'org', id }, body.orgType === 'IBM' ? 'SET_IBM_ORG_TYPE' : 'WRITE');
  demandLimit(call, body.limits?.maxNodes ?? 0);
  const name = PATCHABLE.find((known) => body[known] !== null);
  if (name === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.org.attr.specified');
  const org = call.hub.store.orgs.get(id);
  if (org === undefined) throw call.refusal(404, 'not-found', 'org.not.found', id);
  const value = name === 'tags' ? withoutNulls(body.tags ?? {}) : body[name];
  Object.assign(org, { [name]: value, lastUpdated: call.hub.clock.instant() });
  logOrg(call, 'modified');
  return call.done('org.attr.updated', name, id);
}

function withoutNulls(tags: Readonly<Record<string, string | null>>): Readonly<Record<string, string | null>> {
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== null));
}

function removeOrg(call: Call): Answer {
  const id = call.param('org');
  call.authorize({ kind: 'org', id }, 'DELETE_ORG');
  if (id === 'root') call.demand(['cannot.delete.root.org']);
  if (!call.hub.store.orgs.has(id)) throw call.refusal(404, 'not-found', 'org.not.found', id);
  deleteOrg(call.hub.store, id);
  logOrg(call, 'deleted');
  return DELETED;
}

/** Orgs tagged with one of these accounts or groups. */
function findMyOrgs(call: Call): Answer {
  call.authorize({ kind: 'org', id: '#' }, 'READ_MY_ORG');
  const wanted = call
    .body(accounts)
    .map((account) => notNull(account, 'org.openhorizon.exchangeapi.auth.cloud.IamAccountInfo.id()').id);
  const chosen = [...call.hub.store.orgs.values()].filter(
    ({ id, tags }) =>
      tags !== null &&
      (call.identity.role === 'SuperUser' || id !== 'root') &&
      [tags.ibmcloud_id, tags.group].some((tag) => tag !== undefined && tag !== null && wanted.includes(tag)),
  );
  return listing('orgs', Object.fromEntries(chosen.map((org) => [org.id, viewOrg(org)])));
}

function demandLimit(call: Call, maxNodes: number): void {
  const { nodes } = call.hub.limits;
  if (maxNodes > nodes) call.demand(['org.limits.cannot.be.over.exchange.limits', maxNodes, nodes]);
}

function fieldsOf(
  call: Call,
  body: {
    readonly orgType: string | null;
    readonly label: string | null;
    readonly description: string | null;
    readonly tags: OrgRecord['tags'];
    readonly limits: OrgRecord['limits'];
    readonly heartbeatIntervals: OrgRecord['heartbeatIntervals'];
  },
) {
  return {
    orgType: body.orgType ?? '',
    label: body.label ?? '',
    description: body.description ?? '',
    tags: body.tags,
    limits: body.limits,
    heartbeatIntervals: body.heartbeatIntervals,
    lastUpdated: call.hub.clock.instant(),
  };
}

function viewOrg({ id, ...org }: OrgRecord) {
  return {
    ...org,
    limits: org.limits ?? { maxNodes: 0 },
    heartbeatIntervals: org.heartbeatIntervals ?? NO_HEARTBEAT_INTERVALS,
  };
}

function logOrg(call: Call, operation: 'created' | 'created/modified' | 'modified' | 'deleted'): void {
  const id = call.param('org');
  call.logChange({ orgId: id, id, category: 'org', resource: 'org', operation });
}
