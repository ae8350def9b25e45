/** A CSS alone, with the logins of the recorded hub, and an ESS that registers with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reply } from '#demo/simulators/ask.ts';
import { type Css, type CssOptions, startCss } from '#demo/simulators/css/start-css.ts';
import { type Ess, startEss } from '#demo/simulators/ess/start-ess.ts';
import type { HttpReply } from '#demo/simulators/http-call.ts';
import type { Identity } from '#demo/simulators/mms/access.ts';
import type { Login } from '#demo/simulators/mms/login-cache.ts';
import type { Body } from '#tools/bundle/types.ts';

const USERS: Readonly<Record<string, Identity>> = {
  'root/root': { role: 'sync-admin', org: 'root', id: 'root' },
  'IBM/agbot': { role: 'sync-admin', org: 'IBM', id: 'agbot' },
  'IBM/admin': { role: 'admin', org: 'IBM', id: 'admin' },
  'acme/admin': { role: 'admin', org: 'acme', id: 'admin' },
  'acme/ci': { role: 'object-admin', org: 'acme', id: 'ci' },
  'acme/other': { role: 'object-admin', org: 'acme', id: 'other' },
  'acme/node1': { role: 'node-user', org: 'acme', id: 'node1' },
};

/** Everybody's password is `pw`; three-part names are nodes' sync services. */
export const login: Login = async ({ id, secret }) => {
  const [org = '', type = '', node] = id.split('/');
  if (secret !== 'pw') return undefined;
  return node === undefined ? USERS[id] : { role: 'edge-node', org, type, id: node };
};

/** Something to send: `as` defaults to acme/ci, null is nobody. */
export interface Request {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH' | 'HEAD';
  readonly path: string;
  readonly as?: string | null;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CssLab {
  readonly css: Css;
  /** Over a socket; paths below /api/v1. */
  send(request: Request): Promise<HttpReply>;
  /** As a node's sync service talks to the cloud side; paths below /spi/v1. */
  speak(request: Request): Promise<HttpReply>;
  /** PUT of an object of type `probe`. */
  put(id: string, meta?: Body, data?: string, as?: string): Promise<Reply>;
  get(id: string, below?: string): Promise<Reply>;
  remove(id: string): Promise<Reply>;
  /** Places an object on a node of acme, as an agbot does, or takes it away. */
  place(id: string, node: string, action?: 'add' | 'remove'): Promise<Reply>;
  /** Delivery statuses of an object. */
  delivery(id: string): string[];
  addEss(id: string, options?: { readonly pattern?: string }): Promise<Ess>;
  close(): Promise<void>;
}

export async function startCssLab(options: Partial<CssOptions> = {}): Promise<CssLab> {
  const css = await startCss({ exchange: login, ...options });
  const running: Ess[] = [];
  const folders: string[] = [];
  const objectPath = (id: string, below = ''): string => `/api/v1/objects/acme/probe/${encodeURIComponent(id)}${below}`;
  /** And until nodes can learn of it. */
  const ask = async (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, as: string, body?: string) => {
    const reply: Reply = await css.ask({ method, path, auth: `${as}:pw`, ...(body !== undefined && { body }) });
    await css.settled();
    return reply;
  };
  return {
    css,
    send: (request) => send(new URL(css.url).port, { ...request, path: `/api/v1${request.path}` }),
    speak: (request) => send(new URL(css.url).port, { ...request, path: `/spi/v1${request.path}` }),
    put: (id, meta = {}, data, as = 'acme/ci') => ask('PUT', objectPath(id), as, objectBody(id, meta, data)),
    get: (id, below) => ask('GET', objectPath(id, below), 'acme/ci'),
    remove: (id) => ask('DELETE', objectPath(id), 'acme/ci'),
    place: (id, node, action = 'add') =>
      ask(
        'POST',
        objectPath(id, '/destinations'),
        'IBM/agbot',
        JSON.stringify({ action, destinations: [`openhorizon.edgenode:${node}`] }),
      ),
    delivery: (id) => css.deliveries({ org: 'acme', type: 'probe', id }).map(({ status }) => status),
    async addEss(id, given = {}) {
      const dir = await mkdtemp(join(tmpdir(), 'ess-'));
      folders.push(dir);
      const ess = await startEss({ cssUrl: css.url, org: 'acme', id, token: 'pw', dir, retryMs: 5, ...given });
      running.push(ess);
      return ess;
    },
    async close() {
      for (const ess of running) await ess.close();
      await css.close();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The path goes out as it is written: with its dots, too. */
function send(port: string, { method = 'GET', path, as = 'acme/ci', body, headers = {} }: Request): Promise<HttpReply> {
  const options = {
    port,
    method,
    path,
    agent: false,
    headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
    ...(as !== null && { auth: `${as}:pw` }),
  };
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A body of PUT: metadata with a destination policy for one service, and data as base64. */
export function objectBody(id: string, over: Body = {}, data?: string): string {
  const meta = {
    objectID: id,
    objectType: 'probe',
    destinationOrgID: 'acme',
    version: '1',
    consumers: -1,
    destinationPolicy: policyFor('lab.guard'),
    ...over,
  };
  return JSON.stringify({ meta, ...(data !== undefined && { data: Buffer.from(data).toString('base64') }) });
}

export function policyFor(serviceName: string, version = '[1.0.0,INFINITY)'): Body {
  return { properties: [], constraints: [], services: [{ orgID: 'acme', arch: '*', serviceName, version }] };
}
