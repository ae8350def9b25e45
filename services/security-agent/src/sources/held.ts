import type { PolicyPayload } from '#policy/payload.ts';

/** A verified payload that the node holds, with where it came from. Withdrawals are held too: they carry the seq. */
export interface HeldPayload {
  readonly payload: PolicyPayload;
  readonly keyId: string;
  /** The signed text, kept so that a start without a hub can verify it again. */
  readonly envelope: string;
  /** MMS objects that carried it; a pattern's copy has another id than the policy's. */
  readonly objectIds: readonly string[];
  readonly acceptedAtMs: number;
  /** Set while no listed object carries it: deleted, or the node stopped matching; it holds all the same. */
  readonly vanishedAtMs?: number;
  /** Time its workload has been absent while it was vanished, in milliseconds of uptime of the agent. */
  readonly idleMs: number;
  /** It vanished and one of the rules of vanish.ts ended it: no force, but its seq still refuses a replay. */
  readonly ended?: EndReason;
}

/** What ends a vanished payload without a signed withdrawal (design §7.1). */
export type EndReason = 'dropped-on-vanish' | 'replaced-by-another-node-default' | 'workload-gone-for-a-day';

/** Why an object was not taken. docs/status.md explains each. */
export type RejectReason =
  | 'unreadable'
  | 'oversized'
  | 'not-signed-by-a-pinned-key'
  | 'id-of-another-key'
  | 'replayed'
  | 'same-seq-other-content'
  | 'invalid-policy'
  | 'over-budget';

export interface Rejection {
  readonly objectId: string;
  readonly revision: string;
  readonly reason: RejectReason;
  readonly message: string;
  readonly atMs: number;
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly held: HeldPayload }
  | { readonly kind: 'known'; readonly id: string }
  | { readonly kind: 'rejected'; readonly reason: RejectReason; readonly message: string };

/** True for the signed end of an attachment (design §7.1). */
export function isWithdrawal({ payload }: HeldPayload): boolean {
  return payload.policies.length === 0;
}

/** True while the payload's policies shall hold. */
export function inForce(held: HeldPayload): boolean {
  return held.ended === undefined && !isWithdrawal(held);
}
