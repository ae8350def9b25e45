/** `/api/v1/destinations/{org}`: the nodes that have registered, and what each has of the objects. */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import * as answer from '../mms/answers.ts';
import type { Writable } from '../mms/go-json-write.ts';
import type { Cloud } from './cloud.ts';
import type { Notification, NotificationStatus } from './notifications.ts';

const DESTINATIONS = '/api/v1/destinations/';

/** How far a node has come with an object, by the record of it. */
const PROGRESS: ReadonlyMap<NotificationStatus, string> = new Map([
  ['updatePending', 'delivering'],
  ['updated', 'delivering'],
  ['receivedByDest', 'delivered'],
  ['consumedByDest', 'consumed'],
  ['error', 'error'],
]);

/** `undefined`: another path. */
export async function destinationsRoute(
  cloud: Cloud,
  request: HttpRequest,
  path: string,
): Promise<HttpAnswer | undefined> {
  if (!path.startsWith(DESTINATIONS)) return undefined;
  const identity = await cloud.authenticate(request);
  if (identity === undefined || identity.role === 'edge-node') return answer.forbidden;
  if (request.method !== 'GET') return answer.methodNotAllowed;
  const rest = path.slice(DESTINATIONS.length);
  if (rest === '') return answer.badRequest;
  const [org = '', ...names] = rest.split('/');
  const refusal = answer.nameRefusal({ org });
  if (refusal !== undefined) return refusal;
  if (identity.role !== 'sync-admin' && identity.org !== org) return answer.forbidden;

  if (names.length === 0 || (names.length === 1 && names[0] === '')) return answer.listing(nodesOf(cloud, org));
  // The word `objects` is looked for only where a slash follows it; without one, any word does.
  const [type = '', id = '', word, end] = names;
  if (names.length !== 3 && !(names.length === 4 && end === '' && word === 'objects')) return answer.badRequest;
  const badName = answer.nameRefusal({ org, destination: { type, id } });
  if (badName !== undefined) return badName;
  const records = cloud.notifications.for({ org, type, id });
  return answer.listing(records.flatMap((record) => progressOf(record)));
}

const nodesOf = (cloud: Cloud, org: string): Writable[] =>
  cloud.registry.of(org).map(({ type, id }) => ({
    destinationOrgID: org,
    destinationType: type,
    destinationID: id,
    communication: 'http',
    codeVersion: '1.0',
  }));

function progressOf({ key, status }: Notification): Writable[] {
  const progress = PROGRESS.get(status);
  return progress === undefined ? [] : [{ orgID: key.org, objectType: key.type, objectID: key.id, status: progress }];
}
