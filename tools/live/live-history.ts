import { ArmorError } from '#errors';
import { openEnvelope, parseEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import type { Css } from '#tools/hub/css.ts';
import { type FieldChange, fieldChanges } from '#tools/hub/field-changes.ts';
import type { Hub } from '#tools/hub/open-hub.ts';
import type { Trust } from './carried.ts';

/**
 * The hub keeps only the last form of an object. What a live policy said before is kept in an object of another type,
 * under the same id, which is delivered to nobody: a list of the signed envelopes. Each entry proves itself by its
 * signature; that none is missing can not be proven, since anybody in the org can delete an object (docs/day-2.md).
 */
export const HISTORY_OBJECT_TYPE = 'security-policy-history';

/** No pattern has this name, so no node gets the object (reference/exchange-mms.md §C.6). */
const NOBODY = 'horizon-armor.history';
/** Older entries are dropped: an object is read and written as a whole. */
const MAX_ENTRIES = 100;
/** Two editors who append at once: the one whose entry is lost appends again. */
const ATTEMPTS = 4;

/** One entry as it is stored. `by` and `note` are not signed. */
interface StoredEntry {
  readonly envelope: string;
  readonly by: string;
  readonly note?: string;
}

/** One change of a live policy. */
export interface HistoryEntry {
  readonly seq: number;
  /** The seq as a time: it is the clock of the publisher when it signed, unless two changes fell into one second. */
  readonly time: string;
  readonly action: 'add' | 'update' | 'withdraw';
  readonly policies: readonly string[];
  readonly keyId?: string;
  readonly trust: Trust;
  /** Who says to have made it, and why: not signed. */
  readonly by: string;
  readonly note?: string;
  /** Against the entry before. */
  readonly changes: readonly FieldChange[];
}

/** The history of an id, oldest first. Entries whose signature is wrong are shown as such, never believed. */
export async function readHistory(css: Css, id: string, keyIds: ReadonlySet<string>): Promise<HistoryEntry[]> {
  const opened = (await readEntries(css, id)).map((entry) => ({ ...entry, ...open(entry.envelope, id, keyIds) }));
  const ordered = opened.sort((a, b) => (a.payload?.seq ?? 0) - (b.payload?.seq ?? 0));
  return ordered.map(({ payload, keyId, trust, by, note }, index) => {
    const before = ordered.slice(0, index).findLast((earlier) => earlier.payload !== undefined)?.payload;
    return {
      seq: payload?.seq ?? 0,
      time: timeOf(payload?.seq ?? 0),
      action:
        payload?.policies.length === 0
          ? 'withdraw'
          : before === undefined || before.policies.length === 0
            ? 'add'
            : 'update',
      policies: payload?.policies.map(({ metadata }) => metadata.name) ?? [],
      ...(keyId !== undefined && { keyId }),
      trust,
      by,
      ...(note !== undefined && { note }),
      changes:
        before === undefined || payload === undefined
          ? []
          : fieldChanges(before.policies, payload.policies, 'policies'),
    };
  });
}

/**
 * Adds an envelope to the history of an id. Read back: an entry that another editor's write displaced is added again.
 *
 * @returns whether it is in the history now
 */
export async function appendHistory(css: Css, org: string, id: string, entry: StoredEntry): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const entries = await readEntries(css, id);
    if (entries.some(({ envelope }) => envelope === entry.envelope)) return true;
    const text = JSON.stringify([...entries, entry].slice(-MAX_ENTRIES));
    const outcome = await css.put(metadataOf(org, id), text, id);
    if (outcome !== 'done') return false;
  }
  return (await readEntries(css, id)).some(({ envelope }) => envelope === entry.envelope);
}

/** The history is a help, not the thing itself: that it could not be kept is said, and does not undo the change. */
export async function rememberChange(
  css: Css,
  { org, user }: Pick<Hub, 'org' | 'user'>,
  id: string,
  envelope: string,
  note: string | undefined,
): Promise<string | undefined> {
  const entry = { envelope, by: user, ...(note !== undefined && { note }) };
  const kept = await appendHistory(css, org, id, entry).catch((error: unknown) => {
    if (error instanceof ArmorError) return false;
    throw error;
  });
  return kept ? undefined : `the change was made, and could not be added to the history of ${id}`;
}

/** Removes the history with its policy (--purge). */
export async function removeHistory(css: Css, id: string): Promise<void> {
  await css.remove(HISTORY_OBJECT_TYPE, id);
}

/** A seq as a time; those are unix seconds. */
export function timeOf(seq: number): string {
  return new Date(seq * 1000).toISOString().replace('.000Z', 'Z');
}

async function readEntries(css: Css, id: string): Promise<StoredEntry[]> {
  const text = await css.data(HISTORY_OBJECT_TYPE, id);
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isEntry) : [];
  } catch {
    // Somebody wrote something else there: nothing of it can be verified, and the next entry replaces it.
    return [];
  }
}

function open(
  envelope: string,
  id: string,
  keyIds: ReadonlySet<string>,
): { readonly trust: Trust; readonly keyId?: string; readonly payload?: PolicyPayload } {
  try {
    const signers = new Set(parseEnvelope(envelope).signatures.map(({ keyid }) => keyid));
    const { payload, keyId } = openEnvelope(envelope, signers);
    if (payload.id !== id) return { trust: 'invalid' };
    return { trust: keyIds.has(keyId) ? 'trusted' : 'foreign', keyId, payload };
  } catch (error) {
    if (error instanceof ArmorError) return { trust: 'invalid' };
    throw error;
  }
}

function metadataOf(org: string, id: string) {
  return {
    objectID: id,
    objectType: HISTORY_OBJECT_TYPE,
    destinationOrgID: org,
    destinationType: NOBODY,
    version: '',
    description: 'Earlier forms of a live security policy; delivered to nobody',
    consumers: -1,
  };
}

function isEntry(value: unknown): value is StoredEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'envelope' in value &&
    typeof value.envelope === 'string' &&
    'by' in value &&
    typeof value.by === 'string' &&
    (!('note' in value) || typeof value.note === 'string')
  );
}
