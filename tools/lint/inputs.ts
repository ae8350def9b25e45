import { constants } from 'node:buffer';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { ArmorError } from '#errors';
import { MAX_BYTES } from '#policy/document.ts';

/** A text to lint. */
export interface LintInput {
  /** As it is shown: relative to where the command runs, `-` for standard input. */
  readonly file: string;
  /** Where it lies; undefined for standard input. */
  readonly path?: string;
  readonly text: string;
  /** Named by the user; otherwise found in a directory, where other files lie as well. */
  readonly named: boolean;
}

export interface CollectedInputs {
  readonly inputs: readonly LintInput[];
  /** What was named and can not be linted at all. */
  readonly unusable: readonly ArmorError[];
}

/** The files that the arguments stand for: files as they are, directories with the YAML and JSON in them, `-` for stdin. */
export async function collectInputs(
  names: readonly string[],
  { cwd, stdin }: { readonly cwd: string; readonly stdin: Readable },
): Promise<CollectedInputs> {
  const inputs: LintInput[] = [];
  const unusable: ArmorError[] = [];
  for (const name of names) {
    try {
      if (name === '-') inputs.push({ file: '-', text: decode(await readAll(stdin), '-'), named: true });
      else for await (const input of inputsAt(name, cwd, unusable)) inputs.push(input);
    } catch (error) {
      if (!(error instanceof ArmorError)) throw error;
      unusable.push(error);
    }
  }
  return { inputs, unusable };
}

async function* inputsAt(name: string, cwd: string, unusable: ArmorError[]): AsyncGenerator<LintInput> {
  const path = resolve(cwd, name);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw missing(name, error);
  });
  if (!found.isDirectory()) {
    yield { ...(await readInput(path, name)), named: true };
    return;
  }
  for await (const file of filesBelow(path, new Set([await realpath(path)]))) {
    const shown = join(name, relative(path, file));
    try {
      yield { ...(await readInput(file, shown)), named: false };
    } catch (error) {
      if (!(error instanceof ArmorError)) throw error;
      unusable.push(error);
    }
  }
}

/** YAML and JSON below a directory, in the order of their names; hidden ones and node_modules are passed over. */
async function* filesBelow(directory: string, seen: Set<string>): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw missing(directory, error);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(directory, entry.name);
    const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (target?.isDirectory() === true) {
      const real = await realpath(path);
      if (!seen.has(real)) yield* filesBelow(path, seen.add(real));
    } else if (target?.isFile() === true && /\.(?:ya?ml|json)$/i.test(entry.name)) {
      yield path;
    }
  }
}

async function readInput(path: string, file: string): Promise<Omit<LintInput, 'named'>> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw missing(file, error);
  });
  return { file, path, text: decode(bytes, file) };
}

/** A text that is too large is kept: lint says so at its place. One that is no text is not. */
function decode(bytes: Buffer, file: string): string {
  if (bytes.length > Math.min(constants.MAX_STRING_LENGTH, 8 * MAX_BYTES) || bytes.subarray(0, 8192).includes(0)) {
    throw new ArmorError('SOURCE_INVALID', 'not a text', { file }, 'Name YAML or JSON files.');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ArmorError('SOURCE_INVALID', 'not UTF-8', { file }, 'Save it as UTF-8.');
  }
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function missing(file: string, { code }: NodeJS.ErrnoException): ArmorError {
  const message = code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`;
  return new ArmorError('SOURCE_MISSING', message, { file }, 'Name a file, a directory, or - for standard input.');
}
