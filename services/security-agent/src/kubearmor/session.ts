import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Clock } from '#agent/clock.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import { type Channel, isUnimplemented, reasonOf } from './channel.ts';
import type { GapLedger, StreamGap, StreamName } from './gaps.ts';
import { readSnapshot, readStateEvent, type StateSnapshot } from './state-event.ts';
import type { TurnBudget } from './turn-budget.ts';
import { procedures } from './wire.ts';

/** What a session tells. Called from the event loop, one at a time; must not throw. */
export interface SessionListener {
  /** An alert or a log as it came, for `normalise` (#policy/normalise.ts). */
  event(raw: object, stream: 'alerts' | 'logs'): void;
  /** What KubeArmor believes about containers. */
  observation(observation: Observation): void;
  /** All streams are up; policies may be sent. A new session means that KubeArmor may have been restarted. */
  up(session: SessionFacts): void;
  gap(gap: StreamGap): void;
}

export interface SessionFacts {
  /** Never the same twice, not even after a restart of the agent. */
  readonly id: string;
  readonly atMs: number;
  /** Absent when KubeArmor runs without its StateAgent: then only Docker tells which containers there are. */
  readonly state?: StateSnapshot;
}

export interface SessionTiming {
  /** Between two health checks. */
  readonly healthEveryMs: number;
  /** An unanswered health check ends the session. */
  readonly healthDeadlineMs: number;
  /** Not having run for so long may have cost events: KubeArmor queues 1000 for us (reference/kubearmor.md §2.1). */
  readonly stallMs: number;
}

export interface SessionParts {
  readonly id: string;
  readonly channel: Channel;
  readonly listener: Omit<SessionListener, 'up'>;
  readonly up: SessionListener['up'];
  readonly ledger: GapLedger;
  readonly budget: TurnBudget;
  readonly clock: Clock;
  readonly timing: SessionTiming;
}

type Stream = ClientReadableStream<object>;

/**
 * Runs one session: opens the streams, proves them, takes the snapshot, then listens until something ends or the channel
 * is closed, which is the caller's to do in any case.
 *
 * A stream is up when a health check that was sent after it is answered, since KubeArmor sends no header before its
 * first message (§0). One stream that ends, by an error or with OK (§2.1: a stopping KubeArmor does that), ends all.
 *
 * @returns why it ended
 * @throws ArmorError KUBEARMOR_UNAVAILABLE when it never got that far
 */
export async function runSession(parts: SessionParts): Promise<string> {
  const { id, channel, listener, up, ledger, clock, timing } = parts;
  await checkHealth(channel, timing.healthDeadlineMs);
  const ended = Promise.withResolvers<string>();
  openStreams(parts, ended.resolve);
  let beat: NodeJS.Timeout | undefined;
  try {
    await checkHealth(channel, timing.healthDeadlineMs);
    const state = await takeSnapshot(channel, clock);
    const atMs = clock.wallMs();
    for (const gap of ledger.restored(atMs)) listener.gap(gap);
    up(state === undefined ? { id, atMs } : { id, atMs, state });
    if (state !== undefined) {
      listener.observation({ kind: 'state-snapshot', session: id, containers: state.containers, atMs });
    }
    beat = startHeartbeat(parts, ended.resolve);
    return await ended.promise;
  } finally {
    clearInterval(beat);
  }
}

/** @throws ArmorError KUBEARMOR_UNAVAILABLE */
export async function checkHealth(channel: Channel, deadlineMs: number): Promise<void> {
  await channel.call(procedures.healthCheck, { nonce: 1 }, deadlineMs);
}

/** What GetState tells, or undefined where the StateAgent is switched off. */
export async function takeSnapshot(channel: Channel, clock: Clock): Promise<StateSnapshot | undefined> {
  try {
    return readSnapshot(await onlyMessage(channel.open(procedures.getState, {})), clock.wallMs());
  } catch (error) {
    if (isUnimplemented(error)) return undefined;
    throw error;
  }
}

/** GetState is a stream of one message. */
function onlyMessage(stream: Stream): Promise<object> {
  return new Promise((resolve, reject) => {
    stream.on('data', resolve);
    stream.on('error', reject);
    stream.on('end', () => reject(new Error('GetState told nothing')));
  });
}

function openStreams({ channel, listener, ledger, budget, clock }: SessionParts, end: (reason: string) => void): void {
  const open = (name: StreamName, stream: Stream, take: (message: object, atMs: number) => void): void => {
    stream.on('data', (message: object) => {
      const atMs = clock.wallMs();
      ledger.alive(name, atMs);
      take(message, atMs);
      if (!budget.spent()) return;
      stream.pause();
      setImmediate(() => stream.resume());
    });
    let absent = false;
    stream.on('error', (error) => {
      absent = name === 'state' && isUnimplemented(error);
      if (!absent) end(`stream of ${name}: ${reasonOf(error)}`);
    });
    // Comes after an error, too.
    stream.on('end', () => absent || end(`KubeArmor ended the stream of ${name}`));
  };
  const everything = { Filter: 'all' };
  open('alerts', channel.open(procedures.watchAlerts, everything), (message) => listener.event(message, 'alerts'));
  open('logs', channel.open(procedures.watchLogs, everything), (message) => listener.event(message, 'logs'));
  open('state', channel.open(procedures.watchState, {}), (message, atMs) => {
    const observation = readStateEvent(message, atMs);
    if (observation !== undefined) listener.observation(observation);
  });
}

/** Asks for a sign of life now and then, and notices when this very process was not running in between. */
function startHeartbeat(
  { channel, listener, ledger, clock, timing }: SessionParts,
  end: (reason: string) => void,
): NodeJS.Timeout {
  let ranAt = clock.monotonicMs();
  return setInterval(() => {
    const now = clock.monotonicMs();
    const late = now - ranAt - timing.healthEveryMs;
    ranAt = now;
    const atMs = clock.wallMs();
    if (late > timing.stallMs) for (const gap of ledger.stalled(atMs - late, atMs)) listener.gap(gap);
    checkHealth(channel, timing.healthDeadlineMs).then(
      () => {
        for (const stream of ['alerts', 'logs', 'state'] as const) ledger.alive(stream, atMs);
      },
      (error: unknown) => end(error instanceof Error ? error.message : String(error)),
    );
  }, timing.healthEveryMs);
}
