import type { HeldPayload } from './held.ts';
import { judgeEnvelope, type PayloadCheck } from './judge.ts';
import type { DocumentStore } from './store.ts';

/** The last-known-good payloads on disk: what the agent starts from offline and at boot (design §7.1). */
export interface HeldStore {
  /** Every kept payload that still verifies, and what was set aside because it does not. */
  load(): Promise<{ readonly held: ReadonlyMap<string, HeldPayload>; readonly lost: readonly string[] }>;
  /** @throws ArmorError STATE_UNWRITABLE; what was kept before stays */
  save(held: HeldPayload): Promise<void>;
}

type Kept = Omit<HeldPayload, 'payload' | 'keyId'>;

/** What is on disk is trusted no more than what comes from the hub: every envelope is verified again when it is read. */
export function openHeldStore(
  store: DocumentStore,
  { pinned, check }: { pinned: ReadonlySet<string>; check: PayloadCheck },
): HeldStore {
  return {
    async load() {
      const { documents, corrupt } = await store.load();
      const held = new Map<string, HeldPayload>();
      const lost = [...corrupt];
      for (const [id, document] of documents) {
        if (!isKept(document)) {
          lost.push(`${id}: not a kept payload`);
          continue;
        }
        const verdict = judgeEnvelope(document.envelope, {
          objectId: id,
          pinned,
          held: new Map(),
          check,
          nowMs: document.acceptedAtMs,
        });
        if (verdict.kind === 'accepted' && verdict.held.payload.id === id)
          held.set(id, { ...verdict.held, ...document });
        else lost.push(`${id}: ${verdict.kind === 'rejected' ? verdict.message : 'it holds another payload'}`);
      }
      return { held, lost };
    },
    save({ payload, keyId: _verifiedAgain, ...kept }) {
      return store.save(payload.id, kept satisfies Kept);
    },
  };
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { envelope, objectIds, acceptedAtMs, idleMs } = value as Partial<Kept>;
  return (
    typeof envelope === 'string' &&
    Array.isArray(objectIds) &&
    typeof acceptedAtMs === 'number' &&
    typeof idleMs === 'number'
  );
}
