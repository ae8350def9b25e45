import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ArmorError } from '#errors';
import { signText, textIsSigned } from '#tools/signing/signature.ts';
import type { Signer } from '#tools/signing/signer.ts';
import { packArchive } from './archive.ts';
import { readDistDirectory } from './dist-directory.ts';
import {
  DIST_FOLDERS,
  type DistFiles,
  distFiles,
  distPath,
  MANIFEST,
  MANIFEST_SIGNATURE,
  manifestOf,
} from './dist-layout.ts';
import { hznJson } from './hzn-json.ts';
import type { Publishable } from './types.ts';

/** What a build changed on disk, by path in the dist. */
export interface DistChanges {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}

/** What was in the dist before; empty when there was none. */
export type PreviousDist = ReadonlyMap<string, Buffer>;

/**
 * What an earlier build left, read before anything is written.
 *
 * @throws ArmorError STATE_UNWRITABLE when the directory has something in it that is no dist: it is not ours to change
 */
export function readPreviousDist(out: string): PreviousDist {
  const files = readDistDirectory(out) ?? new Map<string, Buffer>();
  if (files.size > 0 && !files.has(MANIFEST)) {
    throw new ArmorError(
      'STATE_UNWRITABLE',
      'the directory is not empty and no dist',
      { file: out },
      'Name an empty directory, or one that hzn-armor build wrote.',
    );
  }
  return files;
}

/**
 * Brings a directory to what a signed publishable says. Unchanged files are not touched. The manifest is written first:
 * a build that was interrupted is then told from a whole one, and the next build completes it.
 */
export async function writeDist(
  out: string,
  publishable: Publishable,
  signer: Signer,
  previous: PreviousDist,
): Promise<DistChanges> {
  const files = distFiles(publishable);
  const manifest = hznJson(manifestOf(publishable, files, signer.keyId));
  const signature = await manifestSignature(manifest, signer, previous);
  const all: DistFiles = new Map([[MANIFEST, manifest], [MANIFEST_SIGNATURE, `${signature}\n`], ...files]);
  const archive = distPath.archive(publishable);
  const changed = [...all].filter(([path, text]) => previous.get(path)?.equals(Buffer.from(text)) !== true);
  const stale = [...previous.keys()].filter(
    (path) => !all.has(path) && path !== archive && isOurs(path, publishable.name),
  );
  try {
    await mkdir(out, { recursive: true });
    const [first, ...others] = changed;
    if (first !== undefined) await replaceFile(join(out, first[0]), first[1]);
    await Promise.all(others.map(([path, text]) => replaceFile(join(out, path), text)));
    await Promise.all(stale.map((path) => rm(join(out, path), { force: true })));
    const written = changed.map(([path]) => path);
    if (await writeArchive(out, archive, [...all.keys()], previous)) written.push(archive);
    return { written, removed: stale, unchanged: all.size + 1 - written.length };
  } catch (cause) {
    throw unwritable(out, cause);
  }
}

async function manifestSignature(manifest: string, signer: Signer, previous: PreviousDist): Promise<string> {
  const kept = previous.get(MANIFEST_SIGNATURE)?.toString('utf8').trimEnd() ?? '';
  return textIsSigned(manifest, kept, signer.publicKey) ? kept : signText(manifest, signer.privateKey);
}

/** Packed each time, so that an archive somebody changed does not survive a build. */
async function writeArchive(
  out: string,
  archive: string,
  paths: readonly string[],
  previous: PreviousDist,
): Promise<boolean> {
  const bytes = await packArchive(out, [...paths].sort(), archive.slice(0, -'.tar.gz'.length));
  if (previous.get(archive)?.equals(bytes) === true) return false;
  await replaceFile(join(out, archive), bytes);
  return true;
}

/** Files in our folders, and archives of other versions of this bundle. */
function isOurs(path: string, name: string): boolean {
  const [folder, ...rest] = path.split('/');
  if (rest.length > 0) return DIST_FOLDERS.some((known) => known === folder);
  return path.startsWith(`${name}-`) && path.endsWith('.tar.gz');
}

/** In one step, so that whoever reads meanwhile sees the old file or the new one. */
async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content, { mode: 0o644 });
  await rename(temporary, path);
}

function unwritable(out: string, cause: unknown): ArmorError {
  if (cause instanceof ArmorError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ArmorError(
    'STATE_UNWRITABLE',
    message,
    { file: out },
    'Make the directory writable, or name another one with --out.',
    {
      cause,
    },
  );
}
