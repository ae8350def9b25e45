import { ArmorError } from '#errors';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import type { Publishable } from '#tools/bundle/types.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import type { Css } from './css.ts';
import { type Hub, requireCss } from './open-hub.ts';
import { identity, keyNameOf } from './resources.ts';
import { type HubSnapshot, parseObjectId, type StoredObject } from './snapshot.ts';

/**
 * Reads what a publish has to know: one listing of each kind, and one by one only what no listing carries: the key and
 * the policy of services that exist, and the data of our own security policies.
 *
 * @throws ArmorError HUB_TOO_OLD, HUB_DENIED, HUB_UNREACHABLE …: nothing has been written then
 */
export async function readSnapshot(
  hub: Hub,
  publishable: Publishable,
  keyIds: ReadonlySet<string>,
): Promise<HubSnapshot> {
  return readParts(hub, publishable, keyIds, keyIds);
}

/** The same without keys and policies of services, which go when their service goes. */
export async function readRemovable(
  hub: Hub,
  publishable: Publishable,
  keyIds: ReadonlySet<string>,
): Promise<HubSnapshot> {
  return readParts(hub, { ...publishable, servicePolicies: [] }, keyIds, new Set());
}

async function readParts(
  hub: Hub,
  publishable: Publishable,
  keyIds: ReadonlySet<string>,
  keysBeside: ReadonlySet<string>,
): Promise<HubSnapshot> {
  const { exchange } = hub;
  const services = exchange.list('service');
  const patterns = exchange.list('pattern');
  // The first failure in this order is the one that is reported: the org before what is denied because of it.
  const reads = [
    refuseForeignOrg(hub),
    exchange.version(),
    services,
    patterns,
    exchange.list('deployment-policy'),
    services.then((found) => readServicePolicies(hub, publishable, found)),
    services.then((found) => readKeys(hub, 'service', idsOf(publishable.services), found, keysBeside)),
    patterns.then((found) => readKeys(hub, 'pattern', overridden(publishable), found, keysBeside)),
    readObjects(hub, publishable, keyIds),
  ] as const;
  const [, exchangeVersion, , , deploymentPolicies, servicePolicies, serviceKeys, patternKeys, objects] =
    await firstFailureAfterAll(reads);
  return {
    exchangeVersion,
    services: await services,
    patterns: await patterns,
    deploymentPolicies,
    servicePolicies,
    keys: new Map([...serviceKeys, ...patternKeys]),
    objects,
  };
}

/** Like Promise.all, but nothing is still under way when it throws. */
async function firstFailureAfterAll<T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** A user of the org proves by logging in that it exists; of another org, an empty listing would hide that it does not. */
export async function refuseForeignOrg({ exchange, org, user }: Hub): Promise<void> {
  if (user.startsWith(`${org}/`) || (await exchange.hasOrg(org))) return;
  throw new ArmorError(
    'HUB_DENIED',
    `there is no org ${org}, or ${user} may not see it`,
    { request: 'HZN_ORG_ID' },
    'Correct HZN_ORG_ID, or publish as a user of that org.',
  );
}

async function readServicePolicies(
  { exchange }: Hub,
  { servicePolicies }: Publishable,
  found: HubSnapshot['services'],
): Promise<HubSnapshot['servicePolicies']> {
  const policies = await Promise.all(
    servicePolicies
      .filter(({ id }) => found.has(id))
      .map(async ({ id }) => [id, await exchange.servicePolicy(id)] as const),
  );
  return new Map(policies.flatMap(([id, body]) => (body === undefined ? [] : [[id, body]])));
}

async function readKeys(
  { exchange }: Hub,
  kind: 'service' | 'pattern',
  ids: readonly string[],
  found: ReadonlyMap<string, unknown>,
  keyIds: ReadonlySet<string>,
): Promise<[string, string][]> {
  const wanted = ids.filter((id) => found.has(id)).flatMap((id) => [...keyIds].map((keyId) => ({ id, keyId })));
  const keys = await Promise.all(
    wanted.map(async ({ id, keyId }): Promise<[string, string][]> => {
      const pem = await exchange.key(kind, id, keyNameOf(keyId));
      return pem === undefined ? [] : [[identity({ kind: `${kind}-key`, id: `${id}/${keyNameOf(keyId)}` }), pem]];
    }),
  );
  return keys.flat();
}

function idsOf(parts: readonly { readonly id: string }[]): string[] {
  return parts.map(({ id }) => id);
}

/** Only overrides of a pattern are signed: without them its key is not needed. */
function overridden({ patterns }: Publishable): string[] {
  return idsOf(patterns.filter(({ body }) => overridesOf(body).length > 0));
}

async function readObjects(
  hub: Hub,
  { objects }: Publishable,
  keyIds: ReadonlySet<string>,
): Promise<HubSnapshot['objects']> {
  if (objects.length === 0 && hub.css === undefined) return new Map();
  const css = requireCss(hub);
  const listed = (await css.list(POLICY_OBJECT_TYPE)).filter(({ deleted }) => !deleted);
  const prefixes = new Set([...keyIds].map((keyId) => keyId.slice(0, 12)));
  const stored = await Promise.all(
    listed.map(async (metadata): Promise<[string, StoredObject]> => {
      const name = parseObjectId(metadata.objectID);
      if (name === undefined || !prefixes.has(name.keyPrefix)) return [metadata.objectID, { metadata }];
      return [metadata.objectID, await withData(css, metadata)];
    }),
  );
  return new Map(stored);
}

async function withData(css: Css, metadata: StoredObject['metadata']): Promise<StoredObject> {
  const data = await css.data(POLICY_OBJECT_TYPE, metadata.objectID);
  // `hzn mms object publish -f` sends the file with the line feed at its end.
  return data === undefined ? { metadata } : { metadata, envelope: data.trimEnd() };
}
