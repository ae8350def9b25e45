import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { MetaData } from './meta-data.ts';
import { internalError } from './sync-error.ts';

/**
 * Checks data against the key and the signature that travel in its own metadata: base64 SPKI DER, RSA-PSS of any salt
 * length (reference/exchange-mms.md §C.4). It proves that they belong together, nothing about who wrote them.
 *
 * @throws SyncError (500) with the sync service's words
 */
export function verifyData(meta: MetaData, data: Uint8Array): void {
  const key = rsaKey(Buffer.from(meta.publicKey, 'base64'));
  const algorithm = meta.hashAlgorithm === 'SHA1' ? 'sha1' : 'sha256';
  const signature = Buffer.from(meta.signature, 'base64');
  const padded = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  if (!verify(algorithm, data, padded, signature)) {
    throw internalError(
      'Failed to verify data with public key and data signature, Error: crypto/rsa: verification error',
    );
  }
}

function rsaKey(der: Buffer): KeyObject {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // falls through to the refusal
  }
  throw internalError('Failed to parse public key, Error: asn1: structure error');
}
