/** `/api/v1/objects/{org}` and `/api/v1/objects/…/{type}`: the listings. */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import type { Identity } from './access.ts';
import * as answer from './answers.ts';
import { type ApiContext, type Sight, seen, sightOfType } from './api-context.ts';
import { decodeWebhookChange } from './decode-bodies.ts';
import { attempt } from './go-decode.ts';
import { printable } from './meta-data.ts';
import {
  hasPolicy,
  hasPolicySince,
  isArrived,
  isOfType,
  matches,
  namingService,
  withDestinations,
} from './object-lists.ts';
import { boolOf, filterOf, pairOf, serviceNameRefusal } from './query.ts';
import { isNamedBy, wasRemoved } from './service-access.ts';
import type { StoredObject } from './stored-object.ts';

/** `GET /api/v1/objects/{org}?…`: the first of the three parameters that is there decides. */
export async function orgRoute(context: ApiContext, request: HttpRequest, org: string): Promise<HttpAnswer> {
  if (request.method !== 'GET') return answer.methodNotAllowed;
  for (const [parameter, list] of [
    ['destination_policy', listWithPolicy],
    ['filters', listFiltered],
    ['list_object_type', listTypes],
  ] as const) {
    const value = request.query.get(parameter) ?? '';
    if (value !== '') return boolOf(value) === true ? list(context, request, org) : answer.badRequest;
  }
  return answer.badRequest;
}

/** `/api/v1/objects/…/{type}`. */
export async function typeRoute(
  context: ApiContext,
  request: HttpRequest,
  org: string,
  type: string,
): Promise<HttpAnswer> {
  if (request.method === 'PUT') return changeWebhook(context, request, org, type);
  if (request.method !== 'GET') return answer.methodNotAllowed;
  const all = boolOf(request.query.get('all_objects') ?? '');
  const received = boolOf(request.query.get('received') ?? '');
  if (all === undefined || (!all && received === undefined)) return answer.badRequest;
  const refusal = answer.nameRefusal({ org, type });
  if (refusal !== undefined) return refusal;
  const sight = await sightOfType(context, request, org, type);
  if (sight === undefined) return answer.forbidden;
  const objects = context.service.store.all();
  return all
    ? listAll(sight, objects.filter(isOfType(org, type)))
    : listArrived(sight, objects.filter(isArrived(org, type, received === true)));
}

function listAll(sight: Sight, objects: readonly StoredObject[]): HttpAnswer {
  const { identity } = sight;
  const visible =
    identity.role === 'service'
      ? objects.filter(({ meta }) => isNamedBy(meta.destinationPolicy, identity.service))
      : seen(sight, objects);
  return answer.listing(visible.map(withDestinations));
}

function listArrived(sight: Sight, objects: readonly StoredObject[]): HttpAnswer {
  const { identity } = sight;
  if (identity.role !== 'service') return answer.listing(seen(sight, objects).map(({ meta }) => printable(meta)));
  const { service } = identity;
  return answer.listing(
    objects
      .filter((object) => isNamedBy(object.meta.destinationPolicy, service) || wasRemoved(object, service))
      .map((object) => printable(wasRemoved(object, service) ? { ...object.meta, deleted: true } : object.meta)),
  );
}

/** A webhook is refused to services of policy nodes, whatever they may see (§C.8). */
async function changeWebhook(
  context: ApiContext,
  request: HttpRequest,
  org: string,
  type: string,
): Promise<HttpAnswer> {
  const refusal = answer.nameRefusal({ org, type });
  if (refusal !== undefined) return refusal;
  const sight = await sightOfType(context, request, org, type);
  if (sight === undefined || sight.identity.role === 'service') return answer.forbidden;
  if (context.service.side.kind === 'CSS' && !sight.all) return answer.forbidden;
  const decoded = attempt(() => decodeWebhookChange(request.body.toString()));
  if ('problem' in decoded) return answer.plain(400, `Invalid JSON for update. Error: ${decoded.problem}`);
  const { action, url } = decoded.value;
  return answer.refusing('', () => {
    if (action.toLowerCase() === 'delete') context.webhooks.delete(type, url);
    else if (action.toLowerCase() === 'register') context.webhooks.register(type, url);
    return answer.noContent;
  });
}

const mayList = (identity: Identity | undefined): identity is Identity =>
  identity !== undefined && identity.role !== 'edge-node' && identity.role !== 'service';

async function listFiltered(context: ApiContext, request: HttpRequest, org: string): Promise<HttpAnswer> {
  const orgRefusal = answer.nameRefusal({ org });
  if (orgRefusal !== undefined) return orgRefusal;
  const identity = await context.authenticate(request);
  if (!mayList(identity)) return answer.forbidden;
  const filter = filterOf(request.query);
  if ('answer' in filter) return filter.answer;
  const objects = context.service.store.all().filter(matches(org, filter.value));
  if (objects.length === 0) return answer.notFound;
  return answer.json(accessible(identity, org, objects, filter.value.objectType).map(({ meta }) => printable(meta)));
}

async function listTypes(context: ApiContext, request: HttpRequest, org: string): Promise<HttpAnswer> {
  const refusal = answer.nameRefusal({ org });
  if (refusal !== undefined) return refusal;
  const identity = await context.authenticate(request);
  if (!mayList(identity)) return answer.forbidden;
  const objects = context.service.store.all().filter(matches(org, {}));
  if (objects.length === 0) return answer.notFound;
  return answer.json([...new Set(accessible(identity, org, objects, '').map(({ meta }) => meta.objectType))]);
}

/** The agbot's feed: by time of the last change, by service, or all that it has not seen. */
async function listWithPolicy(context: ApiContext, request: HttpRequest, org: string): Promise<HttpAnswer> {
  const identity = await context.authenticate(request);
  if (!mayList(identity)) return answer.forbidden;
  const received = boolOf(request.query.get('received') ?? '');
  if (received === undefined) return answer.badRequest;
  const service = pairOf(request.query.get('service') ?? '');
  if (service === null) return answer.badRequest;
  const refusal = serviceNameRefusal(service);
  if (refusal !== undefined) return refusal;
  const sinceText = request.query.get('since') ?? '';
  if (sinceText !== '' && !/^\+?0*[1-9]\d{0,18}$/.test(sinceText)) return answer.badRequest;

  const all = context.service.store.all();
  const objects =
    sinceText !== ''
      ? all.filter(hasPolicySince(org, BigInt(sinceText)))
      : service === undefined
        ? all.filter(hasPolicy(org, received))
        : namingService(all, org, service);
  return objects.length === 0
    ? answer.notFound
    : answer.json(accessible(identity, org, objects, undefined).map(withDestinations));
}

/** What of a listing the asker gets: it may be nothing, and is then an empty list and no 404. */
function accessible(
  identity: Identity,
  org: string,
  objects: readonly StoredObject[],
  typeAskedFor: string | undefined,
): readonly StoredObject[] {
  if (identity.role === 'sync-admin') return objects;
  const own = identity.org === org;
  if (own && identity.role !== 'node-user') return objects;
  return objects.filter(
    ({ meta }) => meta.public || (own && typeAskedFor !== undefined && meta.objectType === 'agent_upgrade_manifests'),
  );
}
