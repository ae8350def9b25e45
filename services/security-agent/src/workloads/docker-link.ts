import { createInterface } from 'node:readline';
import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import type { Clock } from '#agent/clock.ts';
import { type DockerEvent, fromDockerEvent, fromDockerListing } from './docker.ts';
import type { Observation } from './observation.ts';

/** What the agent may ask of Docker through the proxy: events, the listing, and a restart (design §7). */
export interface DockerLink {
  /** Runs until `signal` aborts: listens, reconnects, and tells `observe` what it sees. */
  run(signal: AbortSignal): Promise<void>;
  /** @throws when the proxy refuses, or the container is gone */
  restart(containerId: string): Promise<void>;
}

const RETRY_MS = { first: 500, most: 30_000 };
/** anax looks every 60 s whether a container runs: the stop has to be short (design §7.5). */
const STOP_SECONDS = 2;

/**
 * @param address `http://host:port` or `unix:///path`
 */
export function connectDocker(address: string, observe: (observation: Observation) => void, clock: Clock): DockerLink {
  const docker = new Docker(optionsOf(address));
  let lastEventNano = 0;

  const take = (event: DockerEvent): void => {
    lastEventNano = Math.max(lastEventNano, event.timeNano ?? 0);
    const observation = fromDockerEvent(event);
    if (observation !== undefined) observe(observation);
  };

  const read = async (range: { since: number; until?: number }, signal: AbortSignal): Promise<void> => {
    const stream = await docker.getEvents({ ...range, filters: { type: ['container'] } });
    addAbortSignal(signal, stream);
    for await (const line of createInterface({ input: stream })) take(JSON.parse(line) as DockerEvent);
  };

  /** One connection: the past that Docker still has (256 events), what there is now, then events as they come. */
  const listen = async (signal: AbortSignal): Promise<void> => {
    const now = seconds(clock.wallMs());
    await read({ since: lastEventNano === 0 ? 0 : seconds(lastEventNano / 1e6 + 0.001), until: now }, signal);
    observe(fromDockerListing(await docker.listContainers({ all: true, abortSignal: signal }), clock.wallMs()));
    await read({ since: now }, signal);
  };

  return {
    async run(signal) {
      let delay = RETRY_MS.first;
      while (!signal.aborted) {
        const before = clock.monotonicMs();
        await listen(signal).catch(() => undefined);
        if (signal.aborted) return;
        observe({ kind: 'docker-lost', atMs: clock.wallMs() });
        delay = clock.monotonicMs() - before > RETRY_MS.most ? RETRY_MS.first : Math.min(delay * 2, RETRY_MS.most);
        await sleep(delay * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      }
    },
    async restart(containerId) {
      await docker.getContainer(containerId).restart({ t: STOP_SECONDS });
    },
  };
}

function optionsOf(address: string): Docker.DockerOptions {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) };
  const { hostname, port } = new URL(address);
  return { protocol: 'http', host: hostname, port: Number(port || 2375) };
}

/** Docker takes seconds with up to nine decimals. */
function seconds(ms: number): number {
  return Number((ms / 1000).toFixed(6));
}
