import { type Answer, missingParent, nullColumn } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import type { ServiceRecord } from './records.ts';
import type { Route } from './router.ts';

/** Registry credentials of a service, with the odd answers of reference/exchange-mms.md §0. */
export const DOCK_AUTH_ROUTES: readonly Route[] = [
  {
    paths: ['/orgs/:org/services/:service/dockauths'],
    methods: { DELETE: deleteAll, POST: add, GET: listAll },
  },
  {
    paths: ['/orgs/:org/services/:service/dockauths/:dockauth'],
    methods: { DELETE: deleteOne, PUT: replaceOne, GET: getOne },
  },
];

const body = record('org.openhorizon.exchangeapi.route.service.PostPutServiceDockAuthRequest', {
  registry: text,
  username: optional(text),
  token: text,
});

function listAll(call: Call): Answer {
  const service = authorized(call, 'READ').service;
  const auths = [...(service?.dockAuths.values() ?? [])].sort((one, two) => one.dockAuthId - two.dockAuthId);
  return { status: auths.length === 0 ? 404 : 200, json: auths };
}

function getOne(call: Call): Answer {
  const { service } = authorized(call, 'READ');
  const number = dockAuthId(call, () => call.text('dockauth.must.be.int'));
  const auth = service?.dockAuths.get(number);
  return auth === undefined ? { status: 404, json: [] } : { status: 200, json: auth };
}

/** Adding what is there already only touches its time. The message for the very first one is that of a repeat. */
function add(call: Call): Answer {
  const { id, service } = authorized(call, 'WRITE');
  const { registry, username, token } = call.body(body);
  const { store, clock } = call.hub;
  if (registry === null || token === null || service === undefined) {
    const cause =
      service === undefined
        ? missingParent('servicedockauths', 'serv_dock_auth_fk_services', 'serviceid', id, 'services')
        : nullColumn('servicedockauths', registry === null ? 'registry' : 'token');
    store.nextDockAuthId += 1;
    throw call.refusal(500, 'internal_error', 'service.dockauth.not.inserted', 0, id, cause);
  }
  const wanted = { registry, username: username ?? 'token', token };
  const same = service.dockAuths
    .values()
    .find((auth) => auth.registry === registry && auth.username === wanted.username && auth.token === token);
  const lastUpdated = clock.instant();
  let number = 1;
  if (same === undefined) {
    number = store.nextDockAuthId;
    store.nextDockAuthId += 1;
    service.dockAuths.set(number, { dockAuthId: number, ...wanted, lastUpdated });
  } else same.lastUpdated = lastUpdated;
  logDockAuths(call, service, 'created');
  return number === 1 ? call.done('dockauth.resource.updated') : call.done('dockauth.num.added', number);
}

function replaceOne(call: Call): Answer {
  const { id, service } = authorized(call, 'WRITE');
  const { registry, username, token } = call.body(body);
  const number = dockAuthId(call, (cause) => `dockauthid must be an integer: ${cause}`);
  const auth = service?.dockAuths.get(number);
  if (auth === undefined || service === undefined) throw call.refusal(404, 'ok', 'dockauth.not.found', number);
  if (registry === null || token === null) {
    const cause = nullColumn('servicedockauths', registry === null ? 'registry' : 'token');
    throw call.refusal(500, 'internal_error', 'service.dockauth.not.updated', number, id, cause);
  }
  Object.assign(auth, { registry, username: username ?? 'token', token, lastUpdated: call.hub.clock.instant() });
  logDockAuths(call, service, 'created/modified');
  return call.done('dockauth.updated', number);
}

function deleteOne(call: Call): Answer {
  const { id, service } = authorized(call, 'WRITE');
  const number = dockAuthId(call, (cause) => `dockauthid must be an integer: ${cause}`);
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  if (!service.dockAuths.delete(number)) {
    throw call.refusal(404, 'not-found', 'service.dockauths.not.found', number, id);
  }
  logDockAuths(call, service, 'deleted');
  return DELETED;
}

function deleteAll(call: Call): Answer {
  const { id, service } = authorized(call, 'WRITE');
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  if (service.dockAuths.size === 0) throw call.refusal(404, 'not-found', 'no.dockauths.found.for.service', id);
  service.dockAuths.clear();
  logDockAuths(call, service, 'deleted');
  return DELETED;
}

function authorized(call: Call, access: 'READ' | 'WRITE'): { id: string; service: ServiceRecord | undefined } {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), access);
  return { id, service: call.hub.store.services.get(id) };
}

function dockAuthId(call: Call, complaint: (cause: string) => string): number {
  const written = call.param('dockauth');
  if (/^[+-]?\d{1,10}$/.test(written) && Math.abs(Number(written)) < 2 ** 31) return Number(written);
  const msg = complaint(`For input string: "${written}"`);
  const refusal = call.refusal(400, 'invalid-input', 'bad.input');
  throw Object.assign(refusal, {
    answer: { status: 400, json: { code: call.hub.language.code('invalid-input'), msg } },
  });
}

function logDockAuths(call: Call, service: ServiceRecord, operation: 'created' | 'created/modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('service'),
    category: 'service',
    public: service.public,
    resource: 'servicedockauths',
    operation,
  });
}
