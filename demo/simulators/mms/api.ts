/**
 * The API under `/api/v1`, on either side. Left out, and answered with 501: object ACLs (they concern nobody who logs
 * in through the Exchange), organisations (there are none on a bolt store that nobody made) and shutdown.
 */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import * as answer from './answers.ts';
import type { ApiContext } from './api-context.ts';
import { orgRoute, typeRoute } from './list-routes.ts';
import { objectRoute, operationRoute } from './object-routes.ts';
import { boolOf } from './query.ts';

const OBJECTS = '/api/v1/objects/';

/** `undefined`: the path is none of the API's. */
export async function apiRoute(
  context: ApiContext,
  request: HttpRequest,
  path: string,
): Promise<HttpAnswer | undefined> {
  if (path.startsWith(OBJECTS)) return objectsRoute(context, request, path.slice(OBJECTS.length));
  if (path === '/api/v1/health') return health(context, request);
  if (path === '/api/v1/resend') return resend(context, request);
  if (/^\/api\/v1\/(security\/|organizations(\/|$)|shutdown$)/.test(path)) {
    return answer.plain(501, 'The simulator leaves this out');
  }
  return undefined;
}

/** The cloud side has the organisation in the path; a node's is known. One slash at the end is allowed. */
async function objectsRoute(context: ApiContext, request: HttpRequest, rest: string): Promise<HttpAnswer> {
  if (rest === '') return answer.badRequest;
  const { side } = context.service;
  const names = rest.split('/');
  const org = side.kind === 'CSS' ? (names.shift() ?? '') : side.org;
  if (names.length > 1 && names.at(-1) === '') names.pop();
  const [type = '', id = '', operation = ''] = names;
  switch (names.length) {
    case 0:
      return orgRoute(context, request, org);
    case 1:
      return typeRoute(context, request, org, type);
    case 2:
      return objectRoute(context, request, { org, type, id });
    case 3:
      return operationRoute(context, request, { org, type, id }, operation.toLowerCase());
    default:
      return answer.badRequest;
  }
}

async function health(context: ApiContext, request: HttpRequest): Promise<HttpAnswer> {
  const details = boolOf(request.query.get('details') ?? '');
  if (details === undefined) return answer.badRequest;
  const identity = await context.authenticate(request);
  if (identity === undefined || identity.role === 'edge-node') return answer.forbidden;
  return answer.json({
    general: {
      nodeType: context.service.side.kind,
      healthStatus: 'green',
      upTime: Math.floor((performance.now() - context.startedAt) / 1000),
    },
    dbHealth: { dbStatus: 'green', disconnectedFromDB: false, dbReadFailures: 0, dbWriteFailures: 0 },
  });
}

/** Only a node can ask for everything again, and only the services of a pattern node may make it. */
async function resend(context: ApiContext, request: HttpRequest): Promise<HttpAnswer> {
  const identity = await context.authenticate(request);
  if (identity?.role !== 'admin' && identity?.role !== 'sync-admin') return answer.forbidden;
  if (request.method !== 'POST') return answer.methodNotAllowed;
  return answer.refusing('Failed to send resend objects request. Error: ', async () => {
    await context.resend();
    return answer.noContent;
  });
}
