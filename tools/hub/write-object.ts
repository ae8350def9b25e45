import { setTimeout as delay } from 'node:timers/promises';
import { ArmorError } from '#errors';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import { saysTheSame } from '#tools/signing/sign-content.ts';
import type { Css } from './css.ts';
import { objectChanges } from './plan.ts';
import type { ObjectResource } from './resources.ts';
import { ownPayload, type StoredObject } from './snapshot.ts';

/** How long to wait before writing again what a 204 did not bring about, in milliseconds. */
const AGAIN = [100, 500, 1500];

export interface ObjectWrite {
  readonly css: Css;
  readonly keyIds: ReadonlySet<string>;
  /** Delete what is there first. */
  readonly recreate: boolean;
}

/**
 * Writes a security policy object and proves it: the CSS answers 204 also when it failed inside (reference/exchange-mms.md
 * §C.1), so what it holds is read back and compared.
 *
 * @throws ArmorError HUB_CONFLICT when another publisher writes the same object otherwise
 */
export async function writeObject(resource: ObjectResource, { css, keyIds, recreate }: ObjectWrite): Promise<void> {
  if (recreate) await css.remove(POLICY_OBJECT_TYPE, resource.id);
  for (const wait of [...AGAIN, undefined]) {
    await putObject(css, resource);
    const stored = await readBack(css, resource);
    if (stored !== undefined && isWritten(resource, stored, keyIds)) return;
    const newer = stored === undefined ? undefined : newerPayload(resource, stored, keyIds);
    if (newer !== undefined) throw overtaken(resource, newer);
    if (wait === undefined) break;
    await delay(wait);
  }
  throw new ArmorError(
    'HUB_REJECTED',
    `the CSS says that it took ${resource.id}, and does not have it`,
    { file: resource.file },
    'Look into the log of the CSS and its storage, then publish again.',
  );
}

/** Deletes an object and proves it. */
export async function removeObject(css: Css, id: string, file: string): Promise<void> {
  for (const wait of [...AGAIN, undefined]) {
    await css.remove(POLICY_OBJECT_TYPE, id);
    const left = await css.metadata(POLICY_OBJECT_TYPE, id);
    if (left === undefined || left.deleted) return;
    if (wait === undefined) break;
    await delay(wait);
  }
  throw new ArmorError(
    'HUB_REJECTED',
    `the CSS says that it deleted ${id}, and still has it`,
    { file },
    'Look into the log of the CSS and its storage, then run the command again.',
  );
}

async function putObject(css: Css, resource: ObjectResource): Promise<void> {
  const outcome = await css.put(resource.metadata, resource.envelope, resource.file);
  if (outcome === 'done') return;
  if (outcome === 'policy-fixed') {
    // Placement by policy and by pattern do not turn into each other (§C.3).
    await css.remove(POLICY_OBJECT_TYPE, resource.id);
    if ((await css.put(resource.metadata, resource.envelope, resource.file)) === 'done') return;
  }
  throw new ArmorError(
    'HUB_CONFLICT',
    `the object ${resource.id} was put into MMS from a node, under the id of ours`,
    { file: resource.file },
    'Find out what wrote it there; --take-over deletes it and publishes ours.',
  );
}

async function readBack(css: Css, { id }: ObjectResource): Promise<StoredObject | undefined> {
  const [metadata, data] = await Promise.all([css.metadata(POLICY_OBJECT_TYPE, id), css.data(POLICY_OBJECT_TYPE, id)]);
  if (metadata === undefined || metadata.deleted) return undefined;
  return data === undefined ? { metadata } : { metadata, envelope: data.trimEnd() };
}

/** Also when another publisher of the same content was the last to write it: its envelope says the same. */
function isWritten(resource: ObjectResource, stored: StoredObject, keyIds: ReadonlySet<string>): boolean {
  return objectChanges(resource, stored, keyIds).length === 0;
}

/** Other content of ours with the same or a higher seq: written after us. */
function newerPayload(
  resource: ObjectResource,
  stored: StoredObject,
  keyIds: ReadonlySet<string>,
): { readonly seq: number } | undefined {
  const theirs = ownPayload(stored.envelope, resource.contentId, keyIds);
  const ours = ownPayload(resource.envelope, resource.contentId, keyIds);
  if (theirs === undefined || ours === undefined) return undefined;
  const { seq: _, ...content } = ours;
  if (saysTheSame(content, theirs)) return undefined;
  return theirs.seq >= ours.seq ? theirs : undefined;
}

function overtaken({ id, file }: ObjectResource, { seq }: { readonly seq: number }): ArmorError {
  return new ArmorError(
    'HUB_CONFLICT',
    `another publisher wrote ${id} with other content (seq ${seq}) at this moment`,
    { file },
    'Agree on whose it shall be, and publish again.',
  );
}
