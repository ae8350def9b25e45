import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';
import { LOCK_FILE } from '#tools/bundle/bundle-reader.ts';
import type { ImagesLockFile } from '#tools/bundle/source-types.ts';

const HEADER = '# yaml-language-server: $schema=tools/schemas/images-lock.schema.json\n';

/** Writes images.lock.yaml; comments at its top stay. @returns whether it had to be written */
export async function writeLock(dir: string, { images }: ImagesLockFile): Promise<boolean> {
  const { Document, parseDocument } = await import('yaml');
  const file = join(dir, LOCK_FILE);
  const before = await readFile(file, 'utf8').catch(() => '');
  const document = before === '' ? new Document({}) : parseDocument(before);
  document.set('images', document.createNode(images, { flow: Object.keys(images).length === 0 }));
  const text = `${before === '' ? HEADER : ''}${document.toString({ lineWidth: 0 })}`;
  if (text === before) return false;
  try {
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, text);
    await rename(temporary, file);
    return true;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ArmorError('STATE_UNWRITABLE', message, { file: LOCK_FILE }, 'Make it writable.', { cause });
  }
}
