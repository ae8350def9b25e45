import type { AgentEvent } from '#agent/events/agent-event.ts';
import type { Subscription } from '#agent/events/fan-out.ts';
import type { EventFilter } from '#agent/events/journal.ts';
import type { SecurityStatus, WorkloadStatus } from '#agent/report/security-status.ts';
import type { Gap } from '#agent/truth/history.ts';
import type { ComplianceId, Layer } from '#policy/payload.ts';
import type { SecurityPolicy } from '#policy/types.ts';

/** A policy that shall hold, where it comes from, and how far it got. */
export interface PolicyView {
  readonly name: string;
  readonly kubearmorName: string;
  /** Container name in the deployment, or `host`. */
  readonly subject: string;
  readonly layer: Layer;
  readonly payloadId: string;
  readonly seq: number;
  readonly template?: string;
  readonly compliance: readonly ComplianceId[];
  readonly overrides: readonly { readonly layer: Layer; readonly payloadId: string }[];
  readonly state: 'applied' | 'pending' | 'rejected' | 'collides';
  readonly policy: SecurityPolicy;
}

/** A workload with the stretches of time in which it was unprotected. */
export interface WorkloadView extends WorkloadStatus {
  readonly gaps: readonly Gap[];
  readonly warnings: readonly string[];
}

export interface Health {
  readonly ok: boolean;
  /** What is not as it should be, in words. */
  readonly problems: readonly string[];
}

/** What the API shows: reads only, nothing of the agent can be changed through it. */
export interface AgentView {
  health(): Health;
  status(): SecurityStatus;
  workloads(): readonly WorkloadView[];
  policies(): readonly PolicyView[];
  recentEvents(limit: number, filter: EventFilter): readonly AgentEvent[];
  subscribe(name: string): Subscription<AgentEvent>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
}
