import { type Clock, iso } from '#agent/clock.ts';
import type { NewAgentEvent, NoticeKind } from '#agent/events/agent-event.ts';
import { noticer } from '#agent/notices.ts';
import type { AttachmentStatus } from '#agent/report/security-status.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { checkPayload } from './check-payload.ts';
import type { EssClient } from './ess-client.ts';
import { type HeldPayload, inForce, isWithdrawal, type Rejection } from './held.ts';
import type { HeldStore } from './held-store.ts';
import { type Poll, pollPolicies, type SeenObject } from './poll.ts';
import { applyListing, type OnVanish } from './vanish.ts';

/** What the keeper needs of the rest of the agent. */
export interface KeeperContext {
  readonly ess: EssClient | undefined;
  readonly store: HeldStore;
  readonly pinned: ReadonlySet<string>;
  readonly onVanish: OnVanish;
  readonly clock: Clock;
  readonly notify: (event: NewAgentEvent) => void;
  /** What is in force has changed. */
  readonly changed: () => void;
  readonly workloadPresent: (held: HeldPayload) => boolean;
}

/** Keeps what was verified, through outages and restarts, and brings in what is new. */
export interface Keeper {
  /** Reads last-known-good from disk; called once, before the first poll. */
  load(): Promise<void>;
  /** One look at the ESS; never throws, says so when there is none. */
  poll(): Promise<void>;
  payloads(): PolicyPayload[];
  attachments(): AttachmentStatus[];
  rejections(): readonly Rejection[];
  /** Since when the ESS answers or does not; undefined before the first poll. */
  essState(): { readonly up: boolean; readonly sinceMs: number; readonly problem: string } | undefined;
}

const REJECTIONS_KEPT = 100;
/** The idle time of vanished payloads is written this often: a restart of the agent may cost so much of a day. */
const IDLE_SAVED_EVERY_MS = 10 * 60_000;

export function createKeeper(context: KeeperContext): Keeper {
  const { clock } = context;
  let held: ReadonlyMap<string, HeldPayload> = new Map();
  let seen: ReadonlyMap<string, SeenObject> = new Map();
  let missing: ReadonlySet<string> = new Set();
  let rejections: readonly Rejection[] = [];
  let ess: ReturnType<Keeper['essState']>;
  let lastPollMs: number | undefined;
  let idleSavedMs = 0;

  const notice = noticer(context.notify, clock);

  /** What the disk did not take; tried again at each look, because the next start may have no hub to ask. */
  const unsaved = new Set<string>();
  const save = async (each: HeldPayload): Promise<void> => {
    const { id } = each.payload;
    try {
      await context.store.save(each);
      unsaved.delete(id);
    } catch (error) {
      if (!unsaved.has(id)) notice('state-unwritable', String(error), id);
      unsaved.add(id);
    }
  };

  const essIs = (up: boolean, problem: string): void => {
    if (ess?.up === up) return;
    ess = { up, sinceMs: clock.wallMs(), problem };
    notice(up ? 'ess-up' : 'ess-down', up ? 'the ESS answers' : problem);
  };

  const take = async ({ accepted, rejected, carried, seen: nowSeen }: Poll): Promise<void> => {
    const next = new Map(held);
    for (const each of accepted) next.set(each.payload.id, { ...each, objectIds: objectsOf(nowSeen, each.payload.id) });
    const now = clock.monotonicMs();
    const elapsedMs = lastPollMs === undefined ? 0 : now - lastPollMs;
    lastPollMs = now;
    // An object leaves the list for a moment while it is updated (exchange-mms.md §0): once missing is not yet vanished.
    const absent = new Set([...next.keys()].filter((id) => !carried.has(id)));
    const firstMissed = [...absent].filter((id) => !missing.has(id) && next.get(id)?.vanishedAtMs === undefined);
    missing = absent;
    const outcome = applyListing(next, new Set([...carried, ...firstMissed]), {
      nowMs: clock.wallMs(),
      elapsedMs,
      onVanish: context.onVanish,
      workloadPresent: context.workloadPresent,
    });
    held = outcome.held;
    seen = nowSeen;
    rejections = [
      ...rejections.filter(({ objectId, revision }) => nowSeen.get(objectId)?.revision === revision),
      ...rejected,
    ].slice(-REJECTIONS_KEPT);
    for (const each of accepted) notice(...describeAccepted(each));
    for (const { objectId, reason, message } of rejected) notice('policy-rejected', `${reason}: ${message}`, objectId);
    for (const id of outcome.vanished)
      notice('policy-vanished', 'no object of the hub carries it any more; it stays in force', id);
    for (const id of outcome.returned) notice('policy-returned', 'its object is back', id);
    for (const { id, why } of outcome.ended) notice('policy-ended', why, id);
    const changed = [
      ...accepted.map(({ payload }) => payload.id),
      ...outcome.vanished,
      ...outcome.returned,
      ...outcome.ended.map(({ id }) => id),
    ];
    const all = now - idleSavedMs > IDLE_SAVED_EVERY_MS;
    if (all) idleSavedMs = now;
    for (const id of new Set(all ? held.keys() : [...changed, ...unsaved])) {
      const each = held.get(id);
      if (each !== undefined) await save(each);
    }
    if (changed.length > 0) context.changed();
  };

  return {
    async load() {
      const loaded = await context.store.load();
      held = loaded.held;
      for (const lost of loaded.lost) notice('state-corrupt', lost);
      if (held.size > 0) context.changed();
    },
    async poll() {
      if (context.ess === undefined) return essIs(false, 'no ESS: HZN_ESS_API_ADDRESS is not set');
      try {
        const nowMs = clock.wallMs();
        await take(await pollPolicies(context.ess, { seen, held, pinned: context.pinned, check: checkPayload, nowMs }));
        essIs(true, '');
      } catch (error) {
        essIs(false, error instanceof Error ? error.message : String(error));
      }
    },
    payloads: () => [...held.values()].filter(inForce).map(({ payload }) => payload),
    attachments: () => [...held.values()].map(attachment),
    rejections: () => rejections,
    essState: () => ess,
  };
}

function attachment(held: HeldPayload): AttachmentStatus {
  const { payload, keyId, acceptedAtMs, vanishedAtMs } = held;
  const state = isWithdrawal(held)
    ? 'withdrawn'
    : held.ended !== undefined
      ? 'ended'
      : vanishedAtMs !== undefined
        ? 'vanished'
        : 'in-force';
  return {
    id: payload.id,
    seq: payload.seq,
    layer: payload.layer,
    state,
    since: iso(vanishedAtMs ?? acceptedAtMs),
    keyId,
  };
}

function describeAccepted(held: HeldPayload): [NoticeKind, string, string] {
  const { id, seq, policies } = held.payload;
  if (isWithdrawal(held)) return ['policy-withdrawn', `withdrawn with seq ${seq}`, id];
  return ['policy-accepted', `seq ${seq}: ${policies.map(({ metadata }) => metadata.name).join(', ')}`, id];
}

function objectsOf(seen: ReadonlyMap<string, SeenObject>, payloadId: string): string[] {
  return [...seen].filter(([, object]) => object.payloadId === payloadId).map(([objectId]) => objectId);
}
