import { ArmorError } from '#errors';
import type { PolicyPayload } from '#policy/payload.ts';
import {
  deploymentPolicyAsSent,
  metadataAsSent,
  patternAsSent,
  serviceAsSent,
  servicePolicyAsSent,
} from './as-sent.ts';
import { type FieldChange, fieldChanges } from './field-changes.ts';
import {
  type BodyResource,
  identity,
  type KeyResource,
  type ObjectResource,
  type Resource,
  type ServiceResource,
} from './resources.ts';
import { type HubSnapshot, ownPayload, type StoredObject } from './snapshot.ts';
import type { Step } from './step.ts';

export interface PlanOptions {
  /** Whose signatures count as ours. */
  readonly keyIds: ReadonlySet<string>;
  /** Replace objects that a node put under an id of ours, instead of refusing. */
  readonly takeOver?: boolean;
}

/**
 * What has to be written so that the hub holds the resources. Pure: same input, same steps, in the order of the
 * resources; what the hub fills in by itself is no difference.
 *
 * @param resources signed, with what the hub knows already kept (sign-publishable.ts, adopt-signatures.ts)
 * @throws ArmorError HUB_CONFLICT where an id of ours is taken by a node
 */
export function planPublish(resources: readonly Resource[], snapshot: HubSnapshot, options: PlanOptions): Step[] {
  return resources.map((resource) => {
    switch (resource.kind) {
      case 'service':
        return compared(resource, snapshot.services.get(resource.id), serviceAsSent);
      case 'service-policy':
        return compared(resource, snapshot.servicePolicies.get(resource.id), servicePolicyAsSent);
      case 'pattern':
        return compared(resource, snapshot.patterns.get(resource.id), patternAsSent);
      case 'deployment-policy':
        return compared(resource, snapshot.deploymentPolicies.get(resource.id), deploymentPolicyAsSent);
      case 'service-key':
      case 'pattern-key':
        return comparedKey(resource, snapshot.keys.get(identity(resource)));
      case 'security-policy':
        return comparedObject(resource, snapshot.objects.get(resource.id), options);
      default:
        return resource satisfies never;
    }
  });
}

type Fields = Readonly<Record<string, unknown>>;

function compared(
  resource: ServiceResource | BodyResource,
  stored: Fields | undefined,
  asSent: (body: Fields) => Fields,
): Step {
  if (stored === undefined) return { action: 'create', resource };
  const wanted: Fields = { ...resource.body };
  return changed(resource, fieldChanges(asSent(stored), asSent(wanted)));
}

function comparedKey(resource: KeyResource, stored: string | undefined): Step {
  if (stored === undefined) return { action: 'create', resource };
  return changed(resource, fieldChanges(stored.trim(), resource.pem.trim(), 'key'));
}

function comparedObject(
  resource: ObjectResource,
  stored: StoredObject | undefined,
  { keyIds, takeOver = false }: PlanOptions,
): Step {
  if (stored === undefined) return { action: 'create', resource };
  const { putByNode } = stored.metadata;
  if (putByNode !== undefined) {
    if (!takeOver) throw takenByNode(resource, stored);
    const changes = [{ field: 'origin', from: `node ${putByNode}`, to: 'this bundle' }];
    return { action: 'update', resource, changes, recreate: true };
  }
  const changes = objectChanges(resource, stored, keyIds);
  const recreate = hasPolicyPlacement(resource.metadata) !== hasPolicyPlacement(stored.metadata.body);
  return recreate ? { action: 'update', resource, changes, recreate } : changed(resource, changes);
}

/**
 * Field by field what a stored object says otherwise: first what it carries, then where it goes. Two publishers of one
 * bundle leave envelopes that differ in seq and signature alone: they say the same.
 */
export function objectChanges(
  resource: ObjectResource,
  stored: StoredObject,
  keyIds: ReadonlySet<string>,
): FieldChange[] {
  const before = ownPayload(stored.envelope, resource.contentId, keyIds);
  const after = ownPayload(resource.envelope, resource.contentId, keyIds);
  const carried = contentChanges(before, after, stored.envelope !== undefined);
  const placed = fieldChanges(metadataAsSent(stored.metadata.body), metadataAsSent(resource.metadata));
  // The version follows the envelope; one that does not is somebody's mistake.
  const follows = carried.length > 0 || stored.metadata.body.version === String(before?.seq);
  return [...carried, ...placed.filter(({ field }) => field !== 'version' || !follows)];
}

function contentChanges(
  before: PolicyPayload | undefined,
  after: PolicyPayload | undefined,
  isThere: boolean,
): FieldChange[] {
  if (before === undefined || after === undefined)
    return [{ field: 'envelope', ...(isThere ? { from: 'not of this key' } : {}), to: 'signed by this key' }];
  const { seq: _before, ...stored } = before;
  const { seq: _after, ...wanted } = after;
  return fieldChanges(stored, wanted);
}

function hasPolicyPlacement(metadata: Fields): boolean {
  return metadata.destinationPolicy !== undefined && metadata.destinationPolicy !== null;
}

function changed(resource: Resource, changes: readonly FieldChange[]): Step {
  return changes.length === 0 ? { action: 'unchanged', resource } : { action: 'update', resource, changes };
}

function takenByNode({ id, file }: ObjectResource, { metadata }: StoredObject): ArmorError {
  return new ArmorError(
    'HUB_CONFLICT',
    `the object ${id} was put into MMS by a service on node ${metadata.owner || metadata.putByNode}, under the id of ours`,
    { file },
    'Find out what wrote it there; --take-over deletes it and publishes ours.',
  );
}
