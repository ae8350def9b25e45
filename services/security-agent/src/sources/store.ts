import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';

/**
 * Writes a file so that a reader, or a start after a kill -9 or a power cut, finds the old content or the new, never a
 * part: a temporary file, flushed, renamed over the old one, the directory flushed.
 *
 * @throws ArmorError STATE_UNWRITABLE (disk full, read-only, no permission); the old content is untouched then
 */
export async function writeAtomically(file: string, content: string, mode = 0o600): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC, mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await flushDirectory(join(file, '..'));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw unwritable(file, error);
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritable(file: string, cause: unknown): ArmorError {
  return new ArmorError(
    'STATE_UNWRITABLE',
    `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    { file },
    "Free space on the node, or make the agent's data volume writable for its user; what is in force stays in force.",
    { cause },
  );
}

/** A folder of small JSON documents, one file a key; keys use `[A-Za-z0-9._@-]` only, as MMS ids do (design §4). */
export interface DocumentStore {
  /** Every readable document. A file that is not JSON is set aside as `.corrupt` and named in `corrupt`. */
  load(): Promise<{ readonly documents: ReadonlyMap<string, unknown>; readonly corrupt: readonly string[] }>;
  /** @throws ArmorError STATE_UNWRITABLE */
  save(key: string, document: unknown): Promise<void>;
  remove(key: string): Promise<void>;
}

const SAFE_KEY = /^[A-Za-z0-9._@-]{1,200}$/;

/** Opens (and makes) the folder. @throws ArmorError STATE_UNWRITABLE */
export async function openStore(directory: string): Promise<DocumentStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable(directory, error);
  });
  const fileOf = (key: string): string => {
    if (!SAFE_KEY.test(key) || key.startsWith('.'))
      throw unwritable(directory, new Error(`"${key}" is no safe file name`));
    return join(directory, `${key}.json`);
  };
  return {
    async load() {
      const documents = new Map<string, unknown>();
      const corrupt: string[] = [];
      for (const name of (await readdir(directory)).sort()) {
        if (!name.endsWith('.json')) continue;
        const file = join(directory, name);
        try {
          documents.set(name.slice(0, -'.json'.length), JSON.parse(await readFile(file, 'utf8')));
        } catch {
          corrupt.push(file);
          await rename(file, `${file}.corrupt`).catch(() => undefined);
        }
      }
      return { documents, corrupt };
    },
    save: (key, document) => writeAtomically(fileOf(key), `${JSON.stringify(document)}\n`),
    async remove(key) {
      await unlink(fileOf(key)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
          throw unwritable(fileOf(key), error);
      });
    },
  };
}
