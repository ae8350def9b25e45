import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { PSS } from '#policy/envelope.ts';

const signInThreadPool = promisify(sign);

/** RSA-PSS, SHA-256, salt 32 over the bytes (reference/anax.md §2.1), in Node's thread pool. */
export async function signBytes(bytes: Buffer, privateKey: KeyObject): Promise<Buffer> {
  return signInThreadPool('sha256', bytes, { key: privateKey, ...PSS });
}

/** Base64 signature over the exact UTF-8 bytes of a text. */
export async function signText(text: string, privateKey: KeyObject): Promise<string> {
  return (await signBytes(Buffer.from(text), privateKey)).toString('base64');
}

/** Whether the key signed exactly this text; takes any salt length, as hzn and the agent do. */
export function textIsSigned(text: string, signature: string, publicKey: KeyObject): boolean {
  const key = { key: publicKey, padding: PSS.padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return signature !== '' && verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
