import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { connectKubeArmor, type KubeArmorClient, type KubeArmorSettings } from '#agent/kubearmor/client.ts';
import type { StreamGap } from '#agent/kubearmor/gaps.ts';
import type { SessionFacts } from '#agent/kubearmor/session.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import { type StartOptions, startKubeArmor } from '#demo/simulators/kubearmor/start.ts';

/** A client that runs, and everything its listener was told. */
export interface Listening {
  readonly client: KubeArmorClient;
  readonly events: { readonly raw: object; readonly stream: 'alerts' | 'logs' }[];
  readonly observations: Observation[];
  readonly ups: SessionFacts[];
  readonly downs: { readonly reason: string; readonly atMs: number }[];
  readonly gaps: StreamGap[];
  stop(): Promise<void>;
}

/** Fast enough for tests; the proportions are those of the real settings. */
const TIMING = { healthEveryMs: 50, healthDeadlineMs: 1000, stallMs: 400 };
const RECONNECT = { firstMs: 5, mostMs: 40 };

export function listen(
  t: ExecutionContext,
  address: string,
  settings: Partial<KubeArmorSettings> & { readonly onEvent?: (raw: object) => void } = {},
): Listening {
  const { onEvent, ...rest } = settings;
  const told: Omit<Listening, 'client' | 'stop'> = { events: [], observations: [], ups: [], downs: [], gaps: [] };
  const client = connectKubeArmor({
    address,
    timing: TIMING,
    reconnect: RECONNECT,
    ...rest,
    listener: {
      event(raw, stream) {
        told.events.push({ raw, stream });
        onEvent?.(raw);
      },
      observation: (observation) => void told.observations.push(observation),
      up: (session) => void told.ups.push(session),
      down: (reason, atMs) => void told.downs.push({ reason, atMs }),
      gap: (gap) => void told.gaps.push(gap),
    },
  });
  const ending = new AbortController();
  const running = client.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  t.teardown(stop);
  return { ...told, client, stop };
}

/** A KubeArmor that ends with the test. */
export async function simulate(t: ExecutionContext, options: StartOptions = {}) {
  const simulator = await startKubeArmor(options);
  t.teardown(() => simulator.stop());
  return simulator;
}

/** Waits until something is so; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}
