/** A hub with two services, a policy for each, and whatever nodes a test adds: what the tests of agbot and node start from. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ess } from '#demo/simulators/ess/start-ess.ts';
import { type Hub, type HubOptions, startHub } from '#demo/simulators/hub/start-hub.ts';
import { type NodeOptions, type SimulatedNode, startNode } from '#demo/simulators/node/start-node.ts';
import type { HubState } from '#demo/simulators/types.ts';
import type { Body } from '#tools/bundle/types.ts';

export const STATE: HubState = {
  password: 'pw',
  orgs: ['root', 'IBM', 'acme'],
  users: [{ id: 'root/root', root: true }, { id: 'acme/admin', admin: true }, { id: 'acme/ci' }],
  nodes: [],
  agbots: [{ id: 'IBM/agbot', token: 'pw' }],
};

export const ADMIN = 'acme/admin:pw';

export interface Lab {
  readonly hub: Hub;
  /** Writes to the Exchange as the admin. @throws unless it is created */
  put(method: 'POST' | 'PUT', path: string, body: Body): Promise<void>;
  /** Writes an MMS object of type `security-policy`. @returns the CSS's status */
  publish(id: string, meta: Body, data?: string): Promise<number>;
  withdraw(id: string): Promise<number>;
  addNode(id: string, options?: Partial<NodeOptions>): Promise<SimulatedNode>;
  /** One round of everybody, in an order in which one round is enough for agreements and one more for placement. */
  round(): Promise<void>;
  close(): Promise<void>;
}

export async function startLab(options: HubOptions = {}): Promise<Lab> {
  const hub = await startHub({ state: STATE, ...options });
  const nodes: SimulatedNode[] = [];
  const folders: string[] = [];
  const put = async (method: 'POST' | 'PUT', path: string, body: Body): Promise<void> => {
    const reply = await hub.askExchange({ method, path, auth: ADMIN, body: JSON.stringify(body) });
    if (reply.status !== 201) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`);
  };
  const mms = async (method: 'PUT' | 'DELETE', id: string, body?: string): Promise<number> => {
    const path = `/api/v1/objects/acme/security-policy/${encodeURIComponent(id)}`;
    return (await hub.css.ask({ method, path, auth: 'acme/ci:pw', ...(body !== undefined && { body }) })).status;
  };
  return {
    hub,
    put,
    publish: (id, meta, data) =>
      mms(
        'PUT',
        id,
        JSON.stringify({
          meta: { objectID: id, objectType: 'security-policy', destinationOrgID: 'acme', consumers: -1, ...meta },
          ...(data !== undefined && { data: Buffer.from(data).toString('base64') }),
        }),
      ),
    withdraw: (id) => mms('DELETE', id),
    async addNode(id, given = {}) {
      const dir = await mkdtemp(join(tmpdir(), 'node-'));
      folders.push(dir);
      const node = await startNode({
        hub,
        org: 'acme',
        id,
        token: 'node-token',
        user: ADMIN,
        policy: nodePolicy({ purpose: 'lab' }),
        dir,
        retryMs: 5,
        ...given,
      });
      nodes.push(node);
      return node;
    },
    async round() {
      for (let half = 0; half < 2; half += 1) {
        await hub.agbot.tick();
        await hub.css.settled();
        for (const node of nodes) await node.tick();
      }
    },
    async close() {
      for (const node of nodes) await node.close();
      await hub.close();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}

export function nodePolicy(properties: Readonly<Record<string, string | boolean>>): Body {
  return { properties: Object.entries(properties).map(([name, value]) => ({ name, value })), constraints: [] };
}

/** A service with one container for each name. */
export function service(url: string, containers: readonly string[], over: Body = {}): Body {
  const services = Object.fromEntries(
    containers.map((name) => [name, { image: `lab/${name}:1`, environment: [`ROLE=${name}`] }]),
  );
  return {
    label: url,
    url,
    version: '1.0.0',
    arch: 'amd64',
    sharable: 'multiple',
    public: true,
    deployment: JSON.stringify({ services }),
    deploymentSignature: 'signed',
    ...over,
  };
}

export function deploymentPolicy(name: string, over: Body = {}): Body {
  return {
    label: name,
    service: { name, org: 'acme', arch: '*', serviceVersions: [{ version: '1.0.0', priority: {} }] },
    constraints: ['purpose == lab'],
    ...over,
  };
}

/** Destination policy that names one service. */
export function destinationPolicy(serviceName: string, over: Body = {}): Body {
  return {
    properties: [],
    constraints: [],
    services: [{ orgID: 'acme', arch: '*', serviceName, version: '[1.0.0,INFINITY)' }],
    ...over,
  };
}

export interface EssReply {
  readonly status: number;
  readonly type: string | undefined;
  readonly range: string | undefined;
  readonly location: string | undefined;
  readonly body: string;
}

export interface EssRequest {
  /** `id:token`; absent: without a login. */
  readonly auth?: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as a service container sends it: over the socket, with the certificate as the only authority. */
export async function askEss(
  ess: Ess,
  { auth, method = 'GET', path, body, headers = {} }: EssRequest,
): Promise<EssReply> {
  const ca = await readFile(join(ess.certFolder, 'cert.pem'));
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        socketPath: ess.socketPath,
        host: 'localhost',
        servername: 'localhost',
        agent: false,
        ca,
        method,
        path,
        headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
        ...(auth !== undefined && { auth }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'],
            range: response.headers['content-range'],
            location: response.headers.location,
            body: text,
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** `id:token` from an auth.json. */
export async function loginFrom(authFolder: string): Promise<string> {
  const { id, token }: { id: string; token: string } = JSON.parse(
    await readFile(join(authFolder, 'auth.json'), 'utf8'),
  );
  return `${id}:${token}`;
}

/** Ids in a listing, with `-` before those that are deleted. */
export function idsIn({ status, body }: EssReply): string[] {
  if (status !== 200) return [];
  const objects: { objectID: string; deleted?: boolean }[] = JSON.parse(body);
  return objects.map(({ objectID, deleted }) => `${deleted ? '-' : ''}${objectID}`);
}
