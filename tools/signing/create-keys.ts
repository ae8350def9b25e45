import { generateKeyPair } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ArmorError } from '#errors';
import { type Signer, signerOf } from './signer.ts';

const generate = promisify(generateKeyPair);

export interface CreatedKeys extends Signer {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
}

/**
 * Makes an RSA key that hzn can use as well: PKCS#1 private key (0600) and SPKI public key, both PEM. Never overwrites:
 * whoever loses the key that nodes pin can no longer change a policy on them.
 *
 * @throws ArmorError KEY_UNUSABLE when one of the files exists, STATE_UNWRITABLE
 */
export async function createKeys(privateKeyFile: string, publicKeyFile: string, bits: number): Promise<CreatedKeys> {
  for (const file of [privateKeyFile, publicKeyFile]) if (existsSync(file)) throw exists(file);
  const { privateKey } = await generate('rsa', { modulusLength: bits });
  const signer = signerOf(privateKey);
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  await writeNew(privateKeyFile, pem, 0o600);
  try {
    await writeNew(publicKeyFile, signer.publicPem, 0o644);
  } catch (error) {
    await rm(privateKeyFile, { force: true });
    throw error;
  }
  return { ...signer, privateKeyFile, publicKeyFile };
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(file, mode);
  } catch (cause) {
    throw asUnwritable(file, cause);
  }
}

function asUnwritable(file: string, cause: unknown): ArmorError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (code === 'EEXIST') return exists(file);
  return new ArmorError(
    'STATE_UNWRITABLE',
    `the key can not be written (${code})`,
    { file },
    'Mend the permissions of its folder.',
    {
      cause,
    },
  );
}

function exists(file: string): ArmorError {
  const fix = 'Use it (hzn-armor keys show), or name another file in HZN_PRIVATE_KEY_FILE and HZN_PUBLIC_KEY_FILE.';
  return new ArmorError('KEY_UNUSABLE', 'there is a key already, and it is not overwritten', { file }, fix);
}
