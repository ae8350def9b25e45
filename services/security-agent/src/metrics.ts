import { Counter, Gauge, Registry } from 'prom-client';
import type { PolicyView, WorkloadView } from '#agent/api/view.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import type { ConsumerCount } from '#agent/events/fan-out.ts';

/** What metrics are computed from at the moment they are asked for. */
export interface MetricSources {
  workloads(): readonly WorkloadView[];
  policies(): readonly PolicyView[];
  consumers(): readonly ConsumerCount[];
  kubearmorUp(): boolean;
  dockerUp(): boolean;
  essUp(): boolean;
}

export interface Metrics {
  /** KubeArmor events that arrived, by stream; every one, also those that become no finding. */
  received(stream: 'alerts' | 'logs'): void;
  unreadable(reason: string): void;
  event(event: AgentEvent): void;
  /** Prometheus text format. */
  text(): Promise<string>;
}

const PREFIX = 'horizon_armor_';

/** The agent's metrics; docs/api.md lists them. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });
  const gauge = (name: string, help: string, labelNames: readonly string[], collect: (gauge: Gauge) => void): Gauge =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });

  const received = counter('events_total', 'KubeArmor events that arrived', ['stream']);
  const unreadable = counter('events_unreadable_total', 'KubeArmor events that could not be read', ['reason']);
  const findings = counter('findings_total', 'What policies blocked or audited', ['outcome', 'policy', 'workload']);
  const notices = counter('notices_total', 'What the agent noticed', ['notice']);
  gauge(
    'workload_protection',
    '1 for the protection that a running workload has',
    ['workload', 'container_name', 'protection'],
    (self) => {
      for (const { container, containerName, protection, running } of sources.workloads()) {
        if (running) self.set({ workload: container, container_name: containerName, protection }, 1);
      }
    },
  );
  gauge(
    'workload_exposed_seconds',
    'Seconds a workload was unprotected since its start',
    ['workload', 'container_name'],
    (self) => {
      for (const { container, containerName, exposedSeconds } of sources.workloads()) {
        self.set({ workload: container, container_name: containerName }, exposedSeconds);
      }
    },
  );
  gauge('policies', 'Policies that shall hold, by state', ['state', 'layer'], (self) => {
    for (const { state, layer } of sources.policies()) self.inc({ state, layer });
  });
  gauge('consumer_dropped', 'Events that a slow consumer of the API lost', ['consumer'], (self) => {
    for (const { name, dropped } of sources.consumers()) self.inc({ consumer: name }, dropped);
  });
  gauge('kubearmor_up', '1 while there is a session with KubeArmor', [], (self) =>
    self.set(sources.kubearmorUp() ? 1 : 0),
  );
  gauge('docker_up', '1 while Docker’s events are heard', [], (self) => self.set(sources.dockerUp() ? 1 : 0));
  gauge('ess_up', '1 while the ESS answers', [], (self) => self.set(sources.essUp() ? 1 : 0));

  return {
    received: (stream) => received.inc({ stream }),
    unreadable: (reason) => unreadable.inc({ reason }),
    event(event) {
      if (event.kind === 'notice') notices.inc({ notice: event.notice });
      else
        findings.inc({ outcome: event.outcome, policy: event.policy, workload: event.workload?.container ?? 'host' });
    },
    text: () => registry.metrics(),
  };
}
