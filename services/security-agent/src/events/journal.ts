import type { AgentEvent, NewAgentEvent } from './agent-event.ts';
import { createFanOut, type FanOut, type Subscription } from './fan-out.ts';

/** Which events a reader wants; every given condition must hold. */
export interface EventFilter {
  readonly kind?: AgentEvent['kind'];
  /** Container name in the deployment, or Docker's name. */
  readonly workload?: string;
  /** Only events numbered above this one. */
  readonly after?: number;
}

/** Numbers events, keeps the most recent ones, and hands each to whoever listens. */
export interface Journal {
  add(event: NewAgentEvent): AgentEvent;
  /** The newest `limit` events that match, oldest first. */
  recent(limit: number, filter?: EventFilter): AgentEvent[];
  subscribe(name: string, capacity?: number): Subscription<AgentEvent>;
  readonly consumers: FanOut<AgentEvent>['counts'];
  readonly dropped: FanOut<AgentEvent>['dropped'];
  close(): void;
}

const RECENT_KEPT = 2000;

export function createJournal(kept = RECENT_KEPT): Journal {
  const fanOut = createFanOut<AgentEvent>();
  const ring: AgentEvent[] = [];
  let next = 1;
  return {
    add(event) {
      const numbered: AgentEvent = { ...event, id: next };
      ring[(next - 1) % kept] = numbered;
      next += 1;
      fanOut.publish(numbered);
      return numbered;
    },
    recent(limit, filter = {}) {
      const start = (next - 1) % kept;
      const ordered = ring.length < kept ? ring : [...ring.slice(start), ...ring.slice(0, start)];
      return ordered.filter((event) => matches(event, filter)).slice(-limit);
    },
    subscribe: (name, capacity) => fanOut.subscribe(name, capacity),
    consumers: () => fanOut.counts(),
    dropped: () => fanOut.dropped(),
    close: () => fanOut.close(),
  };
}

/** Whether an event is what a reader asked for. */
export function matches(event: AgentEvent, { kind, workload, after }: EventFilter): boolean {
  if (kind !== undefined && event.kind !== kind) return false;
  if (after !== undefined && event.id <= after) return false;
  if (workload === undefined) return true;
  if (event.kind === 'notice') return event.subject === workload;
  return event.workload?.container === workload || event.containerName === workload;
}
