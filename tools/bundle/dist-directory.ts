import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';

/** More than any bundle has; a dist beyond it was not built by us. */
export const MAX_FILES = 20_000;
export const MAX_TOTAL_BYTES = 256 * 1024 * 1024;

/**
 * Every file below a directory by its path in it. Links and devices are refused, not followed: they could bring in what
 * no manifest names.
 *
 * @returns undefined when there is no such directory
 * @throws ArmorError DIST_TAMPERED
 */
export async function readDistDirectory(dir: string): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const files = new Map<string, Buffer>();
  const budget = { files: MAX_FILES, bytes: MAX_TOTAL_BYTES };
  return (await readInto(files, dir, '', budget)) ? files : undefined;
}

async function readInto(files: Map<string, Buffer>, dir: string, prefix: string, budget: Budget): Promise<boolean> {
  const entries = await readdir(join(dir, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw refuse(join(dir, prefix), `it can not be listed (${error.code})`, 'Name a directory that you may read.');
  });
  if (entries === undefined) return false;
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) await readInto(files, dir, path, budget);
    else files.set(path, await readOne(join(dir, path), entry, budget));
  }
  return true;
}

interface Budget {
  files: number;
  bytes: number;
}

async function readOne(path: string, entry: Dirent, budget: Budget): Promise<Buffer> {
  if (!entry.isFile()) {
    throw refuse(
      path,
      `a ${entry.isSymbolicLink() ? 'symbolic link' : 'special file'}`,
      'A dist has plain files only; build it again.',
    );
  }
  budget.files -= 1;
  // O_NOFOLLOW: what was a file when it was listed may be a link by now.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    throw refuse(path, `it can not be read (${error.code})`, 'Mend its permissions, or build the dist again.');
  });
  try {
    return await readWithin(handle, path, budget);
  } finally {
    await handle.close();
  }
}

async function readWithin(handle: FileHandle, path: string, budget: Budget): Promise<Buffer> {
  budget.bytes -= (await handle.stat()).size;
  if (budget.files < 0 || budget.bytes < 0) {
    throw refuse(
      path,
      `more than ${MAX_FILES} files or ${MAX_TOTAL_BYTES} bytes`,
      'Name the directory that hzn-armor build wrote.',
    );
  }
  return handle.readFile();
}

function refuse(path: string, message: string, fix: string): ArmorError {
  return new ArmorError('DIST_TAMPERED', message, { file: path }, fix);
}
