import { constants, createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ArmorError } from '#errors';
import { PAYLOAD_TYPE, type PolicyPayload } from './payload.ts';
import { isPolicyPayload } from './payload-shape.ts';

/**
 * DSSE envelopes (https://github.com/secure-systems-lab/dsse, v1) around policy payloads. Each signature carries its
 * public key, because a node pins fingerprints only: `sha256(publicKey)` must be a pinned key id.
 */
export interface Envelope {
  readonly payloadType: string;
  /** Base64 of the payload's exact bytes. */
  readonly payload: string;
  readonly signatures: readonly EnvelopeSignature[];
}

export interface EnvelopeSignature {
  /** Lower-case hex SHA-256 of the SPKI DER of the public key. */
  readonly keyid: string;
  /** Base64 RSA-PSS, SHA-256, over the pre-authentication encoding. */
  readonly sig: string;
  /** Base64 SPKI DER. */
  readonly publicKey: string;
}

export interface OpenedEnvelope {
  readonly payload: PolicyPayload;
  /** The pinned key that signed it. */
  readonly keyId: string;
}

/** RSA-PSS parameters of everything we sign: what Go's verifier and openssl take as well (reference/anax.md §2). */
export const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;

/** Key id: lower-case hex SHA-256 of the SPKI DER. */
export function keyIdOf(publicKey: KeyObject): string {
  return sha256(publicKey.export({ type: 'spki', format: 'der' }));
}

/** DSSE v1 pre-authentication encoding: what is signed, so that the type is bound to the bytes. */
export function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The bytes of a payload that are signed and carried. */
export function encodePayload(payload: PolicyPayload): Buffer {
  return Buffer.from(JSON.stringify(payload));
}

/** The envelope's text, from bytes that were signed elsewhere (in a thread pool, say). */
export function sealEnvelope(payload: Buffer, signature: Buffer, publicKey: KeyObject): string {
  const envelope: Envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [
      {
        keyid: keyIdOf(publicKey),
        sig: signature.toString('base64'),
        publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      },
    ],
  };
  return JSON.stringify(envelope);
}

/** Signs a payload with an RSA private key. */
export function signEnvelope(payload: PolicyPayload, privateKey: KeyObject): string {
  const bytes = encodePayload(payload);
  const signature = sign('sha256', preAuthEncoding(PAYLOAD_TYPE, bytes), { key: privateKey, ...PSS });
  return sealEnvelope(bytes, signature, createPublicKey(privateKey));
}

/**
 * The payload of an envelope that a pinned key signed. One good signature is enough; signatures of other keys are
 * ignored, a bad one of a pinned key is not.
 *
 * @param pinned key ids that are trusted
 * @throws ArmorError ENVELOPE_INVALID with the reason
 */
export function openEnvelope(text: string, pinned: ReadonlySet<string>): OpenedEnvelope {
  const envelope = parseEnvelope(text);
  const bytes = decodeBase64(envelope.payload, 'payload');
  const signed = preAuthEncoding(envelope.payloadType, bytes);
  const ours = envelope.signatures.filter(({ keyid }) => pinned.has(keyid));
  const [first] = ours;
  if (first === undefined) throw invalid(`signed by ${signersOf(envelope)}, which is not trusted here`);
  for (const signature of ours) checkSignature(signature, signed);
  const payload = parseJson(bytes.toString('utf8'), 'payload');
  if (!isPolicyPayload(payload)) throw invalid('the signed payload is not a policy payload of format 1');
  return { payload, keyId: first.keyid };
}

/**
 * The envelope's parts, unverified: for listings that say who signed something.
 *
 * @throws ArmorError ENVELOPE_INVALID when the text is no envelope of ours
 */
export function parseEnvelope(text: string): Envelope {
  const value = parseJson(text, 'envelope');
  if (!isEnvelope(value)) throw invalid('not a DSSE envelope with payload, payloadType and signatures');
  if (value.payloadType !== PAYLOAD_TYPE) throw invalid(`the payload type is ${JSON.stringify(value.payloadType)}`);
  return value;
}

function checkSignature({ keyid, sig, publicKey }: EnvelopeSignature, signed: Buffer): void {
  const der = decodeBase64(publicKey, 'public key');
  if (sha256(der) !== keyid) throw invalid(`the public key beside ${short(keyid)} is another key`);
  const key = importKey(der);
  const options = { key, padding: PSS.padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  if (!verify('sha256', signed, options, decodeBase64(sig, 'signature'))) {
    throw invalid(`the signature of ${short(keyid)} does not match the content`);
  }
}

function importKey(der: Buffer): KeyObject {
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    throw invalid('the public key is unreadable', cause);
  }
  throw invalid('the public key is no RSA key');
}

function isEnvelope(value: unknown): value is Envelope {
  return (
    isRecord(value) &&
    typeof value.payloadType === 'string' &&
    typeof value.payload === 'string' &&
    Array.isArray(value.signatures) &&
    value.signatures.length > 0 &&
    value.signatures.every(
      (signature: unknown) =>
        isRecord(signature) &&
        [signature.keyid, signature.sig, signature.publicKey].every((field) => typeof field === 'string'),
    )
  );
}

/** Strict: Node's own decoder skips what is not base64, so two different texts would be one signature. */
function decodeBase64(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw invalid(`the ${what} is not base64`);
  return bytes;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`the ${what} is not JSON`, cause);
  }
}

function signersOf({ signatures }: Envelope): string {
  return signatures.map(({ keyid }) => short(keyid)).join(', ');
}

function short(keyId: string): string {
  return keyId.slice(0, 12);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string, cause?: unknown): ArmorError {
  return new ArmorError(
    'ENVELOPE_INVALID',
    reason,
    { request: 'policy envelope' },
    'Publish it again with the key whose fingerprint the node pins (docs/keys-and-trust.md).',
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
