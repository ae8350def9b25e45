import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fate, HttpBehaviour, SeenRequest } from './types.ts';

/** One request, read to its end. */
export interface HttpRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  /** Empty when the body was longer than the server's limit: see `bodyTooLong`. */
  readonly body: Buffer;
  readonly bodyTooLong: boolean;
}

/** What a simulator answers. Content-Length is set by this layer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface HttpServerOptions extends HttpBehaviour {
  /** Bodies longer than this many bytes are thrown away and flagged; absent: no limit. */
  readonly bodyLimit?: number;
  /** Listen on this unix socket instead of a port. */
  readonly socketPath?: string;
}

/** A listening server. */
export interface HttpServer {
  /** `http://127.0.0.1:<port>`, without a path; for a unix socket `http://localhost`. */
  readonly origin: string;
  /** Every request that ended, in the order in which they ended; status 0 is a connection that was cut. */
  readonly seen: readonly SeenRequest[];
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** Idle connections are kept for as long as the real servers keep them (pekko-http and Go's defaults: a minute). */
const KEEP_ALIVE_MS = 60_000;

/**
 * Serves HTTP (HTTPS with `tls`) on 127.0.0.1 with kept-alive connections, as the behaviour says: added latency,
 * connections cut before or after the handler has acted, answers of somebody else.
 *
 * An error thrown by the handler is a defect of the simulator: it is answered with a 599 and its stack.
 */
export async function serveHttp(options: HttpServerOptions, handle: HttpHandler): Promise<HttpServer> {
  const seen: SeenRequest[] = [];
  let arrived = 0;
  let inFlight = 0;

  const serve = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> => {
    const { method = 'GET', url: target = '/' } = incoming;
    const fate = options.fate?.({ index: arrived, method, path: target }) ?? { kind: 'serve' };
    arrived += 1;
    inFlight += 1;
    const atArrival = inFlight;
    const record = (status: number, bytesIn: number, bytesOut: number): void => {
      inFlight -= 1;
      seen.push({ method, path: target, status, bytesIn, bytesOut, inFlight: atArrival });
    };

    const body = await readBody(incoming, options.bodyLimit);
    if (body === undefined) {
      record(0, 0, 0);
      return;
    }
    const answer = await answerByFate(fate, options.latencyMs ?? 0, () =>
      handle({ method, ...splitTarget(target), headers: incoming.headers, ...body }),
    ).catch(defect);
    if (answer === undefined) {
      record(0, body.bytes, 0);
      incoming.socket.destroy();
      return;
    }
    const content = Buffer.from(answer.body ?? '');
    record(answer.status, body.bytes, content.length);
    send(outgoing, answer, content);
  };

  const listener = (incoming: http.IncomingMessage, outgoing: http.ServerResponse): void => {
    void serve(incoming, outgoing);
  };
  const server =
    options.tls === undefined ? http.createServer(listener) : https.createServer({ ...options.tls }, listener);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(
    options.socketPath === undefined ? { host: '127.0.0.1', port: options.port ?? 0 } : { path: options.socketPath },
  );
  await once(server, 'listening');

  return {
    origin: originOf(server.address(), options.tls !== undefined),
    seen,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What the fate lets through; `undefined`: the connection is to be cut. */
async function answerByFate(
  fate: Fate,
  latencyMs: number,
  act: () => HttpAnswer | Promise<HttpAnswer>,
): Promise<HttpAnswer | undefined> {
  const wait = latencyMs + (fate.kind === 'serve' ? (fate.delayMs ?? 0) : 0);
  if (wait > 0) await delay(wait);
  switch (fate.kind) {
    case 'cut-before':
      return undefined;
    case 'cut-after':
      await act();
      return undefined;
    case 'answer':
      return fate;
    case 'serve':
      return act();
  }
}

function defect(error: unknown): HttpAnswer {
  return { status: 599, body: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function send(outgoing: http.ServerResponse, answer: HttpAnswer, content: Buffer): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const bodyless = answer.status === 204 || answer.status === 304;
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    ...(bodyless ? {} : { 'content-length': String(content.length) }),
  });
  outgoing.end(bodyless ? undefined : content);
}

interface ReadBody {
  readonly body: Buffer;
  readonly bodyTooLong: boolean;
  /** As received, thrown-away ones included. */
  readonly bytes: number;
}

/** `undefined` when the client went away in the middle of its body. */
async function readBody(
  incoming: http.IncomingMessage,
  limit = Number.POSITIVE_INFINITY,
): Promise<ReadBody | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  const bodyTooLong = bytes > limit;
  return { body: bodyTooLong ? Buffer.alloc(0) : Buffer.concat(chunks), bodyTooLong, bytes };
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark === -1) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function originOf(address: AddressInfo | string | null, secure: boolean): string {
  const scheme = secure ? 'https' : 'http';
  return address === null || typeof address === 'string'
    ? `${scheme}://localhost`
    : `${scheme}://127.0.0.1:${address.port}`;
}
