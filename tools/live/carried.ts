import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import { openEnvelope, parseEnvelope } from '#policy/envelope.ts';
import { type Layer, POLICY_OBJECT_TYPE, type PolicyPayload } from '#policy/payload.ts';
import type { Css, ObjectMetadata } from '#tools/hub/css.ts';
import type { StoredObject } from '#tools/hub/snapshot.ts';
import { presentForm } from './present-form.ts';

/** Whose signature a payload carries, and whether it is right. */
export type Trust =
  /** Signed by a key of this publisher, or one named with --trust. */
  | 'trusted'
  /** Rightly signed, by a key that was not named here. */
  | 'foreign'
  /** No envelope, none that can be read, or a signature that is wrong. */
  | 'invalid';

/** A security policy of the org, as MMS carries it: one object, and perhaps copies for patterns. */
export interface CarriedPolicy {
  /** Id inside the envelope; of an unreadable one, the object's. */
  readonly id: string;
  readonly layer: Layer;
  readonly name: string;
  readonly trust: Trust;
  /** Key id that signed it, unless it is unreadable. */
  readonly keyId?: string;
  readonly payload?: PolicyPayload;
  readonly envelope?: string;
  readonly objects: readonly StoredObject[];
}

const ID = /^(?<id>(?<layer>node|deployment|live)\.(?<name>.+?)\.(?<key>[0-9a-f]{12}))(?:\.(?<pattern>.+))?$/;

/** Everything of type security-policy in the org, whoever published it, by id. */
export async function readCarried(css: Css, keyIds: ReadonlySet<string>): Promise<CarriedPolicy[]> {
  const listed = (await css.list(POLICY_OBJECT_TYPE)).filter(({ deleted }) => !deleted);
  const stored = await Promise.all(listed.map((metadata) => withData(css, metadata)));
  const groups = Map.groupBy(stored, ({ metadata }) => ID.exec(metadata.objectID)?.groups?.id ?? metadata.objectID);
  return [...groups].map(([id, objects]) => carried(id, objects, keyIds)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The objects of one id, as they are now: for a writer that looks again before and after. */
export async function readOne(css: Css, objectIds: readonly string[]): Promise<StoredObject[]> {
  const found = await Promise.all(objectIds.map((id) => css.metadata(POLICY_OBJECT_TYPE, id)));
  const live = found.flatMap((metadata) => (metadata === undefined || metadata.deleted ? [] : [metadata]));
  return Promise.all(live.map((metadata) => withData(css, metadata)));
}

/** Policies that carry nothing any more: what is left of them is the signed withdrawal. */
export function isWithdrawn({ payload }: CarriedPolicy): boolean {
  return payload?.policies.length === 0;
}

/**
 * Whether one of a trusted policy's objects holds something else by now: anybody in the org can write it, and a copy for a
 * pattern may still speak for the policy.
 */
export function isOverwritten(
  { trust }: CarriedPolicy,
  { envelope }: StoredObject,
  keyIds: ReadonlySet<string>,
): boolean {
  return trust === 'trusted' && open(envelope, keyIds).trust !== 'trusted';
}

/**
 * The one that a name means: a live policy's name, the id of any, or an object's id.
 *
 * @throws ArmorError USAGE when there is none, or several
 */
export function findCarried(all: readonly CarriedPolicy[], name: string): CarriedPolicy {
  const named = all.filter(({ layer, name: own }) => layer === 'live' && own === name);
  const [only, second] = named.some(({ trust }) => trust === 'trusted')
    ? named.filter(({ trust }) => trust === 'trusted')
    : named;
  if (only !== undefined && second === undefined) return only;
  const byId = all.find(({ id, objects }) => id === name || objects.some(({ metadata }) => metadata.objectID === name));
  if (byId !== undefined) return byId;
  if (only !== undefined) {
    const ids = named.map(({ id }) => id).join(', ');
    throw wrong(`several live policies are called ${name}: ${ids}`, 'Use the id.');
  }
  const attached = all.filter(
    ({ layer, name: point, payload }) =>
      layer !== 'live' && (point === name || payload?.policies.some(({ metadata }) => metadata.name === name)),
  );
  if (attached.length > 0) {
    const ids = attached.map(({ id }) => id).join(', ');
    throw wrong(`"${name}" is no live policy: it is attached, in ${ids}`, 'Use such an id.');
  }
  const known = [...new Set(all.map((each) => (each.layer === 'live' ? each.name : each.id)))];
  throw wrong(`there is no live policy "${name}"`, `${didYouMean(name, known)}hzn-armor policy list --all shows all.`);
}

async function withData(css: Css, metadata: ObjectMetadata): Promise<StoredObject> {
  const data = await css.data(POLICY_OBJECT_TYPE, metadata.objectID);
  return data === undefined ? { metadata } : { metadata, envelope: data.trimEnd() };
}

/** A trusted form speaks for all: that of the object itself, as presentForm says; otherwise the highest seq. */
function carried(id: string, objects: readonly StoredObject[], keyIds: ReadonlySet<string>): CarriedPolicy {
  const { layer, name } = ID.exec(id)?.groups ?? {};
  const known = layer === 'node' || layer === 'deployment' ? layer : 'live';
  const base = { id, layer: known, name: name ?? id, objects } as const;
  const present = presentForm(objects, id, keyIds);
  if (present !== undefined) return { ...base, ...open(present.envelope, keyIds) };
  const [best] = objects
    .map(({ envelope }) => open(envelope, keyIds))
    .filter(({ payload }) => payload === undefined || payload.id === id)
    .sort((a, b) => (b.payload?.seq ?? -1) - (a.payload?.seq ?? -1));
  return { ...base, ...(best ?? { trust: 'invalid' }) };
}

function open(
  envelope: string | undefined,
  keyIds: ReadonlySet<string>,
): Pick<CarriedPolicy, 'trust' | 'keyId' | 'payload' | 'envelope'> {
  if (envelope === undefined) return { trust: 'invalid' };
  try {
    const signers = parseEnvelope(envelope).signatures.map(({ keyid }) => keyid);
    const trusted = signers.some((keyId) => keyIds.has(keyId));
    const { payload, keyId } = openEnvelope(envelope, trusted ? keyIds : new Set(signers));
    return { trust: trusted ? 'trusted' : 'foreign', keyId, payload, envelope };
  } catch (error) {
    if (error instanceof ArmorError) return { trust: 'invalid', envelope };
    throw error;
  }
}

function wrong(message: string, fix: string): ArmorError {
  return new ArmorError('USAGE', message, { request: 'policy' }, fix);
}
