import { iso } from '#agent/clock.ts';
import type { NewAgentEvent } from '#agent/events/agent-event.ts';
import type { Pipeline } from '#agent/events/pipeline.ts';
import type { KubeArmorListener } from '#agent/kubearmor/client.ts';
import type { Metrics } from '#agent/metrics.ts';
import type { Noticer } from '#agent/notices.ts';
import type { Protector } from '#agent/protector.ts';

/** Who is told what KubeArmor tells. The first three need its client themselves, so they come later than this. */
export interface Hearers {
  readonly protector: () => Protector;
  readonly pipeline: () => Pipeline;
  readonly metrics: () => Metrics;
  readonly notify: (event: NewAgentEvent) => void;
  readonly notice: Noticer;
  /** There is a session since this moment, or none. */
  readonly turned: (atMs: number) => void;
  /** Aborted when the agent stops: what ends then is no event. */
  readonly stopping: AbortSignal;
}

/** Hands on what a KubeArmor tells: telemetry to the pipeline, what happens to containers to the protector. */
export function kubearmorListener(hearers: Hearers): KubeArmorListener {
  const { protector, pipeline, metrics, notify, notice, turned, stopping } = hearers;
  return {
    event(raw, stream) {
      metrics().received(stream);
      pipeline().take(raw);
    },
    observation(observation) {
      if (!stopping.aborted) protector().observe(observation);
    },
    up({ id, atMs, state }) {
      turned(atMs);
      // Without a StateAgent nobody tells which containers are registered: none can be called protected.
      if (state === undefined)
        protector().observe({ kind: 'state-snapshot', session: id, stateAgent: false, containers: [], atMs });
      notice('kubearmor-up', state === undefined ? 'connected; its StateAgent is off' : 'connected');
      protector().sessionBegan(id);
    },
    down(reason, atMs) {
      if (stopping.aborted) return;
      turned(atMs);
      protector().sessionEnded();
      notice('kubearmor-down', reason);
    },
    gap: ({ stream, fromMs, toMs, mayHaveMissed }) =>
      notify({
        kind: 'notice',
        time: iso(toMs),
        notice: 'stream-gap',
        message: `${stream}: ${((toMs - fromMs) / 1000).toFixed(1)} s without; may be missing: ${mayHaveMissed}`,
        details: { stream, fromMs, toMs },
      }),
  };
}
