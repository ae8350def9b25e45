import type { SecurityEvent } from '../event.ts';
import { type DenialPart, denialPart, keyOfExistingFile, NEVER_WAITS, type PartRole } from './denial-parts.ts';
import { type MergedEvent, mergeParts } from './merge-parts.ts';

export type { MergedEvent } from './merge-parts.ts';

export interface MergeOptions {
  /** How long an event waits for its other half. The halves were seen up to 40 ms apart on a slow machine. */
  readonly windowMicros?: number;
  /** Events that may wait at once; beyond, the oldest go out as they are. */
  readonly limit?: number;
  /**
   * Which events wait. By default what was denied, and alerts. Who also counts what passed (audits found by an
   * evaluator, say) should name those, too: an event that does not wait can only join one that does.
   */
  readonly concerns?: (event: SecurityEvent) => boolean;
}

const DEFAULT_WINDOW_MICROS = 1_000_000;
const DEFAULT_LIMIT = 10_000;
/** How long a refused creation whose call has failed waits for the hook that decided: five times what was seen. */
const LATE_HOOK_MICROS = 200_000;

interface Waiting {
  readonly since: number;
  readonly keys: readonly string[];
  readonly parts: Map<PartRole, SecurityEvent>;
  copied: boolean;
  /** The file whose creation was refused turned out to be there. */
  existed: boolean;
}

/**
 * Merges the events of one denial into one, as they come. Every event that goes in comes out in exactly one
 * MergedEvent, after the window at the latest.
 */
export class DenialMerger {
  private readonly window: number;
  private readonly limit: number;
  private readonly concerns: (event: SecurityEvent) => boolean;
  private readonly byKey = new Map<string, Set<Waiting>>();
  /** In order of arrival. */
  private readonly waiting = new Set<Waiting>();
  /** Those of them that are complete but for a hook that hardly ever comes, and until when; in that order. */
  private readonly nearlyComplete = new Map<Waiting, number>();

  constructor(options: MergeOptions = {}) {
    this.window = options.windowMicros ?? DEFAULT_WINDOW_MICROS;
    this.limit = options.limit ?? DEFAULT_LIMIT;
    this.concerns = options.concerns ?? concernsDenials;
  }

  /** Events that wait at the moment. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * Takes one event, and gives what is complete or overdue.
   *
   * @param at the clock the window is measured by; the event's own time unless given
   */
  push(event: SecurityEvent, at: number = event.timeMicros): MergedEvent[] {
    const out = this.expire(at);
    // Nearly all telemetry passed and has nothing to join: it need not be looked at any closer.
    const part = this.waiting.size > 0 || this.concerns(event) ? denialPart(event) : undefined;
    if (part === undefined) {
      out.push(alone(event));
      return out;
    }
    this.noteExisting(event, out);
    const partner = this.partnerOf(part);
    if (partner !== undefined) this.join(partner, part, event, at, out);
    else if (this.concerns(event) && !NEVER_WAITS.has(part.role)) this.wait(part, event, at);
    else out.push(alone(event));
    while (this.waiting.size > this.limit) this.releaseOldest(out);
    return out;
  }

  /** What has waited long enough at the time `at`. */
  expire(at: number): MergedEvent[] {
    const out: MergedEvent[] = [];
    for (const [waiting, until] of this.nearlyComplete) {
      if (at <= until) break;
      out.push(...this.release(waiting));
    }
    for (const waiting of this.waiting) {
      if (at - waiting.since <= this.window) break;
      out.push(...this.release(waiting));
    }
    return out;
  }

  /** Everything that still waits. */
  flush(): MergedEvent[] {
    return [...this.waiting].flatMap((waiting) => this.release(waiting));
  }

  private partnerOf({ keys, role }: DenialPart): Waiting | undefined {
    for (const key of keys) {
      for (const waiting of this.byKey.get(key) ?? []) if (fits(role, waiting.parts)) return waiting;
    }
    return undefined;
  }

  private join(
    partner: Waiting,
    { role, copied }: DenialPart,
    event: SecurityEvent,
    at: number,
    out: MergedEvent[],
  ): void {
    const { parts } = partner;
    parts.set(role, event);
    partner.copied ||= copied;
    if (isComplete(partner)) out.push(...this.release(partner));
    else if (parts.has('creation') && parts.has('call')) this.nearlyComplete.set(partner, at + LATE_HOOK_MICROS);
  }

  /** An open with O_CREAT that passed: the refused creation before it refused nothing, the write after it may be. */
  private noteExisting(event: SecurityEvent, out: MergedEvent[]): void {
    const key = keyOfExistingFile(event);
    if (key === undefined) return;
    for (const waiting of this.byKey.get(key) ?? []) {
      const { parts, existed } = waiting;
      const creation = parts.get('creation');
      if (existed || creation === undefined || parts.has('call') || event.timeMicros < creation.timeMicros) continue;
      waiting.existed = true;
      if (isComplete(waiting)) out.push(...this.release(waiting));
      return;
    }
  }

  private wait({ keys, role, copied }: DenialPart, event: SecurityEvent, since: number): void {
    const waiting: Waiting = { since, keys, copied, existed: false, parts: new Map([[role, event]]) };
    this.waiting.add(waiting);
    for (const key of keys) {
      const known = this.byKey.get(key);
      if (known === undefined) this.byKey.set(key, new Set([waiting]));
      else known.add(waiting);
    }
  }

  private releaseOldest(out: MergedEvent[]): void {
    const [oldest] = this.waiting;
    if (oldest !== undefined) out.push(...this.release(oldest));
  }

  private release(waiting: Waiting): MergedEvent[] {
    this.waiting.delete(waiting);
    this.nearlyComplete.delete(waiting);
    for (const key of waiting.keys) {
      const known = this.byKey.get(key);
      known?.delete(waiting);
      if (known?.size === 0) this.byKey.delete(key);
    }
    return separate(waiting).map(mergeParts);
  }
}

/** A refused write follows an open that passed, so it has no part in one that was refused. */
function fits(role: PartRole, parts: ReadonlyMap<PartRole, SecurityEvent>): boolean {
  if (parts.has(role)) return false;
  if (role === 'write') return parts.has('creation') && !parts.has('hook') && !parts.has('call');
  return role !== 'hook' || !parts.has('write');
}

/** After a refused creation alone the hook that decides may still come. */
function isComplete({ parts, copied, existed }: Waiting): boolean {
  if (parts.has('write')) return existed && !parts.has('call');
  return parts.has('hook') && parts.has('call') && (parts.has('copy') || !copied);
}

/** A write is of the same access as a refused creation only where the file is known to have been there. */
function separate({ parts, existed }: Waiting): ReadonlyMap<PartRole, SecurityEvent>[] {
  const write = parts.get('write');
  if (write === undefined || (existed && !parts.has('call'))) return [parts];
  const others = new Map(parts);
  others.delete('write');
  return [others, new Map([['write', write]])];
}

/** Merges a finished list of events, by their own times. */
export function mergeDenials(events: Iterable<SecurityEvent>, options: MergeOptions = {}): MergedEvent[] {
  const merger = new DenialMerger(options);
  const merged: MergedEvent[] = [];
  for (const event of events) merged.push(...merger.push(event));
  merged.push(...merger.flush());
  return merged;
}

function concernsDenials({ denied, origin }: SecurityEvent): boolean {
  return denied || origin === 'alert';
}

function alone(event: SecurityEvent): MergedEvent {
  return { event, parts: [event] };
}
