import { isDeepStrictEqual } from 'node:util';
import { ArmorError } from '#errors';
import { openEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import type { HeldPayload, RejectReason, Verdict } from './held.ts';

/** What else a payload must pass: schema and budget of its policies; undefined when nothing is wrong. */
export type PayloadCheck = (
  payload: PolicyPayload,
) => { readonly reason: RejectReason; readonly message: string } | undefined;

/**
 * Whether an object's data is taken. The object itself proves nothing, whoever wrote it and whatever it is called: only
 * the envelope's signature, the id that names the signer, and a rising seq count (reference/exchange-mms.md §0). Pure.
 *
 * @param held what the node holds by payload id, withdrawals and ended ones included
 */
export function judgeEnvelope(
  text: string,
  context: {
    readonly objectId: string;
    readonly pinned: ReadonlySet<string>;
    readonly held: ReadonlyMap<string, HeldPayload>;
    readonly check: PayloadCheck;
    readonly nowMs: number;
  },
): Verdict {
  let opened: { payload: PolicyPayload; keyId: string };
  try {
    opened = openEnvelope(text, context.pinned);
  } catch (error) {
    if (!(error instanceof ArmorError)) throw error;
    const reason = error.message.includes('not trusted here') ? 'not-signed-by-a-pinned-key' : 'unreadable';
    return { kind: 'rejected', reason, message: error.message };
  }
  const { payload, keyId } = opened;
  // Else one pinned publisher could replace or withdraw what another one attached.
  if (!payload.id.endsWith(`.${keyId.slice(0, 12)}`)) {
    return {
      kind: 'rejected',
      reason: 'id-of-another-key',
      message: `${payload.id} was signed by ${keyId.slice(0, 12)}`,
    };
  }
  const before = context.held.get(payload.id);
  if (before !== undefined) {
    if (payload.seq < before.payload.seq) {
      return {
        kind: 'rejected',
        reason: 'replayed',
        message: `seq ${payload.seq} is below ${before.payload.seq}, which this node has seen`,
      };
    }
    if (payload.seq === before.payload.seq) {
      if (isDeepStrictEqual(payload, before.payload)) return { kind: 'known', id: payload.id };
      return {
        kind: 'rejected',
        reason: 'same-seq-other-content',
        message: `seq ${payload.seq} was signed twice with different content`,
      };
    }
  }
  const problem = context.check(payload);
  if (problem !== undefined) return { kind: 'rejected', ...problem };
  return {
    kind: 'accepted',
    held: { payload, keyId, envelope: text, objectIds: [context.objectId], acceptedAtMs: context.nowMs, idleMs: 0 },
  };
}
