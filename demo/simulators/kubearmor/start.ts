import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { lastingPort } from '../lasting-port.ts';
import { ClientQueue, EVENTS_KEPT, STATE_EVENTS_KEPT } from './client-queue.ts';
import { Daemon } from './daemon.ts';
import { DockerWatch } from './docker-watch.ts';
import { GoPanic, type PolicyStatus } from './endpoints.ts';
import { Machine } from './machine.ts';
import { type KubeArmorOptions, withDefaults } from './settings.ts';

export interface StartOptions extends KubeArmorOptions {
  /** The machine it watches; a new one without containers when absent. */
  readonly machine?: Machine;
  /** Port on 127.0.0.1; 0 or absent: a free one that stays free for a restart. */
  readonly port?: number;
  /** Mutual TLS, PEM texts: every client needs a certificate of this CA (reference/kubearmor.md §1.7). */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** A running KubeArmor. */
export interface KubeArmorSimulator {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly port: number;
  readonly machine: Machine;
  /** Every policy call, in order, with its answer. */
  readonly calls: readonly { readonly method: string; readonly request: string; readonly status: PolicyStatus }[];
  /** Clients of the streams at this moment. */
  readonly clients: number;
  /** Events that some client's queue had no room for; the real one tells nobody. */
  readonly dropped: number;
  /** Events that wait for their client to read, the longest queue. */
  readonly queued: number;
  /** Resolves when it is initialised: from then on it enforces. */
  readonly initialised: Promise<void>;
  /** Resolves when everything that Docker has told it is worked through. */
  settled(): Promise<void>;
  /** A message out of nowhere, to every client of a stream: for floods. */
  emit(stream: 'alerts' | 'logs' | 'state', message: object): void;
  /** It hangs: connections stay, nothing is answered any more. */
  freeze(): void;
  /** SIGTERM: streams end with OK. */
  stop(): Promise<void>;
  /** SIGKILL: connections break. Also what it does to itself where the real one panics. */
  kill(): void;
}

const PROTOS = fileURLToPath(new URL('../../../services/security-agent/src/kubearmor/protos/', import.meta.url));
const definitions = loadSync(['feeder.proto', 'policy.proto', 'state_agent.proto'], {
  includeDirs: [PROTOS],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});

/** The server pings its clients every second and gives them five to answer (§1.7). */
const SERVER_OPTIONS = { 'grpc.keepalive_time_ms': 1000, 'grpc.keepalive_timeout_ms': 5000 };

type StreamCall = ServerWritableStream<{ readonly Filter?: string }, object>;

/**
 * Starts a KubeArmor on a machine: the real wire protocol, and the real behaviour behind it, wrong corners included.
 * docs/kubearmor-simulator.md lists them.
 */
export async function startKubeArmor(options: StartOptions = {}): Promise<KubeArmorSimulator> {
  const settings = withDefaults(options);
  const machine = options.machine ?? new Machine();
  const clients = {
    alerts: new Set<ClientQueue>(),
    logs: new Set<ClientQueue>(),
    state: new Set<ClientQueue>(),
    // Takes anybody, and says nothing unless KubeArmor runs with -debug (§2.1).
    messages: new Set<ClientQueue>(),
  };
  const open = new Set<StreamCall>();
  const calls: { method: string; request: string; status: PolicyStatus }[] = [];
  let droppedByGone = 0;
  const send = (stream: keyof typeof clients, message: object): void => {
    for (const client of clients[stream]) client.push(message);
  };
  const daemon = new Daemon(machine, settings, {
    alert: (message) => send('alerts', message),
    log: (message) => send('logs', message),
    state: (event) => send('state', event),
  });
  const docker = new DockerWatch(machine, daemon, settings);
  const ending = new AbortController();
  const initialised = sleep(settings.initMs, undefined, { signal: ending.signal }).then(
    () => {
      daemon.start();
      docker.start();
    },
    () => undefined,
  );

  let frozen = false;
  /** Whoever calls waits for the end of the start, or for ever. */
  const ready = (): Promise<void> => (frozen ? new Promise(() => undefined) : initialised);

  const watch = (
    stream: keyof typeof clients,
    filters?: readonly string[],
  ): handleServerStreamingCall<object, object> => {
    return (call: StreamCall) => {
      if (filters !== undefined && !filters.includes(call.request.Filter ?? '')) {
        call.end();
        return;
      }
      const client = new ClientQueue(call, stream === 'state' ? STATE_EVENTS_KEPT : EVENTS_KEPT);
      clients[stream].add(client);
      open.add(call);
      call.once('cancelled', () => {
        clients[stream].delete(client);
        open.delete(call);
        droppedByGone += client.dropped;
      });
    };
  };
  const policy = (method: string, apply: (request: string) => PolicyStatus): handleUnaryCall<object, object> => {
    return async (call, answer) => {
      await ready();
      const bytes = 'policy' in call.request ? call.request.policy : undefined;
      const request = bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : '';
      try {
        const status = apply(request);
        calls.push({ method, request, status });
        answer(null, { status });
      } catch (error) {
        if (!(error instanceof GoPanic)) throw error;
        running.kill();
      }
    };
  };

  const server = new Server(SERVER_OPTIONS);
  serve(server, 'feeder.LogService', {
    HealthCheck: unary(ready, (request) => ({ Retval: 'nonce' in request ? request.nonce : 0 })),
    WatchMessages: watch('messages'),
    WatchAlerts: watch('alerts', ['all', 'policy']),
    WatchLogs: watch('logs', ['all', 'system']),
  });
  serve(server, 'policy.PolicyService', {
    containerPolicy: policy('containerPolicy', (request) => daemon.policies.container(request)),
    hostPolicy: policy('hostPolicy', (request) => daemon.policies.host(request)),
    networkPolicy: policy('networkPolicy', () => 'NotEnabled'),
  });
  serve(server, 'policy.ProbeService', { getProbeData: unary(ready, () => daemon.probe()) });
  if (settings.stateAgent) {
    const snapshot: handleServerStreamingCall<object, object> = async (call) => {
      await ready();
      call.write(daemon.snapshot());
      call.end();
    };
    serve(server, 'state_agent.StateAgent', { WatchState: watch('state'), GetState: snapshot });
  }
  const port = await bind(server, options.port || (await lastingPort()), options.tls);

  const end = (graceful: boolean): void => {
    ending.abort();
    docker.stop();
    daemon.stop(graceful);
  };
  const running: KubeArmorSimulator = {
    address: `127.0.0.1:${port}`,
    port,
    machine,
    calls,
    initialised,
    get clients() {
      return clients.alerts.size + clients.logs.size + clients.state.size;
    },
    get dropped() {
      const present = Object.values(clients).flatMap((queues) => [...queues]);
      return present.reduce((sum, { dropped }) => sum + dropped, droppedByGone);
    },
    get queued() {
      const present = Object.values(clients).flatMap((queues) => [...queues]);
      return Math.max(0, ...present.map(({ length }) => length));
    },
    settled: () => initialised.then(() => docker.settled()),
    emit: send,
    freeze() {
      frozen = true;
    },
    async stop() {
      end(true);
      for (const call of open) call.end();
      await new Promise<void>((resolve) => {
        server.tryShutdown(() => resolve());
        // What is still open a second later, the real one leaves to the kernel.
        setTimeout(() => server.forceShutdown(), 1000).unref();
      });
    },
    kill() {
      end(false);
      server.forceShutdown();
    },
  };
  return running;
}

function serve(server: Server, name: string, handlers: Readonly<Record<string, UntypedHandleCall>>): void {
  const definition = definitions[name];
  if (definition === undefined || 'format' in definition) throw new TypeError(`no service ${name}`);
  const service: ServiceDefinition = definition;
  server.addService(service, { ...handlers });
}

/** A call that is answered once KubeArmor is initialised. */
function unary(ready: () => Promise<void>, make: (request: object) => object): handleUnaryCall<object, object> {
  return async (call, answer) => {
    await ready();
    answer(null, make(call.request));
  };
}

function bind(server: Server, port: number, tls: StartOptions['tls']): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          Buffer.from(tls.ca),
          [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }],
          true,
        );
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
