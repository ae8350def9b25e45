import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HttpAnswer, type HttpRequest, type HttpServer, serveHttp } from '../http.ts';
import * as answer from '../mms/answers.ts';
import { apiRoute } from '../mms/api.ts';
import { pageNotFound, resolveTarget } from '../mms/go-mux.ts';
import type { ObjectKey, StoredObject } from '../mms/stored-object.ts';
import type { HttpBehaviour, SeenRequest } from '../types.ts';
import { makeCertificate } from './certificate.ts';
import { CredentialStore, SSL_FOLDER } from './credentials.ts';
import { Edge } from './edge.ts';
import { Gate } from './gate.ts';
import { Link } from './link.ts';

export interface EssOptions extends Omit<HttpBehaviour, 'port' | 'tls'> {
  /** CSS base URL. */
  readonly cssUrl: string;
  readonly ca?: string;
  readonly org: string;
  /** Node id without its organisation. */
  readonly id: string;
  readonly token: string;
  /** Pattern name without its organisation; absent on a policy node. */
  readonly pattern?: string;
  /** Folder of this node: socket, credentials and certificate go below it. */
  readonly dir: string;
  /** Pause between tries of what must reach the CSS; the real ESS takes 2000. */
  readonly retryMs?: number;
  /** Unix milliseconds; for cached logins. */
  readonly now?: () => number;
}

/** A node's ESS: HTTPS over a unix socket, as anax runs it (reference/exchange-mms.md §C.7). */
export interface Ess {
  /** HZN_ESS_API_ADDRESS; its folder is what anax mounts into containers. */
  readonly socketPath: string;
  /** Folder with cert.pem, mounted as /ess-cert. */
  readonly certFolder: string;
  readonly credentials: CredentialStore;
  /** Every request of a service that ended, over all restarts. */
  readonly seen: readonly SeenRequest[];
  /** The connection to the CSS: `pause` and `resume` it to play an outage. */
  readonly link: Link;
  /** Held: old data of an updated object is gone and new data is not fetched (reference/exchange-mms.md §C.9). */
  readonly dataGate: Gate;
  /** What the CSS refused of what services sent up. */
  readonly refused: readonly string[];
  /** Objects whose names no node can take; the real ESS tries them for ever. */
  readonly stalled: readonly ObjectKey[];
  /** An object as it is stored here. */
  object(key: ObjectKey): StoredObject | undefined;
  /** Looks at the CSS and takes all that is waiting. @returns whether it could be reached */
  sync(): Promise<boolean>;
  /** Resolves when all that services have published has been sent up. */
  sent(): Promise<void>;
  /** As when the agent stops: connections to the socket are refused, everything is kept. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** As `hzn unregister`: the CSS forgets the node. @throws when it cannot be reached */
  unregister(): Promise<void>;
  close(): Promise<void>;
}

/** What a policy node registers as; a pattern node registers as its pattern. */
export const POLICY_NODE_TYPE = 'openhorizon.edgenode';

export async function startEss(options: EssOptions): Promise<Ess> {
  const { cssUrl, ca, org, id, token, dir, retryMs = 2000, now = Date.now } = options;
  const node = { org, type: options.pattern ?? POLICY_NODE_TYPE, id };
  const socketFolder = join(dir, 'run');
  const socketPath = join(socketFolder, 'essapi.sock');
  const authFolder = join(dir, 'ess-auth');
  const certFolder = join(authFolder, SSL_FOLDER, 'cert');
  await mkdir(socketFolder, { recursive: true });
  await mkdir(certFolder, { recursive: true });

  const link = new Link({ cssUrl, node, token, ca, retryMs });
  const dataGate = new Gate();
  const credentials = new CredentialStore(authFolder);
  const edge = new Edge({ node, link, credentials, gate: dataGate, now });
  const seen: SeenRequest[] = [];
  let server: HttpServer | undefined;

  const stop = async (): Promise<void> => {
    if (server === undefined) return;
    // The socket's file stays behind and refuses connections; closing would remove it.
    await rename(socketPath, `${socketPath}.kept`);
    await server.close();
    await rename(`${socketPath}.kept`, socketPath);
    seen.push(...server.seen);
    server = undefined;
  };
  const start = async (): Promise<void> => {
    if (server !== undefined) return;
    const tls = await certificateIn(authFolder, certFolder, org);
    await rm(socketPath, { force: true });
    const { fate, latencyMs } = options;
    const behaviour = { ...(fate && { fate }), ...(latencyMs !== undefined && { latencyMs }) };
    server = await serveHttp({ ...behaviour, socketPath, tls }, (request) => handle(edge, request));
    await chmod(socketPath, 0o666);
  };
  await start();

  return {
    socketPath,
    certFolder,
    credentials,
    link,
    dataGate,
    get seen() {
      return [...seen, ...(server?.seen ?? [])];
    },
    get refused() {
      return edge.sender.refused;
    },
    get stalled() {
      return edge.stalled;
    },
    object: (key) => edge.store.get(key),
    sync: () => edge.sync(),
    sent: () => edge.sender.idle(),
    stop,
    start,
    unregister: () => edge.unregister(),
    async close() {
      dataGate.open();
      link.close();
      await stop();
      await rm(socketPath, { force: true });
    },
  };
}

async function handle(edge: Edge, request: HttpRequest): Promise<HttpAnswer> {
  const target = resolveTarget(request, ['/api/v1/objects/']);
  if ('answer' in target) return target.answer;
  const { path } = target;
  if (path === '/api/v1/destinations') return noDestinations(edge, request);
  if (/^\/api\/v1\/secrets(\/|$)/.test(path)) return noSecrets(edge, request);
  return (await apiRoute(edge, request, path)) ?? pageNotFound;
}

/** The sync service takes this path for one with names in it. */
async function noDestinations(edge: Edge, request: HttpRequest): Promise<HttpAnswer> {
  if ((await edge.authenticate(request)) === undefined) return answer.forbidden;
  return request.method === 'GET' ? answer.badRequest : answer.methodNotAllowed;
}

/** The agent's secrets are on the same socket; a simulated node has none to give. */
async function noSecrets(edge: Edge, request: HttpRequest): Promise<HttpAnswer> {
  if (request.method !== 'GET') return { status: 405 };
  return { status: (await edge.authenticate(request)) === undefined ? 403 : 404 };
}

/** The certificate on disk; made anew only when it is gone. */
async function certificateIn(
  authFolder: string,
  certFolder: string,
  org: string,
): Promise<{ key: string; cert: string }> {
  const certFile = join(certFolder, 'cert.pem');
  const keyFolder = join(authFolder, SSL_FOLDER, 'key');
  const keyFile = join(keyFolder, 'key.pem');
  const isThere = await stat(certFile).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const made = await makeCertificate(org);
    await mkdir(keyFolder, { recursive: true, mode: 0o700 });
    await writeFile(certFile, made.cert);
    await writeFile(keyFile, made.key, { mode: 0o600 });
  }
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
}
