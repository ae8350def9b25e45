import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ArmorError } from '#errors';

/**
 * An RSA public key: SPKI PEM, or the certificate that `hzn key create` makes.
 *
 * @throws ArmorError KEY_UNUSABLE
 */
export function readPublicKey(pem: string, file: string): KeyObject {
  try {
    const key = pem.includes('-----BEGIN CERTIFICATE-----') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
    throw unusable(file, `an ${key.asymmetricKeyType} key, not RSA`);
  } catch (error) {
    throw error instanceof ArmorError ? error : unusable(file, 'no public key or certificate', error);
  }
}

function unusable(file: string, message: string, cause?: unknown): ArmorError {
  const fix = 'Name the public half of an RSA key, as PEM.';
  return new ArmorError('KEY_UNUSABLE', message, { file }, fix, cause === undefined ? {} : { cause });
}
