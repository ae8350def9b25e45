import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ArmorError } from '#errors';
import { MAX_FILES, MAX_TOTAL_BYTES } from './dist-directory.ts';

/** No clock of the machine in the archive: the first moment that every tar and zip can express. */
const MTIME = new Date('1980-01-01T00:00:00Z');

/**
 * The archive of a dist's files: the same files give the same bytes, whoever packs them and under whatever umask.
 *
 * @param dir where the files are
 * @param paths relative to it, in order
 * @param folder that they are in inside the archive
 */
export async function packArchive(dir: string, paths: readonly string[], folder: string): Promise<Buffer> {
  const { create } = await import('tar');
  const pack = create(
    {
      cwd: dir,
      prefix: folder,
      gzip: { level: 9 },
      portable: true,
      mtime: MTIME,
      onWriteEntry: (entry) => {
        if (entry.stat !== undefined) entry.stat.mode = 0o644;
      },
    },
    [...paths],
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The files of an archive, held in memory, never unpacked to disk. Refuses what could write outside, hide something or
 * exhaust the reader: other entries than files and folders, paths that climb, names that come twice, and anything beyond
 * the bounds of a dist, counted while it is decompressed.
 *
 * @throws ArmorError SOURCE_MISSING or DIST_TAMPERED
 */
export async function readArchive(archive: string): Promise<ReadonlyMap<string, Buffer>> {
  const { Parser } = await import('tar');
  const files = new Map<string, Buffer>();
  const folders = new Set<string>();
  let failure: ArmorError | undefined;
  let count = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      try {
        if (++count > MAX_FILES) throw refuse(archive, `more than ${MAX_FILES} entries`);
        const path = safePath(archive, entry.path, entry.type, folders);
        if (path !== undefined && files.has(path)) throw refuse(archive, `${path} comes twice`);
        entry.on('data', (chunk: Buffer) => chunks.push(chunk));
        entry.on('end', () => path !== undefined && files.set(path, Buffer.concat(chunks)));
      } catch (error) {
        failure ??= error instanceof ArmorError ? error : refuse(archive, String(error));
        entry.resume();
      }
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve);
    parser.on('error', reject);
  });
  // Awaited below; until then a rejection is not unhandled.
  ended.catch(() => {});
  try {
    let bytes = 0;
    const gunzip = createReadStream(archive)
      .on('error', (error) => gunzip.destroy(error))
      .pipe(createGunzip());
    for await (const chunk of gunzip) {
      bytes += chunk.length;
      if (bytes > MAX_TOTAL_BYTES) throw refuse(archive, `it unpacks to more than ${MAX_TOTAL_BYTES} bytes`);
      parser.write(chunk);
      if (failure !== undefined) throw failure;
    }
    parser.end();
    await ended;
  } catch (error) {
    throw asRefusal(archive, error);
  }
  if (failure !== undefined) throw failure;
  if (folders.size !== 1) throw refuse(archive, 'it does not hold exactly one folder');
  return files;
}

/** The path below the archive's one folder; undefined for folders themselves. */
function safePath(archive: string, path: string, type: string, folders: Set<string>): string | undefined {
  if (type !== 'File' && type !== 'OldFile' && type !== 'Directory') {
    throw refuse(archive, `${JSON.stringify(path)} is a ${type}, not a file`);
  }
  const parts = path.replace(/\/$/, '').split('/');
  const climbs =
    path.includes('\\') || path.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..');
  if (climbs) throw refuse(archive, `${JSON.stringify(path)} leads out of the archive`);
  const [folder, ...rest] = parts;
  if (folder !== undefined) folders.add(folder);
  if (type === 'Directory') return undefined;
  if (rest.length === 0) throw refuse(archive, `${JSON.stringify(path)} is not in the archive's folder`);
  return rest.join('/');
}

function asRefusal(archive: string, error: unknown): ArmorError {
  if (error instanceof ArmorError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'EACCES') {
    return new ArmorError(
      'SOURCE_MISSING',
      `it can not be read (${code})`,
      { file: archive },
      'Name a dist or an archive.',
      { cause: error },
    );
  }
  return refuse(
    archive,
    code.startsWith('Z_') ? `not a whole gzip archive (${message})` : `not a whole archive (${message})`,
    error,
  );
}

function refuse(archive: string, message: string, cause?: unknown): ArmorError {
  const fix = 'Do not use it; get the archive again from whoever built it.';
  return new ArmorError('DIST_TAMPERED', message, { file: archive }, fix, cause === undefined ? {} : { cause });
}
