/** The protocol with which nodes register, fetch and report (edge-sync-service core/communications/httpCommunication.go). */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import type { Identity } from '../mms/access.ts';
import { plain, refusing } from '../mms/answers.ts';
import { contentRangeOf, rangeOf } from '../mms/data-routes.ts';
import { decodeFeedback, type Feedback } from '../mms/decode-bodies.ts';
import { decodeMetaData } from '../mms/decode-update.ts';
import { attempt } from '../mms/go-decode.ts';
import { parseGoJson } from '../mms/go-json-text.ts';
import { writeGoJson } from '../mms/go-json-write.ts';
import { type MetaData, printable } from '../mms/meta-data.ts';
import { isValidName } from '../mms/names.ts';
import { boolOf } from '../mms/query.ts';
import { IDENTITY_HEADER, parseSpiPath, SPI, type SpiTarget } from '../mms/spi-path.ts';
import type { Destination } from '../mms/stored-object.ts';
import { internalError, invalidRequest } from '../mms/sync-error.ts';
import type { Cloud } from './cloud.ts';
import { PENDING } from './notifications.ts';

const REGISTRATIONS = new Set(['register', 'register-new', 'ping']);

const status = (code: number): HttpAnswer => ({ status: code });
const forbidden: HttpAnswer = {
  status: 403,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Unauthorized',
};

/** `undefined`: none of the protocol's paths. */
export async function spiRoute(cloud: Cloud, request: HttpRequest, path: string): Promise<HttpAnswer | undefined> {
  if (!path.startsWith(SPI)) return undefined;
  const [call = '', ...rest] = path.slice(SPI.length).split('/');
  if (REGISTRATIONS.has(call)) return withoutCaching(await register(cloud, request, call));
  if (call === 'unregister') return withoutCaching(await unregister(cloud, request));
  if (call !== 'objects') return undefined;
  return withoutCaching(await refusing('', () => objects(cloud, request, rest.join('/'))));
}

/** These handlers set no headers of their own. */
function withoutCaching(answer: HttpAnswer): HttpAnswer {
  const headers = { ...answer.headers };
  for (const name of ['cache-control', 'pragma', 'strict-transport-security']) delete headers[name];
  return { ...answer, headers };
}

async function register(cloud: Cloud, request: HttpRequest, call: string): Promise<HttpAnswer> {
  if (request.method !== 'PUT') return status(405);
  const node = await nodeOf(cloud, request);
  if (node === undefined) return forbidden;
  if (boolOf(request.query.get('persistent-storage') ?? '') === undefined) return status(400);
  return refusing('', () => {
    if (!isValidName(node.type) || !isValidName(node.id)) {
      throw internalError('Error in handleRegistration: destination contains invalid characters');
    }
    if (call === 'register-new') cloud.welcome(node);
    // A node that is not known shall register as a new one.
    else if (cloud.registry.find(node.org, node.type, node.id) === undefined) return status(404);
    return status(204);
  });
}

async function unregister(cloud: Cloud, request: HttpRequest): Promise<HttpAnswer> {
  if (request.method !== 'PUT') return status(405);
  const node = await nodeOf(cloud, request);
  if (node === undefined) return forbidden;
  cloud.forget(node);
  return status(204);
}

async function objects(cloud: Cloud, request: HttpRequest, rest: string): Promise<HttpAnswer> {
  if (request.method !== 'GET' && request.method !== 'PUT') return status(405);
  const node = await nodeOf(cloud, request);
  if (node === undefined) return forbidden;
  if (request.method === 'GET' && rest === '') {
    return isRegistered(cloud, node) ? pending(cloud, node) : status(424);
  }
  const target = parseSpiPath(rest);
  if (target === undefined) return status(400);
  if (request.method === 'GET') {
    return target.action === 'data' ? sendData(cloud, request, { ...target, node }) : status(400);
  }
  return isRegistered(cloud, node) ? report(cloud, request, { ...target, node }) : status(424);
}

const isRegistered = (cloud: Cloud, { org, type, id }: Destination): boolean =>
  cloud.registry.find(org, type, id) !== undefined;

