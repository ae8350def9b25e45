/** Logins of services at their node's ESS: one auth.json for each agreement (anax resource/authentication_manager.go). */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Content of auth.json. `version` is empty on a pattern node. */
export interface ServiceCredential {
  /** `<org>/<service name>` */
  readonly id: string;
  readonly token: string;
  readonly version: string;
}

const FILE = 'auth.json';
/** Beside the agreements' folders: the certificate's. */
export const SSL_FOLDER = 'SSL';

export class CredentialStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Folder of an agreement's credential, as it is mounted into its containers. */
  folderOf(agreementId: string): string {
    return join(this.#folder, agreementId);
  }

  /** Writes a credential with a new token. The real agent also makes a group for it; that would take root. */
  async create(agreementId: string, id: string, version: string): Promise<ServiceCredential> {
    const credential = { id, token: randomBytes(32).toString('hex'), version };
    await mkdir(this.folderOf(agreementId), { recursive: true, mode: 0o750 });
    await writeFile(join(this.folderOf(agreementId), FILE), JSON.stringify(credential), { mode: 0o750 });
    return credential;
  }

  async remove(agreementId: string): Promise<void> {
    await rm(this.folderOf(agreementId), { recursive: true, force: true });
  }

  /** The credential that these are, read from disk; one file that cannot be read refuses everybody. */
  async find(id: string, token: string): Promise<ServiceCredential | undefined> {
    try {
      for (const folder of await readdir(this.#folder)) {
        if (folder === SSL_FOLDER) continue;
        const credential = await this.read(folder);
        if (credential.id === id && credential.token === token) return credential;
      }
    } catch {
      return undefined;
    }
    return undefined;
  }

  async read(agreementId: string): Promise<ServiceCredential> {
    const parsed: unknown = JSON.parse(await readFile(join(this.folderOf(agreementId), FILE), 'utf8'));
    const text = (name: string): string => {
      const value: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
      return typeof value === 'string' ? value : '';
    };
    return { id: text('id'), token: text('token'), version: text('version') };
  }
}
