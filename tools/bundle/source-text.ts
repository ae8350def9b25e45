import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ArmorError } from '#errors';
import type { SourceRecorder } from './source-record.ts';

/** A source is written by hand: anything larger is a mistake, or meant to hurt. */
const MAX_BYTES = 1024 * 1024;

/** Block indentation deeper than this makes YAML parsers run out of memory or stack long before it means anything. */
const MAX_INDENT = 400;

/**
 * The text of a source file.
 *
 * @param root the bundle's directory, as `realpath` gives it
 * @param file relative to it
 * @param recorder notes what was read
 * @throws ArmorError SOURCE_MISSING, or SOURCE_INVALID for what is no readable text inside the bundle
 */
export async function readSourceText(root: string, file: string, recorder?: SourceRecorder): Promise<string> {
  const path = await resolveInside(root, file).catch((error: unknown) => {
    recorder?.sawFile(file, undefined);
    throw error;
  });
  const found = await stat(path);
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a directory' : 'no regular file';
    throw new ArmorError('SOURCE_MISSING', `it is ${what}`, { file }, 'Name a file.');
  }
  const { size } = found;
  if (size > MAX_BYTES) {
    throw invalid(`${size} bytes is more than a source may have (${MAX_BYTES})`, { file }, 'Split it.');
  }
  const text = decodeUtf8(await readFile(path), file);
  refuseDeepIndent(text, file);
  recorder?.sawFile(file, text);
  return text;
}

/** Follows links, and refuses those that lead out of the bundle: what is signed must be what was reviewed. */
async function resolveInside(root: string, file: string): Promise<string> {
  const path = await realpath(join(root, file)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ELOOP') throw invalid('a link that leads back to itself', { file }, 'Replace it by a file.');
    throw new ArmorError(
      'SOURCE_MISSING',
      cause.code === 'ENOENT' ? 'there is no such file' : `it can not be read (${cause.code})`,
      { file },
      'Create it, mend its permissions, or remove what names it.',
      { cause },
    );
  });
  if (path !== root && !path.startsWith(root + sep)) {
    throw invalid('a link that leads out of the bundle', { file }, 'Put the file itself into the bundle.');
  }
  return path;
}

function decodeUtf8(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ArmorError('SOURCE_INVALID', 'the file is not UTF-8 text', { file }, 'Save it as UTF-8.', { cause });
  }
}

function refuseDeepIndent(text: string, file: string): void {
  const deep = new RegExp(`^(?:[ \\t]|[-?:] ){${MAX_INDENT}}`, 'm').exec(text);
  if (deep === null) return;
  const line = text.slice(0, deep.index).split('\n').length;
  throw invalid(`indented deeper than ${MAX_INDENT} columns`, { file, line, column: 1 }, 'Unfold it.');
}

function invalid(message: string, where: { file: string; line?: number; column?: number }, fix: string): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, where, fix);
}
