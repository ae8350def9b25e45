import { type Answer, databaseError, listing, missingParent, nullColumn } from './answer.ts';
import { record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { isAgbot, isNode, isUser, resourceOf } from './identity.ts';
import type { AgbotAgreementRecord } from './records.ts';
import type { Route } from './router.ts';

/** Agreements as an agbot sees them. An id belongs to one agbot: a PUT under another takes it over. */
export const AGBOT_AGREEMENT_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/agbots/:agbot/agreements'], methods: { GET: listAll, DELETE: deleteAll } },
  {
    paths: ['/orgs/:org/agbots/:agbot/agreements/:agreement'],
    methods: { GET: getOne, DELETE: deleteOne, PUT: putOne },
  },
  { paths: ['/orgs/:org/agreements/confirm'], methods: { POST: confirm } },
];

const ROUTE = 'org.openhorizon.exchangeapi.route.agreementbot';

const body = record(
  `${ROUTE}.PutAgbotAgreementRequest`,
  {
    service: record('org.openhorizon.exchangeapi.table.agreementbot.AAService', {
      orgid: text,
      pattern: text,
      url: text,
    }),
    state: text,
  },
  { required: ['service', 'state'] },
);

const confirmBody = record(
  `${ROUTE}.PostAgreementsConfirmRequest`,
  { agreementId: text },
  { required: ['agreementId'] },
);

function listAll(call: Call): Answer {
  const id = authorized(call, 'READ');
  const agreements = [...call.hub.store.agbotAgreements.values()].filter(({ agbot }) => agbot === id);
  return listing('agreements', Object.fromEntries(agreements.map((agreement) => [agreement.id, view(agreement)])));
}

function getOne(call: Call): Answer {
  const id = authorized(call, 'READ');
  const agreement = call.hub.store.agbotAgreements.get(call.param('agreement'));
  return listing('agreements', agreement?.agbot === id ? { [agreement.id]: view(agreement) } : {});
}

function putOne(call: Call): Answer {
  const agbot = authorized(call, 'WRITE');
  const id = call.param('agreement');
  const { service, state } = call.body(body);
  const { store, clock } = call.hub;
  const refuse = (cause: string): Error =>
    call.refusal(500, 'internal_error', 'agreement.not.inserted.or.updated', id, agbot, cause);
  const { orgid = null, pattern = null, url = null } = service ?? {};
  if (orgid === null || pattern === null || url === null) {
    const column = orgid === null ? 'serviceorgid' : pattern === null ? 'servicepattern' : 'serviceurl';
    throw refuse(databaseError(nullColumn('agbotagreements', column)));
  }
  if (!store.agbots.has(agbot)) {
    throw refuse(databaseError(missingParent('agbotagreements', 'agbot_fk', 'agbotid', agbot, 'agbots')));
  }
  const lastUpdated = clock.instant();
  store.agbotAgreements.set(id, { id, agbot, service: { orgid, pattern, url }, state: state ?? '', lastUpdated });
  logAgreements(call, 'created/modified');
  return call.done('agreement.added.or.updated');
}

function deleteOne(call: Call): Answer {
  const agbot = authorized(call, 'WRITE');
  const id = call.param('agreement');
  const { store } = call.hub;
  if (store.agbotAgreements.get(id)?.agbot !== agbot) {
    throw call.refusal(404, 'not-found', 'agreement.for.agbot.not.found', id, agbot);
  }
  store.agbotAgreements.delete(id);
  logAgreements(call, 'deleted');
  return DELETED;
}

function deleteAll(call: Call): Answer {
  const agbot = authorized(call, 'WRITE');
  const { store } = call.hub;
  const ids = [...store.agbotAgreements.values()].filter((agreement) => agreement.agbot === agbot).map(({ id }) => id);
  if (ids.length === 0) throw call.refusal(404, 'not-found', 'no.agreements.found.for.agbot', agbot);
  for (const id of ids) store.agbotAgreements.delete(id);
  logAgreements(call, 'deleted');
  return DELETED;
}

/** Whether one of the caller's agbots has this agreement, with a state. */
function confirm(call: Call): Answer {
  const { identity } = call;
  call.authorize({ kind: 'agbot', id: compositeId(call.param('org'), '#') }, 'READ');
  const { agreementId } = call.body(confirmBody);
  if (isNode(identity)) throw call.refusal(403, 'access-denied', 'access.denied');
  const { store } = call.hub;
  const agreement = store.agbotAgreements.get(agreementId ?? '');
  const agbot = store.agbots.get(agreement?.agbot ?? '');
  const concerns =
    agbot !== undefined &&
    (!isAgbot(identity) || agbot.id === resourceOf(identity) || agbot.owner === identity.owner) &&
    (!isUser(identity) || agbot.owner === identity.identifier);
  if (!concerns || agreement === undefined || agreement.state === '') {
    throw call.refusal(404, 'not-found', 'agreement.not.found.not.active');
  }
  return call.done('agreement.active');
}

function authorized(call: Call, access: 'READ' | 'WRITE'): string {
  const id = idOf(call, 'agbot');
  call.authorize(call.target('agbot', id), access);
  return id;
}

function view({ service, state, lastUpdated }: AgbotAgreementRecord) {
  return { service, state, lastUpdated, dataLastReceived: '' };
}

function logAgreements(call: Call, operation: 'created/modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('agbot'),
    category: 'agbot',
    resource: 'agbotagreements',
    operation,
  });
}
