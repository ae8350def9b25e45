import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of the code that makes a publishable of sources, and the lock of the packages that it uses. */
const CODE = ['#tools/bundle/types.ts', '#tools/signing/signer.ts', '#policy/types.ts'];
const ROOT = join(import.meta.dirname, '../..');

/**
 * Tells one state of this program from another without reading it: names, sizes and times of its files. What an older
 * state rendered is not taken for what this one would.
 */
export function toolFingerprint(): string {
  const hash = createHash('sha256');
  const folders = [
    ...CODE.map((specifier) => dirname(fileURLToPath(import.meta.resolve(specifier)))),
    join(ROOT, 'tools/schemas'),
  ];
  for (const file of [...folders.flatMap(filesBelow), join(ROOT, 'package-lock.json')]) {
    const found = statSync(file, { throwIfNoEntry: false });
    hash.update(`${file} ${found?.size} ${found?.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesBelow(folder: string): string[] {
  const path = (entry: Dirent) => join(entry.parentPath, entry.name);
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(path)
    .sort();
}
