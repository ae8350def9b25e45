import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ArmorError } from '#errors';

/** Below this nobody should sign what runs privileged on other people's machines. */
const MIN_BITS = 2048;

/**
 * An RSA private key as hzn takes it: PKCS#1 PEM, unencrypted (reference/anax.md §2.2). Other keys are refused with what
 * they are: hzn would panic on some and sign nothing usable with others.
 *
 * @throws ArmorError KEY_UNUSABLE
 */
export function readPrivateKey(pem: string, file: string): KeyObject {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  if (label === undefined)
    throw unusable(file, 'not a PEM file', 'Name the private key that hzn-armor keys create made.');
  if (label === 'ENCRYPTED PRIVATE KEY' || /Proc-Type:.*ENCRYPTED/.test(pem)) {
    const fix = `Decrypt it for hzn-armor and hzn: openssl rsa -traditional -in ${file} -out KEY`;
    throw unusable(file, 'the private key is encrypted', fix);
  }
  if (label === 'PRIVATE KEY') {
    const fix = `Convert it, hzn reads no other form: openssl rsa -traditional -in ${file} -out KEY`;
    throw unusable(file, `${kindOf(pem)} in PKCS#8 form`, kindOf(pem) === 'an RSA key' ? fix : CREATE);
  }
  if (label !== 'RSA PRIVATE KEY') throw unusable(file, `a ${label}, not an RSA private key`, CREATE);
  const key = parse(pem, file);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS)
    throw unusable(file, `an RSA key of ${bits} bits`, `Make one of at least ${MIN_BITS}: hzn-armor keys create.`);
  return key;
}

const CREATE = 'Make an RSA key: hzn-armor keys create.';

function kindOf(pem: string): string {
  try {
    const type = createPrivateKey(pem).asymmetricKeyType;
    return type === 'rsa' ? 'an RSA key' : `an ${type} key`;
  } catch {
    return 'an unreadable key';
  }
}

function parse(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    // The cause could quote the key; it stays out of the message.
    throw unusable(
      file,
      'the private key is damaged',
      'Restore it from your backup, or make a new one: hzn-armor keys create.',
      cause,
    );
  }
}

function unusable(file: string, message: string, fix: string, cause?: unknown): ArmorError {
  return new ArmorError('KEY_UNUSABLE', message, { file }, fix, cause === undefined ? {} : { cause });
}
