import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyIdOf } from '#policy/envelope.ts';

/** The publisher's key, ready to sign. Made by load-signer.ts; nothing prints the private half. */
export interface Signer {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SPKI PEM: what is uploaded to services and patterns. */
  readonly publicPem: string;
}

/** A signer of an RSA private key. */
export function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' });
  return { keyId: keyIdOf(publicKey), privateKey, publicKey, publicPem: publicPem.toString() };
}
