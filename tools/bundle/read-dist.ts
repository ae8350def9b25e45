import { stat } from 'node:fs/promises';
import { ArmorError } from '#errors';
import { readArchive } from './archive.ts';
import { readDistDirectory } from './dist-directory.ts';
import { distPath } from './dist-layout.ts';
import type { Publishable } from './types.ts';
import { type DistReport, verifyDist } from './verify-dist.ts';

/**
 * A verified dist, to publish. Accepts the directory that `hzn-armor build` wrote, or the archive of it.
 *
 * @param trusted see verify-dist.ts
 * @throws ArmorError, ArmorErrors SOURCE_MISSING, DIST_TAMPERED, SIGNATURE_INVALID
 */
export async function readDist(dirOrArchive: string, trusted?: ReadonlySet<string>): Promise<Publishable> {
  return (await inspectDist(dirOrArchive, trusted)).publishable;
}

/** The same, with what was counted; a directory's archive, when it is there, must hold the same files. */
export async function inspectDist(dirOrArchive: string, trusted?: ReadonlySet<string>): Promise<DistReport> {
  if (await isDirectory(dirOrArchive)) return inspectDirectory(dirOrArchive, trusted);
  return verifyDist(await readArchive(dirOrArchive), dirOrArchive, trusted);
}

async function inspectDirectory(dir: string, trusted?: ReadonlySet<string>): Promise<DistReport> {
  const files = new Map(readDistDirectory(dir));
  const archives = [...files.keys()].filter((path) => !path.includes('/') && path.endsWith('.tar.gz'));
  const [archive] = archives;
  if (archive !== undefined && archives.length === 1) files.delete(archive);
  const report = verifyDist(files, dir, trusted);
  if (archive !== undefined) await sameFiles(dir, archive, report, files);
  return report;
}

async function sameFiles(
  dir: string,
  archive: string,
  report: DistReport,
  files: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const path = `${dir}/${archive}`;
  if (archive !== distPath.archive(report)) throw tampered(path, 'the manifest names another version');
  const packed = await readArchive(path);
  const other = [...new Set([...packed.keys(), ...files.keys()])].find(
    (name) => files.get(name)?.equals(packed.get(name) ?? Buffer.of()) !== true,
  );
  if (other !== undefined) throw tampered(path, `${other} in it is not the one beside it`);
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const message = cause.code === 'ENOENT' ? 'there is no such dist or archive' : `it can not be read (${cause.code})`;
    throw new ArmorError('SOURCE_MISSING', message, { file: path }, 'Run hzn-armor build, or name another one.', {
      cause,
    });
  });
  return found.isDirectory();
}

function tampered(path: string, message: string): ArmorError {
  return new ArmorError(
    'DIST_TAMPERED',
    message,
    { file: path },
    'Do not publish it; build it again, or get it again.',
  );
}
