import type http from 'node:http';
import type https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { ArmorError } from '#errors';
import type { Credentials } from '#tools/settings.ts';
import { connectionError } from './connection-errors.ts';
import { type Redact, redactor } from './redact.ts';
import { type BackOff, DEFAULT_BACK_OFF, delayOf, isTransient, TRANSIENT_STATUSES } from './retry.ts';
import type { Slots } from './slots.ts';
import type { Traffic } from './traffic.ts';

export interface HttpClientOptions {
  /** Without a trailing slash; paths are appended. */
  readonly baseUrl: string;
  readonly credentials: Credentials;
  /** PEM, trusted beside the machine's own certificates. */
  readonly ca?: string;
  /** Shared by all clients of one command: bounds what is under way at once. */
  readonly slots: Slots;
  readonly traffic: Traffic;
  readonly backOff?: BackOff;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly timeoutMs?: number;
  /** Once aborted, nothing new is sent; what is under way ends. */
  readonly signal?: AbortSignal;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case spellings. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Encoded, beginning with a slash. */
  readonly path: string;
  readonly body?: string | Buffer;
  readonly contentType?: string;
  /** Statuses to ask again for beside the transient ones (quirks: reference/exchange-mms.md §0). */
  readonly retryOn?: readonly number[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** Method and URL, for errors about this answer. */
  readonly request: string;
}

const TIMEOUT_MS = 60_000;

/**
 * `import 'node:http'` reads every export of the module, and some of them load a whole second HTTP client (undici) at
 * first sight: that is a third of a short command's time. Asked for this way, only what is used is loaded.
 */
function protocolOf(url: URL): { readonly http: typeof http; readonly https?: typeof https } {
  const plain = process.getBuiltinModule('node:http');
  return url.protocol === 'https:' ? { http: plain, https: process.getBuiltinModule('node:https') } : { http: plain };
}

/**
 * Requests to one hub over kept-alive connections: bounded, retried where that helps, with credentials that never leave
 * through an error. A status is for the caller to judge; what throws is a request that got no answer.
 */
export class HttpClient {
  readonly redact: Redact;
  readonly #options: HttpClientOptions;
  readonly #url: URL;
  readonly #shownUrl: string;
  readonly #authorization: string;
  readonly #agent: http.Agent;
  readonly #send: typeof http.request;

  /** @throws ArmorError SETTING_MISSING when the base URL is none */
  constructor(options: HttpClientOptions) {
    const { credentials, baseUrl } = options;
    this.#options = options;
    this.#url = parseUrl(baseUrl);
    this.#shownUrl = `${this.#url.origin}${this.#url.pathname}`.replace(/\/$/, '');
    this.redact = redactor(credentials);
    this.#authorization = `Basic ${Buffer.from(`${credentials.id}:${credentials.secret.reveal()}`).toString('base64')}`;
    const { http, https } = protocolOf(this.#url);
    this.#send = (https ?? http).request;
    this.#agent = https === undefined ? new http.Agent(agentOptions(options)) : new https.Agent(tlsOptions(options));
  }

  /** Method and URL as errors show them. */
  describe(method: string, path: string): string {
    return `${method} ${this.#shownUrl}${path}`;
  }

  /**
   * One request, with its retries.
   *
   * @throws ArmorError HUB_UNREACHABLE, HUB_UNTRUSTED; the signal's reason when it is aborted
   */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { backOff = DEFAULT_BACK_OFF, signal, slots } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const step = backOff[attempt];
      signal?.throwIfAborted();
      try {
        const answer = await slots.use(() => this.#attempt(request, attempt));
        const transient = TRANSIENT_STATUSES.has(answer.status) || request.retryOn?.includes(answer.status) === true;
        if (!transient || step === undefined) return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!isTransient(error) || step === undefined)
          throw connectionError(error, this.describe(request.method, request.path), this.#url);
      }
      await delay(delayOf(step, Math.random()), undefined, signal === undefined ? {} : { signal });
    }
  }

  /** Ends idle connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }

  #attempt({ method, path, body, contentType }: HttpRequest, attempt: number): Promise<HttpAnswer> {
    const { traffic, timeoutMs = TIMEOUT_MS } = this.#options;
    const bytes = body === undefined ? undefined : Buffer.from(body);
    traffic.started(method, bytes?.length ?? 0, attempt);
    let received = 0;
    return new Promise<HttpAnswer>((resolve, reject) => {
      const outgoing = this.#send(
        {
          agent: this.#agent,
          protocol: this.#url.protocol,
          hostname: this.#url.hostname.replace(/^\[|\]$/g, ''),
          port: this.#url.port,
          path: `${this.#url.pathname.replace(/\/$/, '')}${path}`,
          method,
          headers: {
            authorization: this.#authorization,
            accept: 'application/json, text/plain, */*',
            ...(bytes === undefined ? {} : { 'content-length': bytes.length }),
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
          },
          timeout: timeoutMs,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const all = Buffer.concat(chunks);
            received = all.length;
            const { statusCode = 0, headers } = incoming;
            resolve({ status: statusCode, headers, text: all.toString('utf8'), request: this.describe(method, path) });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
      outgoing.on('error', reject);
      outgoing.end(bytes);
    }).finally(() => traffic.ended(received));
  }
}

function agentOptions({ slots, proxyEnv }: HttpClientOptions): http.AgentOptions {
  return {
    keepAlive: true,
    maxSockets: slots.size,
    // Of the idle connections the one used last: the others may have been closed by the hub meanwhile.
    scheduling: 'lifo',
    ...(proxyEnv === undefined ? {} : { proxyEnv }),
  };
}

/** One secure context for all connections: reading the machine's certificates takes longer than a handshake. */
function tlsOptions(options: HttpClientOptions): https.AgentOptions {
  if (options.ca === undefined) return agentOptions(options);
  const tls = process.getBuiltinModule('node:tls');
  const ca = [options.ca, ...tls.getCACertificates('default')];
  return { ...agentOptions(options), secureContext: tls.createSecureContext({ ca }) };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new ArmorError(
    'SETTING_MISSING',
    'the URL of the hub is not an http:// or https:// URL',
    { request: 'settings' },
    'Correct HZN_EXCHANGE_URL or HZN_FSS_CSSURL.',
  );
}
