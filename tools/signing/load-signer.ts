import { readFile, stat } from 'node:fs/promises';
import { ArmorError } from '#errors';
import { keyIdOf } from '#policy/envelope.ts';
import type { Setting, Settings } from '#tools/settings.ts';
import { readPrivateKey } from './read-private-key.ts';
import { readPublicKey } from './read-public-key.ts';
import { type Signer, signerOf } from './signer.ts';

export interface LoadedSigner extends Signer {
  readonly file: string;
  /** Where the file's name came from. */
  readonly from: string;
  /** What is unwise about the key's file, one line each. */
  readonly warnings: readonly string[];
}

/**
 * The publisher's key, from where hzn takes it: HZN_PRIVATE_KEY_FILE, else ~/.hzn/keys/service.private.key. hzn falls back
 * to a key that it throws away; here a missing key is an error, since nodes pin it.
 *
 * @throws ArmorError KEY_UNUSABLE
 */
export async function loadSigner(settings: Pick<Settings, 'privateKeyFile' | 'publicKeyFile'>): Promise<LoadedSigner> {
  const { value: file, from } = settings.privateKeyFile;
  const pem = await readKeyFile(settings.privateKeyFile);
  const signer = signerOf(readPrivateKey(pem, file));
  await refuseOtherHalf(settings.publicKeyFile, signer, file);
  return { ...signer, file, from, warnings: await modeWarnings(file) };
}

async function readKeyFile({ value: file, from }: Setting<string>): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      const fix = `Make one: hzn-armor keys create; or name yours in HZN_PRIVATE_KEY_FILE (now from ${from}).`;
      throw new ArmorError('KEY_UNUSABLE', 'there is no signing key', { file }, fix, { cause });
    }
    const fix =
      cause.code === 'EISDIR'
        ? 'Name the file, not its folder.'
        : 'Give yourself, and nobody else, the right to read it.';
    throw new ArmorError('KEY_UNUSABLE', `the signing key can not be read (${cause.code})`, { file }, fix, { cause });
  });
}

/** hzn publishes halves that do not belong together unchecked, and every node then refuses the service. */
async function refuseOtherHalf({ value: file }: Setting<string>, signer: Signer, privateFile: string): Promise<void> {
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ArmorError(
      'KEY_UNUSABLE',
      `the public key can not be read (${error.code})`,
      { file },
      'Mend its permissions.',
      {
        cause: error,
      },
    );
  });
  if (pem === undefined || keyIdOf(readPublicKey(pem, file)) === signer.keyId) return;
  const fix =
    'Set HZN_PRIVATE_KEY_FILE and HZN_PUBLIC_KEY_FILE to halves of one key, or remove the public one: it can be derived.';
  throw new ArmorError('KEY_UNUSABLE', `not the public half of ${privateFile}`, { file }, fix);
}

/** `hzn key create` writes 0644 under the usual umask (reference/exchange-mms.md §0). */
async function modeWarnings(file: string): Promise<string[]> {
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  return [`${file} is readable for others (mode ${mode.toString(8).padStart(4, '0')}). Run chmod 600 ${file}.`];
}
