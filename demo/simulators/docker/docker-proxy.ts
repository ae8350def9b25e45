import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Container, DockerEvent, Machine } from '../kubearmor/machine.ts';
import { lastingPort } from '../lasting-port.ts';

/** Docker's API of a simulated machine, as the docker-proxy of the kubearmor service lets the agent see it. */
export interface DockerProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Restarts that were asked for, by container name, in order. */
  readonly restarts: readonly string[];
  /** Refuses connections and breaks those there are, as a dockerd that is restarted does. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Docker keeps this many events for clients that ask for the past. */
const EVENTS_KEPT = 256;
/** What the proxy allows (design §7); anything else is 403. */
const ALLOWED = {
  events: /^\/events$/,
  list: /^\/containers\/json$/,
  restart: /^\/containers\/([0-9a-f]{12,64})\/restart$/,
};

export async function startDockerProxy(machine: Machine): Promise<DockerProxy> {
  const kept: DockerEvent[] = [];
  const followers = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const restarts: string[] = [];
  const forget = machine.listen({
    event(event) {
      kept.push(event);
      if (kept.length > EVENTS_KEPT) kept.shift();
      for (const follower of followers) follower.write(eventLine(event));
    },
    // The past is in dockerd's memory and ends with it, as do the streams.
    down() {
      kept.length = 0;
      for (const follower of followers) follower.destroy();
      followers.clear();
    },
  });

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://docker');
    const path = url.pathname.replace(/^\/v1\.\d+/, '');
    const restart = ALLOWED.restart.exec(path);
    if (!machine.dockerUp) return void response.writeHead(502).end();
    if (request.method === 'GET' && path === '/_ping') response.end('OK');
    else if (request.method === 'GET' && ALLOWED.list.test(path)) json(response, 200, listing(machine, url));
    else if (request.method === 'GET' && ALLOWED.events.test(path)) events(url, kept, followers, response);
    else if (request.method === 'POST' && restart !== null) {
      const found = machine.containers().find(({ id }) => id.startsWith(restart[1] ?? '?'));
      if (found === undefined) json(response, 404, { message: `No such container: ${restart[1]}` });
      else {
        restarts.push(found.name);
        machine.restart(found.name);
        response.writeHead(204).end();
      }
    } else json(response, 403, { message: 'Forbidden' });
  };

  const server = createServer(answer);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<number> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const port = await listen(await lastingPort());
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
      followers.clear();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    restarts,
    down,
    async up() {
      await listen(port);
    },
    async close() {
      forget();
      if (server.listening) await down();
    },
  };
}

function listing(machine: Machine, url: URL): object[] {
  const all = /^(1|true)$/i.test(url.searchParams.get('all') ?? '');
  return machine
    .containers()
    .filter(({ running }) => running || all)
    .map((container) => listed(container, machine.now()));
}

function listed({ id, name, image, labels, running, startedAtMs }: Container, nowMs: number): object {
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    Labels: labels,
    State: running ? 'running' : 'exited',
    Status: running ? `Up ${humanDuration(nowMs - startedAtMs)}` : 'Exited (137) 1 second ago',
  };
}

/** As Docker writes it (go-units HumanDuration). */
function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds < 60) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
  const hours = Math.floor(ms / 3_600_000 + 0.5);
  if (hours < 48) return hours === 1 ? 'About an hour' : `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  return days < 2 * 365 ? `${Math.floor(days / 30)} months` : `${Math.floor(hours / 24 / 365)} years`;
}

function events(
  url: URL,
  kept: readonly DockerEvent[],
  followers: Set<ServerResponse>,
  response: ServerResponse,
): void {
  const bound = (name: string): number | undefined => {
    const value = url.searchParams.get(name);
    return value === null ? undefined : Number(value) * 1000;
  };
  const [since, until] = [bound('since'), bound('until')];
  if (since !== undefined && until !== undefined && since > until) {
    const message = 'invalid parameter: `since` time cannot be after `until` time';
    json(response, 400, { message });
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  // Docker looks back from the newest to the first that is too old: after its clock was set back, not beyond that.
  const past =
    since === undefined
      ? []
      : kept
          .slice(kept.findLastIndex(({ atMs }) => atMs < since) + 1)
          .filter(({ atMs }) => atMs <= (until ?? Number.POSITIVE_INFINITY));
  for (const event of past) response.write(eventLine(event));
  if (until !== undefined) {
    response.end();
    return;
  }
  followers.add(response);
  response.once('close', () => followers.delete(response));
}

function eventLine({ action, container, atMs }: DockerEvent): string {
  const { id, name, image, labels } = container;
  const attributes = { ...labels, image, name, ...(action === 'die' ? { exitCode: '137' } : {}) };
  const event = {
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    time: Math.floor(atMs / 1000),
    timeNano: Math.round(atMs * 1e6),
  };
  return `${JSON.stringify(event)}\n`;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
