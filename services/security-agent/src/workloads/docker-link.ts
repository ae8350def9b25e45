import { createInterface } from 'node:readline';
import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import type { Clock } from '#agent/clock.ts';
import { type DockerEvent, fromDockerEvent, fromDockerListing } from './docker.ts';
import type { Observation } from './observation.ts';

/** What the agent may ask of Docker through the proxy: events, the listing, and a restart (design §7). */
export interface DockerLink {
  /** Runs until `signal` aborts: listens, reconnects, and tells `observe` what it sees, together what belongs together. */
  run(signal: AbortSignal): Promise<void>;
  /** @throws when the proxy refuses, or the container is gone */
  restart(containerId: string): Promise<void>;
}

/** Docker is on the same machine: never wait long. */
const RETRY_MS = { first: 100, most: 5000 };
/** anax looks every 60 s whether a container runs: the stop has to be short (design §7.5). */
const STOP_SECONDS = 2;

/**
 * @param address `http://host:port` or `unix:///path`
 */
export function connectDocker(
  address: string,
  observe: (observations: readonly Observation[]) => void,
  clock: Clock,
): DockerLink {
  const docker = new Docker(optionsOf(address));
  let lastEventNano = 0;
  let heardAtMs = clock.monotonicMs();

  async function* read(range: { since: number; until?: number }, signal: AbortSignal): AsyncGenerator<Observation> {
    const stream = await docker.getEvents({ ...range, filters: { type: ['container'] } });
    addAbortSignal(signal, stream);
    for await (const line of createInterface({ input: stream })) {
      const event = JSON.parse(line) as DockerEvent;
      lastEventNano = event.timeNano ?? lastEventNano;
      heardAtMs = clock.monotonicMs();
      const observation = fromDockerEvent(event);
      if (observation !== undefined) yield observation;
    }
  }

  /** From when on nothing was heard. Docker refuses to tell a past that has not been: the clock may be set back. */
  const unheardSince = (nowMs: number): number => {
    const lastEventMs = lastEventNano / 1e6;
    if (lastEventNano === 0) return 0;
    return lastEventMs < nowMs ? lastEventMs + 0.001 : nowMs - (clock.monotonicMs() - heardAtMs);
  };

  /**
   * One connection: the past that Docker still has (256 events) and what there is now, as one observation of the whole,
   * because the past alone is no longer true; then events as they come.
   */
  const listen = async (signal: AbortSignal, connected: () => void): Promise<void> => {
    const nowMs = clock.wallMs();
    const now = seconds(nowMs);
    const past = await Array.fromAsync(read({ since: seconds(unheardSince(nowMs)), until: now }, signal));
    const listing = fromDockerListing(await docker.listContainers({ all: true, abortSignal: signal }), clock.wallMs());
    observe([...past, listing]);
    connected();
    for await (const observation of read({ since: now }, signal)) observe([observation]);
  };

  return {
    async run(signal) {
      let delay = RETRY_MS.first;
      while (!signal.aborted) {
        await listen(signal, () => {
          delay = RETRY_MS.first;
        }).catch(() => undefined);
        if (signal.aborted) return;
        observe([{ kind: 'docker-lost', atMs: clock.wallMs() }]);
        delay = Math.min(delay * 2, RETRY_MS.most);
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
