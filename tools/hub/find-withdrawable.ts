import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import { objectMetadata } from '#tools/bundle/object-metadata.ts';
import type { PolicyObject, Publishable } from '#tools/bundle/types.ts';
import type { Withdrawable } from './leftovers.ts';
import { type HubSnapshot, ownPayload, parseObjectId, type StoredObject } from './snapshot.ts';

/** The security policies of a bundle that are to end, and every object that carries or carried one. */
export interface BundleObjects {
  readonly withdraw: readonly Withdrawable[];
  /** Ids of all, also of those that were withdrawn before: delivery is asked of these, and --purge deletes them. */
  readonly objectIds: readonly string[];
}

/**
 * What `unpublish` has to withdraw: what the bundle attaches, and what an earlier version of it attached at the same
 * points. An object that somebody deleted from MMS is withdrawn as well while the bundle's services are there: nodes keep
 * what merely vanished (design §7.1).
 */
export function findWithdrawable(
  publishable: Publishable,
  snapshot: HubSnapshot,
  keyIds: ReadonlySet<string>,
): BundleObjects {
  const { objects, deploymentPolicies, nodePolicies, services, org } = publishable;
  const points = new Map<string, string>([
    ...deploymentPolicies.map(({ id, file }): [string, string] => [`deployment.${id}`, file]),
    ...nodePolicies.map(({ id, file }): [string, string] => [`node.${id}`, file]),
  ]);
  const wanted = new Map(objects.map((object) => [object.objectId, object]));
  const isPublished = services.some(({ id }) => snapshot.services.has(id));
  const found = new Map<string, StoredObject>();
  for (const [objectId, stored] of snapshot.objects) {
    const name = parseObjectId(objectId);
    if (name === undefined || stored.metadata.putByNode !== undefined) continue;
    const isOurs = [...keyIds].some((keyId) => keyId.startsWith(name.keyPrefix));
    if (wanted.has(objectId) || (isOurs && points.has(`${name.layer}.${name.point}`))) found.set(objectId, stored);
  }
  if (isPublished)
    for (const object of objects) if (!found.has(object.objectId)) found.set(object.objectId, vanished(object, org));
  const byContent = Map.groupBy(found, ([objectId]) => parseObjectId(objectId)?.contentId ?? objectId);
  const withdraw = [...byContent].flatMap(([contentId, entries]): Withdrawable[] => {
    const content = objects.find((object) => object.content.id === contentId)?.content;
    const payloads = entries.map(([, { envelope }]) => ({
      envelope,
      payload: ownPayload(envelope, contentId, keyIds),
    }));
    if (payloads.every(({ payload }) => payload !== undefined && payload.policies.length === 0)) return [];
    const newest = payloads.reduce((best, each) =>
      (each.payload?.seq ?? -1) > (best.payload?.seq ?? -1) ? each : best,
    );
    const payload = newest.payload ?? (content === undefined ? undefined : { ...content, seq: 0 });
    if (payload === undefined) return [];
    const name = parseObjectId(contentId);
    const file = points.get(`${name?.layer}.${name?.point}`) ?? contentId;
    return [{ payload, envelope: newest.envelope ?? '', objects: entries.map(([, stored]) => stored), file }];
  });
  return { withdraw, objectIds: [...found.keys()].sort() };
}

/** The place of an object that is no longer there. */
function vanished(object: PolicyObject, org: string): StoredObject {
  return {
    metadata: {
      objectID: object.objectId,
      objectType: POLICY_OBJECT_TYPE,
      body: objectMetadata(object, org),
      owner: '',
      deleted: false,
    },
  };
}
