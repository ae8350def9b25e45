import { openEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import type { Body, KnownSignatures } from '#tools/bundle/types.ts';
import type { ObjectMetadata } from './css.ts';

/** A security policy object as the hub has it. */
export interface StoredObject {
  readonly metadata: ObjectMetadata;
  /** The data; absent while there is none. */
  readonly envelope?: string;
}

/** What a hub holds of what a publish is about. Ids are without the org. */
export interface HubSnapshot {
  readonly exchangeVersion: string;
  /** Everything that the user can see in the org, also what is not the bundle's. */
  readonly services: ReadonlyMap<string, Body>;
  readonly patterns: ReadonlyMap<string, Body>;
  readonly deploymentPolicies: ReadonlyMap<string, Body>;
  /** By service id, of the bundle's services only. */
  readonly servicePolicies: ReadonlyMap<string, Body>;
  /** PEM by identity of the key resource, of the bundle's services and patterns only. */
  readonly keys: ReadonlyMap<string, string>;
  /** Live objects of type security-policy by id; the data is read of those that carry one of the publisher's keys. */
  readonly objects: ReadonlyMap<string, StoredObject>;
}

/** An object id as publish makes it: layer, attachment point, key, and the pattern of a pattern's copy. */
export interface ObjectName {
  readonly layer: 'deployment' | 'node';
  readonly point: string;
  readonly keyPrefix: string;
  /** Id inside the envelope. */
  readonly contentId: string;
  readonly pattern?: string;
}

/** Live policies (`live.…`) and whatever else is in the org are not publish's, and are not parsed. */
export function parseObjectId(objectId: string): ObjectName | undefined {
  const match =
    /^(?<contentId>(?<layer>deployment|node)\.(?<point>.+?)\.(?<keyPrefix>[0-9a-f]{12}))(?:\.(?<pattern>.+))?$/.exec(
      objectId,
    );
  const { contentId, layer, point, keyPrefix, pattern } = match?.groups ?? {};
  if (contentId === undefined || point === undefined || keyPrefix === undefined) return undefined;
  return {
    layer: layer === 'node' ? 'node' : 'deployment',
    point,
    keyPrefix,
    contentId,
    ...(pattern === undefined ? {} : { pattern }),
  };
}

/** A verified payload of ours inside a stored object; undefined for anything else. */
export function ownPayload(
  envelope: string | undefined,
  contentId: string,
  keyIds: ReadonlySet<string>,
): PolicyPayload | undefined {
  if (envelope === undefined) return undefined;
  try {
    const { payload } = openEnvelope(envelope, keyIds);
    return payload.id === contentId ? payload : undefined;
  } catch {
    // Unsigned, of another key, or broken: says nothing about what we published.
    return undefined;
  }
}

/**
 * What the hub says was signed before, for signing to keep. Of several copies of one content (an interrupted publish
 * leaves different ones) the highest seq counts.
 */
export function knownFromSnapshot(snapshot: HubSnapshot, keyIds: ReadonlySet<string>): KnownSignatures {
  const envelopes = new Map<string, { readonly seq: number; readonly envelope: string }>();
  for (const [objectId, { envelope }] of snapshot.objects) {
    const name = parseObjectId(objectId);
    const payload = name === undefined ? undefined : ownPayload(envelope, name.contentId, keyIds);
    if (payload === undefined || envelope === undefined) continue;
    if ((envelopes.get(payload.id)?.seq ?? -1) < payload.seq) envelopes.set(payload.id, { seq: payload.seq, envelope });
  }
  return {
    services: new Map([...snapshot.services].map(([id, body]) => [id, signedDeployment(body)])),
    patterns: snapshot.patterns,
    envelopes: new Map([...envelopes].map(([id, { envelope }]) => [id, envelope])),
  };
}

function signedDeployment({ deployment, deploymentSignature }: Body): {
  deployment: string;
  deploymentSignature: string;
} {
  return {
    deployment: typeof deployment === 'string' ? deployment : '',
    deploymentSignature: typeof deploymentSignature === 'string' ? deploymentSignature : '',
  };
}
