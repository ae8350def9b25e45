import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '#agent/clock.ts';
import type { PolicyCalls } from '#agent/reconcile/apply.ts';
import { ArmorError } from '#errors';
import { type BackOffLimits, backOff, RECONNECT } from './backoff.ts';
import { type Channel, openChannel } from './channel.ts';
import type { TlsSettings } from './credentials.ts';
import { gapLedger } from './gaps.ts';
import { type Caller, policyCalls } from './policy-calls.ts';
import { type ProbeData, readProbe } from './probe.ts';
import { runSession, type SessionListener, type SessionTiming, takeSnapshot } from './session.ts';
import type { StateSnapshot } from './state-event.ts';
import { turnBudget } from './turn-budget.ts';
import { procedures } from './wire.ts';

/** What a KubeArmor tells. Called from the event loop, one at a time; must not throw. */
export interface KubeArmorListener extends SessionListener {
  /** The session ended, or a new one cannot be had; told once for each reason. */
  down(reason: string, atMs: number): void;
}

export interface KubeArmorSettings {
  /** `host:port` of KubeArmor's gRPC. */
  readonly address: string;
  /** Mutual TLS, where KubeArmor was started with it. */
  readonly tls?: TlsSettings;
  readonly listener: KubeArmorListener;
  readonly clock?: Clock;
  readonly timing?: Partial<SessionTiming>;
  readonly reconnect?: BackOffLimits;
}

/** The agent's side of a KubeArmor: comes back by itself, and says what it may have missed. */
export interface KubeArmorClient {
  /**
   * Sent one at a time, in order.
   *
   * @throws ArmorError KUBEARMOR_UNAVAILABLE, at once while there is no session
   */
  readonly policies: PolicyCalls;
  /** @throws ArmorError KUBEARMOR_UNAVAILABLE */
  probe(): Promise<ProbeData>;
  /** Which containers it has registered; undefined without its StateAgent. @throws ArmorError KUBEARMOR_UNAVAILABLE */
  state(): Promise<StateSnapshot | undefined>;
  /** Connects and listens until `signal` aborts. Never throws; what happens is told to the listener. */
  run(signal: AbortSignal): Promise<void>;
}

const TIMING: SessionTiming = { healthEveryMs: 5000, healthDeadlineMs: 10_000, stallMs: 2000 };
const PROBE_MS = 15_000;
/** Far below the 100 ms that the loop may be blocked at most: others work in the same turn. */
const TURN_MS = 20;

/**
 * A client for the KubeArmor at `address`. It does nothing before `run`.
 *
 * The listener hears every alert, log and container change of a session, `up` and `down` at its ends, and a gap for each
 * stream that was away (gaps.ts). What KubeArmor itself drops, because a client is slow or a container loud, is invisible
 * here, except for its own throttle notices (reference/kubearmor.md §2.1, §5.6).
 */
export function connectKubeArmor({ address, tls, listener, ...options }: KubeArmorSettings): KubeArmorClient {
  const clock = options.clock ?? systemClock;
  const timing = { ...TIMING, ...options.timing };
  const ledger = gapLedger(['alerts', 'logs', 'state']);
  const budget = turnBudget(TURN_MS);
  const delays = backOff(options.reconnect ?? RECONNECT);
  /** Present from `up` to `down`: nothing is sent to a KubeArmor whose events we would not see. */
  let current: Channel | undefined;

  const connected = (): Channel => {
    if (current !== undefined) return current;
    throw new ArmorError(
      'KUBEARMOR_UNAVAILABLE',
      'KubeArmor is not connected',
      { request: address },
      'Wait until it is up; the agent tries all the time.',
    );
  };
  const call: Caller = async (procedure, request, deadlineMs) => connected().call(procedure, request, deadlineMs);

  /** Why there has been no session since the last one. */
  const troubles = new Set<string>();
  const lost = (reason: string): void => {
    current = undefined;
    const atMs = clock.wallMs();
    ledger.lost(atMs, reason);
    if (troubles.has(reason)) return;
    if (troubles.size === 0) listener.observation({ kind: 'kubearmor-lost', atMs });
    troubles.add(reason);
    listener.down(reason, atMs);
  };

  const live = async (signal: AbortSignal): Promise<string> => {
    const channel = openChannel(address, tls);
    const close = (): void => channel.close();
    signal.addEventListener('abort', close, { once: true });
    const up: SessionListener['up'] = (session) => {
      current = channel;
      troubles.clear();
      delays.reset();
      listener.up(session);
    };
    try {
      const id = randomUUID();
      return await runSession({ id, channel, listener, up, ledger, budget, clock, timing });
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  };

  return {
    policies: policyCalls(call),
    probe: async () => readProbe(await call(procedures.getProbeData, {}, PROBE_MS)),
    state: async () => takeSnapshot(connected(), clock),
    async run(signal) {
      while (!signal.aborted) {
        const reason = await live(signal).catch(messageOf);
        if (signal.aborted) current = undefined;
        else lost(reason);
        if (!signal.aborted) await sleep(delays.next(), undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
