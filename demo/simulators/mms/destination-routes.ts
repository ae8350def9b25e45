/** `…/{id}/destinations`: which nodes an object goes to, and how far it has come. */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import { mayWrite } from './access.ts';
import * as answer from './answers.ts';
import type { ApiContext } from './api-context.ts';
import { decodeDestinations, decodeDestinationsChange } from './decode-bodies.ts';
import { attempt } from './go-decode.ts';
import { printableDeliveries } from './object-lists.ts';
import type { ObjectKey } from './stored-object.ts';

export async function destinations(
  context: ApiContext,
  request: HttpRequest,
  key: ObjectKey,
  all: boolean,
): Promise<HttpAnswer> {
  switch (request.method) {
    case 'GET':
      return list(context, key, all);
    case 'PUT':
      return replace(context, request, key);
    case 'POST':
      return change(context, request, key);
    default:
      return answer.methodNotAllowed;
  }
}

function list({ service }: ApiContext, key: ObjectKey, all: boolean): HttpAnswer {
  const object = service.store.get(key);
  if (!all && !object?.meta.public) return answer.forbidden;
  const deliveries = object?.deliveries ?? [];
  return deliveries.length === 0 ? answer.notFound : answer.json(printableDeliveries(deliveries));
}

async function replace(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const { service, placement } = context;
  const object = service.store.get(key);
  if (object === undefined) return answer.notFound;
  const identity = await context.authenticate(request);
  if (!mayWrite(identity, key.org, object.meta.objectType, service.side)) return answer.forbidden;
  const wanted = attempt(() => decodeDestinations(request.body.toString()));
  if ('problem' in wanted) return answer.plain(400, `Invalid JSON for update. Error: ${wanted.problem}`);
  const marked = wanted.value.find((destination) => /[<>]/.test(destination));
  if (marked !== undefined) {
    return answer.plain(
      400,
      `Unsupported char in destinationsList. Error: destinationsList contains unsupported char: < or > (${marked})`,
    );
  }
  return answer.refusing('', () => {
    placement.replace(key, wanted.value);
    return answer.noContent;
  });
}

/** Whoever may read the object may change where it goes: rights to write are not looked at. */
async function change({ placement }: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const wanted = attempt(() => decodeDestinationsChange(request.body.toString()));
  if ('problem' in wanted) {
    return answer.plain(400, `Invalid JSON for add/remove destinations. Error: ${wanted.problem}`);
  }
  const { action, destinations: named } = wanted.value;
  const names = named ?? [];
  return answer.refusing('', () => {
    switch (action.toLowerCase()) {
      case 'add':
        placement.add(key, names);
        return answer.noContent;
      case 'remove':
        placement.remove(key, names);
        return answer.noContent;
      default:
        return answer.plain(400, `Invalid action (${action}) in payload.`);
    }
  });
}
