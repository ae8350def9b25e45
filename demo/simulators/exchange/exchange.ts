import { type HttpAnswer, type HttpRequest, serveHttp } from '../http.ts';
import type { HttpBehaviour, HubState, Running } from '../types.ts';
import { type Answer, Refusal } from './answer.ts';
import { BodyProblem } from './body-shape.ts';
import { createCall } from './call.ts';
import { createClock } from './clock.ts';
import { Defect, Unreadable } from './defects.ts';
import { BODY_LIMIT, DEFAULT_LIMITS, type Hub, type Limits } from './hub.ts';
import type { Identity } from './identity.ts';
import { type LanguageName, speak } from './language.ts';
import { authenticate, type LoginFailure } from './login.ts';
import type { AnswerCode } from './messages.ts';
import { createOwnershipCache } from './ownership.ts';
import { createRouter } from './router.ts';
import { openRoute, ROUTES } from './routes.ts';
import { seed } from './seed.ts';
import { createStore, type Store } from './store.ts';

export interface ExchangeOptions extends HttpBehaviour {
  readonly state: HubState;
  /** Language of codes and messages; English when absent. */
  readonly language?: LanguageName;
  readonly limits?: Partial<Limits>;
}

/** Credentials as the Exchange sees them: what the CSS asks it for. */
export interface ExchangeIdentity {
  readonly org: string;
  readonly id: string;
  readonly kind: 'user' | 'node' | 'agbot';
  readonly roles: readonly Identity['role'][];
}

/** A request made in process: the same routes and rules, without a socket. */
export interface InProcessRequest {
  readonly method: string;
  /** Below /v1, with query. */
  readonly path: string;
  readonly authorization?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** A running Exchange. */
export interface ExchangeSimulator extends Running {
  /** Who the value of an Authorization header belongs to, or why it belongs to nobody. */
  authenticate(authorization: string | undefined): ExchangeIdentity | LoginFailure;
  request(request: InProcessRequest): Promise<{ readonly status: number; readonly body: unknown }>;
  /** The data itself, for simulated agbots and nodes, and for tests; it follows every request. */
  readonly store: Store;
}

const BASE = '/v1';

/** On every answer below /v1 (reference/exchange-mms.md §A.1). */
const HEADERS = {
  'cache-control': 'max-age=0, must-revalidate, no-cache, no-store',
  'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
  'x-content-type-options': 'nosniff',
  'x-xss-protection': '1; mode=block',
} as const;

/** Starts an Exchange 2.154.0 on 127.0.0.1 in the given state. */
export async function startExchange(options: ExchangeOptions): Promise<ExchangeSimulator> {
  const store = createStore();
  const hub: Hub = {
    store,
    clock: createClock(),
    language: speak(options.language ?? 'en'),
    ownership: createOwnershipCache(store),
    logins: new Map(),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
  seed(hub, options.state);
  const find = createRouter(ROUTES);
  const serve = (request: HttpRequest): Promise<HttpAnswer> => answerRequest(hub, find, request);
  const server = await serveHttp({ ...options, bodyLimit: BODY_LIMIT }, serve);
  return {
    url: `${server.origin}${BASE}`,
    seen: server.seen,
    store,
    close: () => server.close(),
    authenticate(authorization) {
      const identity = authenticate(hub, authorization);
      return typeof identity === 'string' ? identity : describeIdentity(identity);
    },
    async request({ method, path, authorization, body }) {
      const [bare = '', query = ''] = path.split('?', 2);
      const content = Buffer.from(body === undefined ? '' : JSON.stringify(body));
      const answer = await serve({
        method,
        path: `${BASE}${bare}`,
        query: new URLSearchParams(query),
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: content,
        bodyTooLong: content.length > BODY_LIMIT,
      });
      const text = Buffer.from(answer.body ?? '').toString();
      const isJson = answer.headers?.['content-type'] === 'application/json';
      return { status: answer.status, body: isJson ? JSON.parse(text) : text };
    },
  };
}

function describeIdentity({ organization, username, role }: Identity): ExchangeIdentity {
  const kind = role === 'Node' ? 'node' : role === 'Agbot' ? 'agbot' : 'user';
  return { org: organization, id: username, kind, roles: [role] };
}

/** Order of the checks: open routes, 401, unknown url, then whatever the route finds (reference/exchange-mms.md §A.3). */
async function answerRequest(
  hub: Hub,
  find: ReturnType<typeof createRouter>,
  request: HttpRequest,
): Promise<HttpAnswer> {
  if (request.path !== BASE && !request.path.startsWith(`${BASE}/`)) {
    return plain({ status: 404, text: 'The requested resource could not be found.' });
  }
  const path = request.path.slice(BASE.length);
  const open = openRoute(request.method, path);
  if (open !== undefined) return finish(open, request);

  const identity = authenticate(hub, request.headers.authorization);
  if (typeof identity === 'string') return finish(error(hub, 401, 'invalid-credentials', identity), request);

  const found = find(request.method, path);
  if (found.kind === 'unreadable') return plain({ status: 400, text: 'Illegal request-target: Invalid input' });
  if (found.kind === 'unknown') return finish(error(hub, 404, 'not-found', 'unrecognized route'), request);
  const call = createCall(hub, identity, request, found.params);
  try {
    if (found.kind === 'found') return finish(await found.handler(call), request);
    await found.guard?.(call);
    const allowed = [...new Set(found.allowed)].join(', ');
    return finish({ status: 405, text: `HTTP method not allowed, supported methods: ${allowed}` }, request);
  } catch (failure) {
    return finish(answerFailure(hub, failure), request);
  }
}

function answerFailure(hub: Hub, failure: unknown): Answer {
  if (failure instanceof Refusal) return failure.answer;
  if (failure instanceof BodyProblem || failure instanceof Unreadable)
    return error(hub, 400, 'invalid-input', failure.message);
  if (failure instanceof Defect) {
    return error(hub, 502, 'database-connection-error', failure.message);
  }
  throw failure;
}

function error(hub: Hub, status: number, code: AnswerCode, msg: string): Answer {
  return { status, json: { code: hub.language.code(code), msg } };
}

/** What went well is only told to who takes JSON: 406 otherwise, after the fact. Refusals are JSON in any case. */
function finish(answer: Answer, request: HttpRequest): HttpAnswer {
  if (answer.json !== undefined && answer.status < 400 && !acceptsJson(request.headers.accept)) {
    return plain({
      status: 406,
      text: 'Resource representation is only available with these types:\napplication/json',
    });
  }
  if (answer.json === undefined) return plain(answer);
  return {
    status: answer.status,
    headers: { ...HEADERS, 'content-type': 'application/json' },
    body: JSON.stringify(answer.json),
  };
}

function plain({ status, text }: Answer): HttpAnswer {
  if (text === undefined) return { status, headers: HEADERS };
  return { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=UTF-8' }, body: text };
}

/** Of the ranges that match, the most specific one decides; a header without any range that can be read takes all. */
function acceptsJson(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return [];
    return [{ type, refused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) }];
  });
  if (ranges.length === 0) return true;
  for (const type of ['application/json', 'application/*', '*/*']) {
    const match = ranges.find((range) => range.type === type);
    if (match !== undefined) return !match.refused;
  }
  return false;
}
