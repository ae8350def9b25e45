import { type Answer, attribute, databaseError, listing, missingOrg } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { NullAccess } from './defects.ts';
import { isHubAdmin, isMultiTenantAgbot, isSuperUser, ownerOf } from './identity.ts';
import { isLike, passesFilter } from './like.ts';
import type { AgbotRecord } from './records.ts';
import type { Route } from './router.ts';
import { deleteAgbot, nameOfUser, type Store } from './store.ts';

export const AGBOT_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/agbots'], methods: { GET: listAgbots } },
  {
    paths: ['/orgs/:org/agbots/:agbot'],
    methods: { GET: getAgbot, DELETE: removeAgbot, PATCH: patchAgbot, PUT: putAgbot },
  },
  { paths: ['/orgs/:org/agbots/:agbot/heartbeat'], methods: { POST: heartbeat } },
];

const ROUTE = 'org.openhorizon.exchangeapi.route.agreementbot';

const agbotBody = record(
  `${ROUTE}.PutAgbotsRequest`,
  { token: text, name: text, msgEndPoint: optional(text), publicKey: text },
  { required: ['token', 'name', 'publicKey'], leaksFormats: true },
);

const agbotPatch = record(
  `${ROUTE}.PatchAgbotsRequest`,
  { token: optional(text), name: optional(text), msgEndPoint: optional(text), publicKey: optional(text) },
  { leaksFormats: true },
);

/** The own org's and IBM's. The owner filter is a LIKE pattern only where the name filter is one, as in the real one. */
function listAgbots(call: Call): Answer {
  const organization = call.param('org');
  const { identity } = call;
  const { store } = call.hub;
  call.authorize({ kind: 'agbot', id: compositeId(organization, '*') }, 'READ');
  const everything = isSuperUser(identity) || isMultiTenantAgbot(identity);
  const owner = call.query('owner');
  const ownerFits = (name: string): boolean => {
    if (owner === undefined) return true;
    return call.query('name')?.includes('%') === true ? isLike(name, owner) : name === owner;
  };
  const chosen = [...store.agbots.values()]
    .filter(
      (agbot) =>
        agbot.organization === organization &&
        (everything || agbot.organization === identity.organization || agbot.organization === 'IBM') &&
        passesFilter(agbot.id, call.query('idfilter')) &&
        passesFilter(agbot.name, call.query('name')) &&
        ownerFits(nameOfUser(store, agbot.owner) ?? ''),
    )
    .sort((one, two) => (one.id < two.id ? -1 : 1));
  return listing('agbots', Object.fromEntries(chosen.map((agbot) => [agbot.id, viewAgbot(store, agbot)])));
}

function getAgbot(call: Call): Answer {
  const id = idOf(call, 'agbot');
  const { identity } = call;
  const { store } = call.hub;
  call.authorize(call.target('agbot', id), 'READ');
  const everything = isSuperUser(identity) || isHubAdmin(identity) || isMultiTenantAgbot(identity);
  const agbot = store.agbots.get(id);
  const visible = everything || agbot?.organization === identity.organization || agbot?.organization === 'IBM';
  if (agbot === undefined || !visible) throw call.refusal(404, 'not-found', 'not.found');
  const name = call.query('attribute') ?? '';
  const view = viewAgbot(store, agbot);
  switch (name.toLowerCase()) {
    case 'lastheartbeat':
      return attribute(name, view.lastHeartbeat);
    case 'msgendpoint':
      return attribute(name, view.msgEndPoint);
    case 'name':
      return attribute(name, view.name);
    case 'publickey':
      return attribute(name, view.publicKey);
    case 'owner':
      if (name === 'owner') return attribute(name, view.owner);
      throw new NullAccess(`${name.toLowerCase()} (of class java.lang.String)`);
    case 'orgid':
      throw new NullAccess('orgid (of class java.lang.String)');
    default:
      return listing('agbots', { [id]: view });
  }
}

