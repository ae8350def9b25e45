/**
 * The files in which a bolt store keeps objects' data, with what is wrong with them: the name of a file joins
 * organisation, type and id with dashes and ends at a `#`, so that two objects can share one; and a write goes through
 * a temporary file that is never truncated, so that what a failed chunk left behind ends up behind the next, shorter
 * data. Seen on a real CSS (bolt).
 */
import { internalError } from './sync-error.ts';

const LONGEST_FILE_NAME = 255;
const DIRECTORY = '/var/edge-sync-service/persist/sync/local/';

export class DataFiles {
  readonly #files = new Map<string, Buffer>();
  readonly #temporary = new Map<string, Buffer>();

  /** Name of an object's data file. */
  static nameFor(org: string, type: string, id: string): string {
    return `${org}-${type}-${id}`.replace(/#.*$/s, '');
  }

  read(name: string): Buffer | undefined {
    return this.#files.get(name);
  }

  /** Writes whole data. @returns the number of bytes given, not of those that the file then has */
  store(name: string, data: Uint8Array): number {
    this.#openable(name, 'write data');
    this.#write(name, data, 0);
    this.finish(name);
    return data.length;
  }

  /** Writes one chunk to the temporary file. @throws SyncError (500) unless it is `expected` bytes long */
  append(name: string, chunk: Uint8Array, offset: number, expected: number): void {
    this.#openable(name, 'append data');
    this.#write(name, chunk, offset);
    if (chunk.length !== expected) throw internalError('Failed to write all the data to file.');
  }

  /** The temporary file becomes the data. */
  finish(name: string): void {
    this.#files.set(name, this.#temporary.get(name) ?? Buffer.alloc(0));
    this.#temporary.delete(name);
  }

  /** @throws SyncError (500) for a name that no file can have */
  remove(name: string): void {
    if (Buffer.byteLength(name) > LONGEST_FILE_NAME) {
      throw internalError(`Failed to delete data. Error: remove ${DIRECTORY}${name}: file name too long`);
    }
    this.#files.delete(name);
  }

  removeTemporary(name: string): void {
    this.#temporary.delete(name);
  }

  #write(name: string, data: Uint8Array, offset: number): void {
    const before = this.#temporary.get(name) ?? Buffer.alloc(0);
    const after = Buffer.alloc(Math.max(before.length, offset + data.length));
    before.copy(after);
    after.set(data, offset);
    this.#temporary.set(name, after);
  }

  #openable(name: string, purpose: string): void {
    const file = `${name}.tmp`;
    if (Buffer.byteLength(file) <= LONGEST_FILE_NAME) return;
    const path = `${DIRECTORY}${file}`;
    throw internalError(`Failed to open file ${path} to ${purpose}. Error: open ${path}: file name too long`);
  }
}
