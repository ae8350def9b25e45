import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { ArmorError } from '#errors';
import { preAuthEncoding } from '#policy/envelope.ts';
import { type SecurityStatus, STATUS_PAYLOAD_TYPE } from './security-status.ts';

/** A status report whose signature holds, with the key that a reader compares with the one it first saw. */
export interface VerifiedStatus {
  readonly status: SecurityStatus;
  /** Lower-case hex SHA-256 of the SPKI DER of the node's key. */
  readonly keyId: string;
}

interface SignedStatus {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string; readonly publicKey: string }];
}

/** A node's own key: Ed25519, made at the agent's first start, never leaves the node. */
export function createNodeKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** The report as DSSE text, as it goes into the ESS. */
export function signStatus(status: SecurityStatus, privateKey: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(status));
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const signed: SignedStatus = {
    payloadType: STATUS_PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [
      {
        keyid: fingerprint(der),
        sig: sign(null, preAuthEncoding(STATUS_PAYLOAD_TYPE, payload), privateKey).toString('base64'),
        publicKey: der.toString('base64'),
      },
    ],
  };
  return JSON.stringify(signed);
}

/**
 * A report whose signature matches its own key. That proves only that one key made it: whether it is the node's is
 * for the reader to remember (trust on first sight).
 *
 * @throws ArmorError SIGNATURE_INVALID with the reason
 */
export function openStatus(text: string): VerifiedStatus {
  const { payloadType, payload, signatures } = parse(text);
  const [{ keyid, sig, publicKey }] = signatures;
  const der = Buffer.from(publicKey, 'base64');
  if (fingerprint(der) !== keyid) throw invalid('the key beside the signature is another one');
  const bytes = Buffer.from(payload, 'base64');
  if (!verify(null, preAuthEncoding(payloadType, bytes), importKey(der), Buffer.from(sig, 'base64'))) {
    throw invalid('the signature does not match the content');
  }
  const status: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isStatus(status)) throw invalid('the signed content is no status report of format 1');
  return { status, keyId: keyid };
}

function parse(text: string): SignedStatus {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  if (!isSignedStatus(value)) throw invalid('it is not a signed status report');
  return value;
}

function importKey(der: Buffer): KeyObject {
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw invalid('its key is unreadable', cause);
  }
  throw invalid('its key is not an Ed25519 key');
}

function isSignedStatus(value: unknown): value is SignedStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { payloadType, payload, signatures } = value as Partial<SignedStatus>;
  if (payloadType !== STATUS_PAYLOAD_TYPE || typeof payload !== 'string' || !Array.isArray(signatures)) return false;
  const [first] = signatures as readonly Partial<SignedStatus['signatures'][0]>[];
  return [first?.keyid, first?.sig, first?.publicKey].every((field) => typeof field === 'string');
}

function isStatus(value: unknown): value is SecurityStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { format, node, seq, at, workloads, attachments } = value as Partial<SecurityStatus>;
  return (
    format === 1 &&
    typeof node === 'string' &&
    Number.isSafeInteger(seq) &&
    typeof at === 'string' &&
    Array.isArray(workloads) &&
    Array.isArray(attachments)
  );
}

function fingerprint(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

function invalid(reason: string, cause?: unknown): ArmorError {
  return new ArmorError(
    'SIGNATURE_INVALID',
    `status report refused: ${reason}`,
    { request: 'security-status' },
    'Anybody in the org can write such an object; look at the node itself (hzn-armor node status).',
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