/** What the node has not fetched yet: metadata, with what happened to it. */
function pending(cloud: Cloud, node: Destination): HttpAnswer {
  const notifications = cloud.notifications.for(node).filter((notification) => PENDING.has(notification.status));
  if (notifications.length === 0) return status(204);
  const messages = notifications.flatMap(({ key, status: kind, instanceID }) => {
    const meta = cloud.store.get(key)?.meta;
    if (meta === undefined || meta.instanceID !== instanceID) return [];
    return [{ Type: PENDING.get(kind) ?? '', MetaData: printable({ ...meta, destinationID: node.id }) }];
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body: writeGoJson(messages) };
}

type NodeReport = SpiTarget & { readonly node: Destination };

async function report(cloud: Cloud, request: HttpRequest, target: NodeReport): Promise<HttpAnswer> {
  const { deliveries, arrivals } = cloud;
  switch (target.action) {
    case 'update':
      arrivals.update({ ...metaOf(request), ownerID: `${target.node.org}/${target.node.id}` });
      break;
    case 'data':
      takeData(cloud, request, target);
      break;
    case 'updated':
      deliveries.updated(target);
      break;
    case 'received':
      deliveries.received(target);
      break;
    case 'consumed':
      deliveries.consumed(target);
      break;
    case 'feedback':
      deliveries.failed(target, feedbackOf(request));
      break;
    case 'ackDelete':
      deliveries.deletionKnown(target);
      break;
    case 'deleted':
      // The body names the object; the version counts.
      metaOf(request);
      deliveries.deletionSeen(target);
      break;
    case 'delete':
      arrivals.deleted(metaOf(request));
      break;
    case 'ackconsumed':
      arrivals.consumptionKnown(target);
      break;
    case 'ackDeleted':
      arrivals.deletionKnown(target);
      break;
    case 'resend':
      cloud.sendAgain(target.node);
      break;
    default:
      return status(400);
  }
  return status(204);
}

function metaOf(request: HttpRequest): MetaData {
  const decoded = attempt(() => decodeMetaData(parseGoJson(request.body.toString())));
  if ('problem' in decoded) throw invalidRequest(`Invalid JSON in HTTP message body. Error: ${decoded.problem}`);
  return decoded.value;
}

function feedbackOf(request: HttpRequest): Feedback {
  const decoded = attempt(() => decodeFeedback(request.body.toString()));
  if ('problem' in decoded) throw internalError(decoded.problem);
  return decoded.value;
}

function takeData(cloud: Cloud, request: HttpRequest, { key }: NodeReport): void {
  const range = contentRangeOf(request.headers['content-range']);
  if (typeof range === 'string') throw invalidRequest(`Failed to parse Content-Range header, Error: ${range}`);
  if (range === undefined) cloud.arrivals.data(key, request.body);
  else cloud.arrivals.chunk(key, request.body, range);
}

/** Nothing to send, and no notification for it, is an empty 204. */
function sendData(cloud: Cloud, request: HttpRequest, target: NodeReport): HttpAnswer {
  if (!cloud.deliveries.isKnown(target)) return status(204);
  cloud.deliveries.checkVersion(target);
  const data = cloud.store.data(target.key);
  const size = cloud.store.get(target.key)?.meta.objectSize ?? 0;
  const asked = rangeOf(request.headers.range);
  if (asked.kind === 'problem') return plain(400, asked.message);
  if (data === undefined) return status(404);
  const headers = { 'content-type': 'application/octet-stream' };
  if (asked.kind === 'whole' || asked.end - asked.start + 1 === size) return { status: 200, headers, body: data };
  const part = data.subarray(asked.start, asked.end + 1);
  const last = asked.end + 1 >= data.length ? size - 1 : asked.end;
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${asked.start}-${last}/${size}` },
    body: part,
  };
}

/** The node that both its login and its header name. Organisation admins may speak for any node. */
async function nodeOf(cloud: Cloud, request: HttpRequest): Promise<Destination | undefined> {
  const names = String(request.headers[IDENTITY_HEADER] ?? '').split('/');
  const [org = '', type = '', id = ''] = names;
  if (names.length !== 3) return undefined;
  const identity = await cloud.authenticate(request);
  return identity !== undefined && speaksFor(identity, { org, type, id }) ? { org, type, id } : undefined;
}

function speaksFor(identity: Identity, node: Destination): boolean {
  if (identity.org !== node.org) return false;
  if (identity.role === 'edge-node') return identity.type === node.type && identity.id === node.id;
  return identity.role === 'admin';
}
