/** `/api/v1/objects/…/{type}/{id}` and what hangs below it. */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import { mayWrite } from './access.ts';
import * as answer from './answers.ts';
import { type ApiContext, sightOfObject } from './api-context.ts';
import { getData, putData } from './data-routes.ts';
import { decodeObjectUpdate } from './decode-update.ts';
import { destinations } from './destination-routes.ts';
import { attempt } from './go-decode.ts';
import { printable } from './meta-data.ts';
import type { ObjectKey } from './stored-object.ts';

export async function objectRoute(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const refusal = answer.nameRefusal(key);
  if (refusal !== undefined) return refusal;
  switch (request.method) {
    case 'GET':
      return getMeta(context, request, key);
    case 'PUT':
      return putObject(context, request, key);
    case 'DELETE':
      return deleteObject(context, request, key);
    default:
      return answer.methodNotAllowed;
  }
}

async function getMeta(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const sight = await sightOfObject(context, request, key);
  if (sight === undefined) return answer.forbidden;
  const object = context.service.store.get(key);
  if (object === undefined) return sight.all ? answer.notFound : answer.forbidden;
  return sight.all || object.meta.public ? answer.json(printable(object.meta)) : answer.forbidden;
}

/** The body is read before anybody logs in: a malformed one is a 400 even for strangers. */
async function putObject(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const { service } = context;
  const decoded = attempt(() => decodeObjectUpdate(request.body.toString()));
  if ('problem' in decoded) return answer.plain(400, `Invalid JSON for update. Error: ${decoded.problem}`);
  const update = decoded.value;
  const identity = await context.authenticate(request);
  if (identity === undefined || !mayWrite(identity, key.org, update.meta.objectType, service.side)) {
    return answer.forbidden;
  }
  const meta =
    service.side.kind === 'CSS' ? { ...update.meta, ownerID: `${identity.org}/${identity.id}` } : update.meta;
  return answer.refusing('', () => {
    service.update(key, meta, update.data);
    return answer.noContent;
  });
}

async function deleteObject(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const { service } = context;
  const sight = await sightOfObject(context, request, key);
  if (sight === undefined) return answer.forbidden;
  if (service.side.kind === 'CSS' && sight.identity.role !== 'sync-admin') {
    const object = service.store.get(key);
    if (object === undefined) return answer.notFound;
    if (!mayWrite(sight.identity, key.org, object.meta.objectType, service.side)) return answer.forbidden;
  }
  return answer.refusing('Failed to delete the object. Error: ', () => {
    service.remove(key);
    return answer.noContent;
  });
}

/** `…/{id}/{operation}`. */
export async function operationRoute(
  context: ApiContext,
  request: HttpRequest,
  key: ObjectKey,
  operation: string,
): Promise<HttpAnswer> {
  const refusal = answer.nameRefusal(key);
  if (refusal !== undefined) return refusal;
  if (operation === 'deleted') return deletionSeen(context, request, key);

  const sight = await sightOfObject(context, request, key);
  if (sight === undefined) return answer.forbidden;
  const { service } = context;
  switch (operation) {
    case 'consumed':
      return acknowledgement(request, sight.all, 'Failed to mark the object as consumed. Error: ', () =>
        service.consumed(key),
      );
    case 'received':
      return acknowledgement(request, sight.all, 'Failed to mark the object as received. Error: ', () =>
        service.received(key),
      );
    case 'activate':
      return acknowledgement(request, sight.all, 'Failed to mark the object as active. Error: ', () =>
        service.activate(key),
      );
    case 'policyreceived':
      if (sight.all && request.method === 'PUT' && service.side.kind === 'ESS') return answer.badRequest;
      return acknowledgement(
        request,
        sight.all,
        "Failed to mark the object's destination policy as having been received. Error: ",
        () => service.policyReceived(key),
      );
    case 'status':
      return getStatus(context, request, key, sight.all);
    case 'destinations':
      return destinations(context, request, key, sight.all);
    case 'data':
      if (request.method === 'GET') return getData(context, request, key, sight.all);
      return request.method === 'PUT' ? putData(context, request, key) : answer.methodNotAllowed;
    default:
      return answer.badRequest;
  }
}

async function deletionSeen(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const sight = await sightOfObject(context, request, key, true);
  if (sight === undefined) return answer.forbidden;
  const by = sight.identity.role === 'service' ? sight.identity.service : undefined;
  const refused = sight.all || request.method !== 'PUT';
  return acknowledgement(request, refused, "Failed to confirm object's deletion. Error: ", () =>
    context.service.deletionSeen(key, by),
  );
}

async function acknowledgement(
  request: HttpRequest,
  allowed: boolean,
  prefix: string,
  act: () => void | Promise<void>,
): Promise<HttpAnswer> {
  if (!allowed) return answer.forbidden;
  if (request.method !== 'PUT') return answer.methodNotAllowed;
  return answer.refusing(prefix, async () => {
    await act();
    return answer.noContent;
  });
}

function getStatus({ service }: ApiContext, request: HttpRequest, key: ObjectKey, all: boolean): HttpAnswer {
  if (request.method !== 'GET') return answer.methodNotAllowed;
  const object = service.store.get(key);
  if (!all && !object?.meta.public) return answer.forbidden;
  return object === undefined ? answer.notFound : answer.statusText(object.status);
}
