import type { HttpRequest } from '../http.ts';
import { type Identity, mayRead } from './access.ts';
import { isNamedBy, wasRemoved } from './service-access.ts';
import type { ObjectKey, StoredObject } from './stored-object.ts';
import type { SyncService } from './sync-service.ts';
import type { Webhooks } from './webhooks.ts';

/** What the API's handlers work with, on either side. */
export interface ApiContext {
  readonly service: SyncService;
  readonly placement: Placement;
  readonly webhooks: Webhooks;
  /** `performance.now()` of the start. */
  readonly startedAt: number;
  /** Asks the other side for everything again. @throws SyncError */
  resend(): Promise<void>;
  /** Who asks; `undefined` when the login fails. */
  authenticate(request: HttpRequest): Promise<Identity | undefined>;
}

/** Where objects go, set by hand; names are `type:id`. @throws SyncError */
export interface Placement {
  replace(key: ObjectKey, names: readonly string[]): void;
  add(key: ObjectKey, names: readonly string[]): void;
  remove(key: ObjectKey, names: readonly string[]): void;
}

/** How much of an object, or of a type's objects, the asker may see. */
export interface Sight {
  readonly all: boolean;
  readonly identity: Identity;
}

/** `undefined`: refused as a failed login is. */
export async function sightOfType(
  context: ApiContext,
  request: HttpRequest,
  org: string,
  type: string,
): Promise<Sight | undefined> {
  const identity = await context.authenticate(request);
  const reads = mayRead(identity, org, type, context.service.side);
  return identity === undefined || reads === 'none' ? undefined : { all: reads === 'all', identity };
}

/**
 * A service on a policy node sees what names it; whatever else there is, is refused as a failed login would be, and so
 * is what does not exist.
 *
 * @param removedToo whether a service that an update removed still counts, as it does for acknowledging the removal
 */
export async function sightOfObject(
  context: ApiContext,
  request: HttpRequest,
  key: ObjectKey,
  removedToo = false,
): Promise<Sight | undefined> {
  const sight = await sightOfType(context, request, key.org, key.type);
  if (sight?.identity.role !== 'service') return sight;
  const { service } = sight.identity;
  const object = context.service.store.get(key);
  if (object === undefined) return undefined;
  if (isNamedBy(object.meta.destinationPolicy, service) || (removedToo && wasRemoved(object, service))) return sight;
  return object.meta.public ? { ...sight, all: false } : undefined;
}

/** Objects that are visible under a sight of their type. */
export function seen(sight: Sight, objects: readonly StoredObject[]): readonly StoredObject[] {
  return sight.all ? objects : objects.filter(({ meta }) => meta.public);
}
