import type { PolicyPayload } from '#policy/payload.ts';
import type { Publishable } from '#tools/bundle/types.ts';
import { type HubSnapshot, ownPayload, parseObjectId, type StoredObject } from './snapshot.ts';
import type { Notice, Removable } from './step.ts';

/** A security policy of ours that is to end, with every object that carries it. */
export interface Withdrawable {
  readonly payload: PolicyPayload;
  /** The newest envelope known. */
  readonly envelope: string;
  readonly objects: readonly StoredObject[];
  readonly file: string;
}

export interface Leftovers {
  readonly withdraw: readonly Withdrawable[];
  readonly remove: readonly Removable[];
  readonly notices: readonly Notice[];
}

/**
 * What earlier publishes left in MMS and the bundle no longer says. Ours is only what is named after our key and signed
 * by it; live policies are never touched (`hzn-armor policy` keeps them).
 *
 * - The attachment point is still in the bundle, with nothing attached: the policy ends.
 * - A pattern's copy of a policy that goes on elsewhere: the copy is deleted. A withdrawal would end the policy
 *   everywhere, since all copies share one seq.
 * - The attachment point is not in the bundle: it is left over, or another bundle of the same publisher has it. Nothing on
 *   the hub tells which, since publish deletes no deployment policy. It is named, and ends with `prune` only.
 */
export function findLeftovers(
  { objects, deploymentPolicies, nodePolicies }: Publishable,
  snapshot: HubSnapshot,
  { keyIds, prune = false }: { readonly keyIds: ReadonlySet<string>; readonly prune?: boolean },
): Leftovers {
  const wanted = new Set(objects.map(({ objectId }) => objectId));
  const contents = new Set(objects.map(({ content }) => content.id));
  const files = new Map<string, string>([
    ...deploymentPolicies.map(({ id, file }) => [`deployment.${id}`, file] as const),
    ...nodePolicies.map(({ id, file }) => [`node.${id}`, file] as const),
  ]);
  const remove: Removable[] = [];
  const unknown = new Set<string>();
  const ending = new Map<string, Withdrawable>();
  for (const [objectId, stored] of snapshot.objects) {
    const name = parseObjectId(objectId);
    if (name === undefined || wanted.has(objectId) || stored.metadata.putByNode !== undefined) continue;
    const payload = ownPayload(stored.envelope, name.contentId, keyIds);
    if (payload === undefined || stored.envelope === undefined || payload.policies.length === 0) continue;
    const point = `${name.layer}.${name.point}`;
    const file = files.get(point) ?? objectId;
    if (contents.has(name.contentId)) {
      remove.push({ kind: 'security-policy', id: objectId, file, needs: [] });
    } else if (files.has(point) || prune) {
      ending.set(name.contentId, joined(ending.get(name.contentId), payload, stored.envelope, stored, file));
    } else {
      unknown.add(name.contentId);
    }
  }
  return { withdraw: [...ending.values()], remove, notices: unknown.size === 0 ? [] : [ofOthers([...unknown])] };
}

function ofOthers(ids: readonly string[]): Notice {
  return {
    about: ids.join(', '),
    message: 'signed with your key, and not of this bundle: of another bundle of yours, or left over',
    fix: 'If no other bundle uses this key: publish --prune withdraws all that this bundle does not have.',
  };
}

function joined(
  before: Withdrawable | undefined,
  payload: PolicyPayload,
  envelope: string,
  stored: StoredObject,
  file: string,
): Withdrawable {
  const objects = [...(before?.objects ?? []), stored];
  return before !== undefined && before.payload.seq >= payload.seq
    ? { ...before, objects }
    : { payload, envelope, objects, file };
}
