import { parseEnvelope } from '#policy/envelope.ts';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import { isPolicyPayload } from '#policy/payload-shape.ts';
import type { Body, Placement, PolicyObject } from './types.ts';

/**
 * MMS metadata of a policy object: what `PUT objects/{org}/{type}/{id}` takes under `meta`, and `hzn mms object publish -m`
 * (reference/exchange-mms.md §C.3). `version` is the envelope's seq, so that nodes see a change without reading the data.
 */
export function objectMetadata({ objectId, description, placement, envelope }: PolicyObject, org: string): Body {
  return {
    objectID: objectId,
    objectType: POLICY_OBJECT_TYPE,
    destinationOrgID: org,
    ...placementFields(placement),
    version: envelope === undefined ? '' : String(seqOf(envelope)),
    description,
    // Without it the first reader takes the object away from all others (§C.9).
    consumers: -1,
  };
}

/** The seq an envelope states. It is not verified here: whoever uses it has verified the envelope. */
export function seqOf(envelope: string): number {
  const payload: unknown = JSON.parse(Buffer.from(parseEnvelope(envelope).payload, 'base64').toString('utf8'));
  return isPolicyPayload(payload) ? payload.seq : 0;
}

function placementFields(placement: Placement): Body {
  if (placement.kind === 'pattern') return { destinationType: placement.pattern };
  const { properties, constraints, services } = placement;
  return { destinationPolicy: { properties, constraints, services } };
}
