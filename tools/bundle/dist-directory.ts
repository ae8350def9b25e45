import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArmorError } from '#errors';

/** More than any bundle has; a dist beyond it was not built by us. */
export const MAX_FILES = 20_000;
export const MAX_TOTAL_BYTES = 256 * 1024 * 1024;

/**
 * Every file below a directory by its path in it. Links and devices are refused, not followed: they could bring in what
 * no manifest names. Synchronous: four trips to the thread pool for each of a thousand small files cost more than reading
 * them.
 *
 * @returns undefined when there is no such directory
 * @throws ArmorError DIST_TAMPERED
 */
export function readDistDirectory(dir: string): ReadonlyMap<string, Buffer> | undefined {
  const files = new Map<string, Buffer>();
  return readInto(files, dir, '', { files: MAX_FILES, bytes: MAX_TOTAL_BYTES }) ? files : undefined;
}

interface Budget {
  files: number;
  bytes: number;
}

function readInto(files: Map<string, Buffer>, dir: string, prefix: string, budget: Budget): boolean {
  const entries = entriesOf(join(dir, prefix));
  if (entries === undefined) return false;
  for (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) readInto(files, dir, path, budget);
    else files.set(path, readOne(join(dir, path), entry, budget));
  }
  return true;
}

function entriesOf(dir: string): Dirent[] | undefined {
  try {
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw refuse(dir, `it can not be listed (${codeOf(cause)})`, 'Name a directory that you may read.', cause);
  }
}

function readOne(path: string, entry: Dirent, budget: Budget): Buffer {
  if (!entry.isFile()) {
    const kind = entry.isSymbolicLink() ? 'symbolic link' : 'special file';
    throw refuse(path, `a ${kind}`, 'A dist has plain files only; build it again.');
  }
  const descriptor = openFile(path);
  try {
    budget.files -= 1;
    budget.bytes -= fstatSync(descriptor).size;
    if (budget.files < 0 || budget.bytes < 0) {
      const bounds = `more than ${MAX_FILES} files or ${MAX_TOTAL_BYTES} bytes`;
      throw refuse(path, bounds, 'Name the directory that hzn-armor build wrote.');
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** O_NOFOLLOW: what was a file when it was listed may be a link by now. */
function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw refuse(
      path,
      `it can not be read (${codeOf(cause)})`,
      'Mend its permissions, or build the dist again.',
      cause,
    );
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

function refuse(path: string, message: string, fix: string, cause?: unknown): ArmorError {
  const options = cause === undefined ? {} : { cause };
  return new ArmorError('DIST_TAMPERED', message, { file: path }, fix, options);
}
