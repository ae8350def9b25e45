import { type Ask, basicAuthorization } from '../ask.ts';
import { type HttpHandler, serveHttp } from '../http.ts';
import { apiRoute } from '../mms/api.ts';
import { pageNotFound, resolveTarget } from '../mms/go-mux.ts';
import { type Login, LoginCache } from '../mms/login-cache.ts';
import { SPI } from '../mms/spi-path.ts';
import type { Delivery, ObjectKey, StoredObject } from '../mms/stored-object.ts';
import type { HttpBehaviour, Running } from '../types.ts';
import { Cloud } from './cloud.ts';
import { destinationsRoute } from './destinations-route.ts';
import { exchangeLogin } from './exchange-login.ts';
import { spiRoute } from './spi-routes.ts';
import { WorkQueue } from './work-queue.ts';

export interface CssOptions extends HttpBehaviour {
  /** Where logins are checked: an Exchange's URL, ending in /v1, or whoever else knows. */
  readonly exchange: string | Login;
  /** Pause between tries at an Exchange that cannot be reached; the real CSS takes 2000. */
  readonly exchangeRetryMs?: number;
  /** From the answer to a write until nodes are told of it, in milliseconds. The real CSS takes a few; more when busy. */
  readonly queueMs?: number;
  /** Unix milliseconds; for expiry and cached logins. */
  readonly now?: () => number;
}

/** A running CSS. */
export interface Css extends Running {
  /** Requests from the same process: not slowed down, not cut, not seen. Paths start with /api/v1. */
  readonly ask: Ask;
  /** An object as it is stored. */
  object(key: ObjectKey): StoredObject | undefined;
  /** Where an object goes and how far it has come; empty for an object that is not there. */
  deliveries(key: ObjectKey): readonly Delivery[];
  /** When nodes can learn of everything that was written: see `queueMs`. */
  settled(): Promise<void>;
  /** What the real one does every half minute: expiry, timed activation, another try for failed deliveries. */
  maintain(): void;
}

const SUBTREES = [
  '/api/v1/objects/',
  '/api/v1/destinations/',
  '/api/v1/security/',
  ...['register', 'register-new', 'unregister', 'ping', 'objects'].map((call) => `${SPI}${call}/`),
];

/** Starts a CSS with an empty (bolt) store on 127.0.0.1. */
export async function startCss(options: CssOptions): Promise<Css> {
  const { exchange, exchangeRetryMs = 2000, queueMs = 5, now = Date.now } = options;
  const login =
    typeof exchange === 'string' ? exchangeLogin({ exchangeUrl: exchange, retryMs: exchangeRetryMs }) : exchange;
  const queue = new WorkQueue(queueMs);
  const cloud = new Cloud(new LoginCache(login, now), queue);

  const handle: HttpHandler = async (request) => {
    const target = resolveTarget(request, SUBTREES);
    if ('answer' in target) return target.answer;
    const { path } = target;
    return (
      (await apiRoute(cloud, request, path)) ??
      (await destinationsRoute(cloud, request, path)) ??
      (await spiRoute(cloud, request, path)) ??
      pageNotFound
    );
  };
  const server = await serveHttp(options, handle);
  return {
    url: server.origin,
    seen: server.seen,
    close() {
      queue.close();
      return server.close();
    },
    async ask({ method = 'GET', path, auth, body = '' }) {
      const [bare = '', query = ''] = path.split('?', 2);
      const answer = await handle({
        method,
        path: bare,
        query: new URLSearchParams(query),
        headers: { authorization: basicAuthorization(auth) },
        body: Buffer.from(body),
        bodyTooLong: false,
      });
      return { status: answer.status, body: Buffer.from(answer.body ?? '').toString() };
    },
    object: (key) => cloud.store.get(key),
    deliveries: (key) => cloud.store.get(key)?.deliveries ?? [],
    settled: () => queue.settled(),
    maintain: () => cloud.maintain(now()),
  };
}
