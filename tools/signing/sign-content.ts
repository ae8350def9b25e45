import { isDeepStrictEqual } from 'node:util';
import { encodePayload, openEnvelope, preAuthEncoding, sealEnvelope } from '#policy/envelope.ts';
import { PAYLOAD_TYPE, type PolicyContent, type PolicyPayload } from '#policy/payload.ts';
import { signBytes } from './signature.ts';
import type { Signer } from './signer.ts';

/**
 * The envelope of a content. A known envelope of this key that says the same is kept, seq and all. Otherwise `seq` is
 * above the known one and not below the clock, so that it also rises where nothing is known (a lost dist, a new hub).
 *
 * @param known the envelope that the hub, or the last build, has for this id
 * @param unixSeconds the clock; SOURCE_DATE_EPOCH where that is set (see clock.ts)
 */
export async function signContent(
  content: PolicyContent,
  signer: Signer,
  known: string | undefined,
  unixSeconds: number,
): Promise<string> {
  const before = known === undefined ? undefined : payloadIn(known, signer);
  if (known !== undefined && before !== undefined && saysTheSame(content, before)) return known;
  const seq = Math.max(Math.floor(unixSeconds), before?.id === content.id ? before.seq + 1 : 0);
  const bytes = encodePayload(payloadOf(content, seq));
  const signature = await signBytes(preAuthEncoding(PAYLOAD_TYPE, bytes), signer.privateKey);
  return sealEnvelope(bytes, signature, signer.publicKey);
}

/** Whether a payload carries this content, whatever its seq. */
export function saysTheSame(content: PolicyContent, payload: PolicyPayload): boolean {
  const { seq: _, ...before } = payload;
  return isDeepStrictEqual(before, asCarried(content));
}

/** What is left of a content after its way through JSON: undefined fields are gone. */
function asCarried(content: PolicyContent): unknown {
  return JSON.parse(JSON.stringify(content));
}

/** Fields in one fixed order: what is signed depends on the content alone. */
function payloadOf(content: PolicyContent, seq: number): PolicyPayload {
  const { format, id, layer, target, inherit, policies, catalogue } = content;
  return { format, id, layer, seq, target, inherit, policies, catalogue };
}

/** Whatever does not verify with our own key says nothing about us: as if it were not there. */
function payloadIn(envelope: string, signer: Signer): PolicyPayload | undefined {
  try {
    return openEnvelope(envelope, new Set([signer.keyId])).payload;
  } catch {
    return undefined;
  }
}
