import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';
import type { TlsSettings } from './credentials.ts';

/**
 * The files of mutual TLS in a folder: ca.crt, client.crt, client.key (docs/bring-your-own-kubearmor.md).
 *
 * @throws ArmorError KEY_UNUSABLE, naming the file
 */
export async function readTls(directory: string): Promise<TlsSettings> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'client.crt', 'client.key'].map((name) => read(join(directory, name))),
  );
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ArmorError(
      'KEY_UNUSABLE',
      `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file },
      'Mutual TLS with KubeArmor needs ca.crt, client.crt and client.key in the folder of ARMOR_KUBEARMOR_TLS.',
      { cause },
    );
  });
}
