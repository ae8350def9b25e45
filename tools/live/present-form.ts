import type { PolicyPayload } from '#policy/payload.ts';
import { ownPayload, type StoredObject } from '#tools/hub/snapshot.ts';

/** A form of a policy that is on the hub, signed by a key that is trusted here. */
export interface StoredForm {
  readonly seq: number;
  readonly envelope: string;
  readonly payload: PolicyPayload;
}

/**
 * What the hub has of an id: what its own object says. Copies for patterns may differ, being withdrawn, or left over from
 * an interrupted write; without the object itself the one with the highest seq counts.
 */
export function presentForm(
  objects: readonly StoredObject[],
  id: string,
  keyIds: ReadonlySet<string>,
): StoredForm | undefined {
  const own = objects.filter(({ metadata }) => metadata.objectID === id);
  return forms(own, id, keyIds)[0] ?? forms(objects, id, keyIds)[0];
}

/** The form with the highest seq among an object and its copies: what comes next has to be above it. */
export function highestForm(
  objects: readonly StoredObject[],
  id: string,
  keyIds: ReadonlySet<string>,
): StoredForm | undefined {
  return forms(objects, id, keyIds)[0];
}

function forms(objects: readonly StoredObject[], id: string, keyIds: ReadonlySet<string>): StoredForm[] {
  const found = objects.flatMap(({ envelope }): StoredForm[] => {
    const payload = ownPayload(envelope, id, keyIds);
    return payload === undefined || envelope === undefined ? [] : [{ seq: payload.seq, envelope, payload }];
  });
  return found.sort((a, b) => b.seq - a.seq);
}