/** An upsert; only a user can be the owner of a new one. */
function putAgbot(call: Call): Answer {
  const id = idOf(call, 'agbot');
  const organization = call.param('org');
  call.authorize(call.target('agbot', id), 'WRITE');
  const body = call.body(agbotBody);
  if (body.token === '') call.demand(['token.specified.cannot.be.blank']);
  const { store, limits, clock, logins } = call.hub;
  const owner = ownerOf(call.identity);
  const owned = [...store.agbots.values()].filter((agbot) => agbot.owner === owner).length;
  const { identifier } = call.identity;
  if (limits.agbots !== 0 && owned > limits.agbots && identifier !== null) {
    throw call.refusal(403, 'access-denied', 'over.max.limit.of.agbots', limits.agbots);
  }
  if (!store.orgs.has(organization)) {
    const cause = databaseError(missingOrg('agbots', organization));
    throw call.refusal(500, 'internal_error', 'agbot.not.inserted.or.updated', id, cause);
  }
  const fields = {
    token: body.token ?? '',
    name: body.name ?? '',
    msgEndPoint: body.msgEndPoint ?? '',
    publicKey: body.publicKey ?? '',
    lastHeartbeat: clock.instant(),
  };
  const agbot = store.agbots.get(id);
  if (agbot !== undefined) Object.assign(agbot, fields, identifier === null ? {} : { owner: identifier });
  else if (identifier !== null) {
    const empty = { policies: new Map(), patterns: new Map(), messages: new Map() };
    store.agbots.set(id, { id, organization, owner: identifier, ...fields, ...empty });
  }
  logins.delete(id);
  logAgbot(call, 'created/modified');
  return call.done('agbot.added.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = ['token', 'name', 'msgEndPoint', 'publicKey'] as const;

function patchAgbot(call: Call): Answer {
  const id = idOf(call, 'agbot');
  call.authorize(call.target('agbot', id), 'WRITE');
  const body = call.body(agbotPatch);
  if (body.token === '') call.demand(['token.cannot.be.empty.string']);
  const name = PATCHABLE.find((known) => body[known] !== null);
  if (name === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.agbot.attribute.specified');
  const { store, clock, logins } = call.hub;
  const agbot = store.agbots.get(id);
  if (agbot === undefined) throw call.refusal(404, 'not-found', 'agbot.not.found', id);
  Object.assign(agbot, { [name]: body[name], lastHeartbeat: clock.instant() });
  logins.delete(id);
  logAgbot(call, 'modified');
  return call.done('agbot.attribute.updated', name, id);
}

function removeAgbot(call: Call): Answer {
  const id = idOf(call, 'agbot');
  call.authorize(call.target('agbot', id), 'WRITE');
  const { store, logins, ownership } = call.hub;
  if (!store.agbots.has(id)) throw call.refusal(404, 'not-found', 'agbot.not.found', id);
  deleteAgbot(store, id);
  logins.delete(id);
  ownership.remove('agbot', id);
  logAgbot(call, 'deleted');
  return DELETED;
}

function heartbeat(call: Call): Answer {
  const id = idOf(call, 'agbot');
  call.authorize(call.target('agbot', id), 'WRITE');
  const agbot = call.hub.store.agbots.get(id);
  if (agbot === undefined) throw call.refusal(404, 'not-found', 'agbot.not.found', id);
  agbot.lastHeartbeat = call.hub.clock.instant();
  return call.done('agbot.updated');
}

function viewAgbot(store: Store, agbot: AgbotRecord) {
  return {
    id: agbot.id,
    lastHeartbeat: agbot.lastHeartbeat,
    msgEndPoint: agbot.msgEndPoint,
    name: agbot.name,
    orgid: agbot.organization,
    owner: nameOfUser(store, agbot.owner) ?? '',
    publicKey: agbot.publicKey,
    token: '***************',
  };
}

function logAgbot(call: Call, operation: 'created/modified' | 'modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('agbot'),
    category: 'agbot',
    resource: 'agbot',
    operation,
  });
}
