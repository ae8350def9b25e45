import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import type { EssClient } from './ess-client.ts';
import type { HeldPayload, Rejection } from './held.ts';
import { judgeEnvelope, type PayloadCheck } from './judge.ts';
import { type ListedObject, parseListing, revisionOf } from './listing.ts';

/** An envelope is a few hundred KiB at most; what is larger is refused unread. */
export const ENVELOPE_LIMIT_BYTES = 1024 * 1024;

/** What became of the revision of an object that was last read. */
export interface SeenObject {
  readonly revision: string;
  /** The payload it carries; absent when it was rejected. */
  readonly payloadId?: string;
}

/** One complete look at the ESS. */
export interface Poll {
  readonly accepted: readonly HeldPayload[];
  readonly rejected: readonly Rejection[];
  /** Payload ids that some listed object carries. */
  readonly carried: ReadonlySet<string>;
  readonly seen: ReadonlyMap<string, SeenObject>;
  /** Objects whose data was not there: amid an update (exchange-mms.md §C.9); read again at the next poll. */
  readonly incomplete: readonly string[];
}

export interface PollContext {
  readonly seen: ReadonlyMap<string, SeenObject>;
  readonly held: ReadonlyMap<string, HeldPayload>;
  readonly pinned: ReadonlySet<string>;
  readonly check: PayloadCheck;
  readonly nowMs: number;
}

/**
 * Lists the policy objects and reads what is new. Nothing is written but acknowledgements, which with `consumers: -1`
 * only tell the publisher that the node has it (reference/exchange-mms.md §0).
 *
 * @throws ArmorError NODE_UNREACHABLE when there is no complete listing; what is held stays as it is then
 */
export async function pollPolicies(ess: EssClient, context: PollContext): Promise<Poll> {
  const objects = await listObjects(ess);
  const held = new Map(context.held);
  const seen = new Map<string, SeenObject>();
  const poll = {
    accepted: [] as HeldPayload[],
    rejected: [] as Rejection[],
    carried: new Set<string>(),
    incomplete: [] as string[],
  };
  for (const object of objects) {
    const before = context.seen.get(object.objectId);
    if (object.deleted) {
      if (before !== undefined) await acknowledge(ess, object, 'deleted');
      continue;
    }
    const result =
      before?.revision === revisionOf(object) ? before : await read(ess, object, { ...context, held }, poll);
    const current = result ?? before;
    if (current === undefined) continue;
    seen.set(object.objectId, current);
    if (current.payloadId !== undefined) poll.carried.add(current.payloadId);
  }
  return { ...poll, seen };
}

/** Reads one object; undefined when its data is not there at the moment. Mutates the poll under construction. */
async function read(
  ess: EssClient,
  object: ListedObject,
  context: Omit<PollContext, 'held'> & { held: Map<string, HeldPayload> },
  poll: { accepted: HeldPayload[]; rejected: Rejection[]; incomplete: string[] },
): Promise<SeenObject | undefined> {
  const revision = revisionOf(object);
  const reject = (reason: Rejection['reason'], message: string): SeenObject => {
    poll.rejected.push({ objectId: object.objectId, revision, reason, message, atMs: context.nowMs });
    return { revision };
  };
  if (object.size > ENVELOPE_LIMIT_BYTES)
    return reject('oversized', `${object.size} bytes; ${ENVELOPE_LIMIT_BYTES} is the most`);
  // One object that cannot be read must not keep the others from being read.
  const answer = await ess
    .send('GET', `${pathOf(object)}/data`, { limitBytes: ENVELOPE_LIMIT_BYTES })
    .catch(() => undefined);
  if (answer?.status !== 200 || answer.body.length === 0) {
    poll.incomplete.push(object.objectId);
    return undefined;
  }
  if (answer.truncated) return reject('oversized', `more than ${ENVELOPE_LIMIT_BYTES} bytes`);
  const verdict = judgeEnvelope(answer.body.toString('utf8'), { ...context, objectId: object.objectId });
  await acknowledge(ess, object, 'received');
  switch (verdict.kind) {
    case 'rejected':
      return reject(verdict.reason, verdict.message);
    case 'known':
      return { revision, payloadId: verdict.id };
    case 'accepted':
      context.held.set(verdict.held.payload.id, verdict.held);
      poll.accepted.push(verdict.held);
      return { revision, payloadId: verdict.held.payload.id };
  }
}

async function listObjects(ess: EssClient): Promise<ListedObject[]> {
  const { status, body } = await ess.send('GET', `/api/v1/objects/${POLICY_OBJECT_TYPE}?received=true`);
  // An empty list is a 404 (reference/exchange-mms.md §C.8); a 403 is not one.
  if (status === 404) return [];
  return parseListing(status === 200 ? body.toString('utf8') : `status ${status}`);
}

/** Best effort: a lost acknowledgement is repeated by the next revision, and nothing depends on it. */
async function acknowledge(ess: EssClient, object: ListedObject, what: 'received' | 'deleted'): Promise<void> {
  await ess.send('PUT', `${pathOf(object)}/${what}`).catch(() => undefined);
}

function pathOf({ objectId }: ListedObject): string {
  return `/api/v1/objects/${POLICY_OBJECT_TYPE}/${encodeURIComponent(objectId)}`;
}
