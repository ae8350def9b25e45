import { type EndReason, type HeldPayload, isWithdrawal } from './held.ts';

/** keep: a deletion is not a withdrawal; drop: it is (design §7.1). */
export type OnVanish = 'keep' | 'drop';

/** A day without its workload ends a vanished deployment policy. */
export const WORKLOAD_GONE_MS = 24 * 60 * 60_000;

export interface VanishOutcome {
  readonly held: ReadonlyMap<string, HeldPayload>;
  readonly vanished: readonly string[];
  readonly returned: readonly string[];
  readonly ended: readonly { readonly id: string; readonly why: EndReason }[];
}

/**
 * What a complete listing of the ESS says about what the node holds. Anyone in the org can delete an MMS object, and a
 * node that stops matching sees the same, so absence alone ends nothing (design §7.1). Withdrawals and
 * what ended are kept without force: they hold the seq that refuses a replay. Pure.
 *
 * @param carried ids of payloads that a listed object carries
 * @param elapsedMs uptime since the last call, on the monotonic clock: a clock set forward by a year ends nothing
 * @param workloadPresent whether a container of the payload's target exists on the node
 */
export function applyListing(
  held: ReadonlyMap<string, HeldPayload>,
  carried: ReadonlySet<string>,
  options: {
    readonly nowMs: number;
    readonly elapsedMs: number;
    readonly onVanish: OnVanish;
    readonly workloadPresent: (held: HeldPayload) => boolean;
  },
): VanishOutcome {
  const next = new Map<string, HeldPayload>();
  const vanished: string[] = [];
  const returned: string[] = [];
  const ended: { id: string; why: EndReason }[] = [];
  const presentNodeDefault = [...held.values()].some(
    (each) => each.payload.layer === 'node' && !isWithdrawal(each) && carried.has(each.payload.id),
  );
  for (const [id, each] of held) {
    if (carried.has(id)) {
      const { vanishedAtMs, ended: _over, ...present } = each;
      if (vanishedAtMs !== undefined) returned.push(id);
      next.set(id, { ...present, idleMs: 0 });
      continue;
    }
    const why = endOf(each, presentNodeDefault, options);
    if (why !== undefined) {
      if (each.ended === undefined) ended.push({ id, why });
      next.set(id, { ...each, vanishedAtMs: each.vanishedAtMs ?? options.nowMs, ended: why });
      continue;
    }
    if (each.vanishedAtMs === undefined) vanished.push(id);
    next.set(id, {
      ...each,
      vanishedAtMs: each.vanishedAtMs ?? options.nowMs,
      idleMs: options.workloadPresent(each) ? 0 : each.idleMs + options.elapsedMs,
    });
  }
  return { held: next, vanished, returned, ended };
}

function endOf(
  each: HeldPayload,
  presentNodeDefault: boolean,
  {
    onVanish,
    elapsedMs,
    workloadPresent,
  }: { onVanish: OnVanish; elapsedMs: number; workloadPresent: (held: HeldPayload) => boolean },
): EndReason | undefined {
  if (each.ended !== undefined) return each.ended;
  if (isWithdrawal(each)) return undefined;
  if (onVanish === 'drop') return 'dropped-on-vanish';
  if (each.payload.layer === 'node') return presentNodeDefault ? 'replaced-by-another-node-default' : undefined;
  const idle = workloadPresent(each) ? 0 : each.idleMs + elapsedMs;
  return idle >= WORKLOAD_GONE_MS ? 'workload-gone-for-a-day' : undefined;
}
