/** Lines that came in one piece of input. Numbers count from 1. */
export interface LineBatch {
  readonly firstLine: number;
  readonly lines: readonly string[];
  /** Numbers of lines that were too long to be kept. */
  readonly tooLong: readonly number[];
  /** Bytes read so far, decompressed. */
  readonly bytes: number;
}

/** KubeArmor's events are of about 1 kB; command lines may make them longer. */
const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Splits a stream of bytes into lines, piece by piece and in flat memory, however long a line is. */
export async function* lineBatches(source: AsyncIterable<Uint8Array>): AsyncGenerator<LineBatch> {
  const splitter = new LineSplitter();
  for await (const chunk of source) {
    const batch = splitter.split(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (batch !== undefined) yield batch;
  }
  const rest = splitter.end();
  if (rest !== undefined) yield rest;
}

class LineSplitter {
  /** The beginning of a line whose end is still to come. */
  private carried: Buffer[] = [];
  private carriedBytes = 0;
  private skipping = false;
  private nextLine = 1;
  private bytes = 0;

  split(chunk: Buffer): LineBatch | undefined {
    this.bytes += chunk.length;
    const last = chunk.lastIndexOf(NEWLINE);
    if (last < 0) {
      this.carry(chunk);
      return undefined;
    }
    const whole = chunk.subarray(0, last);
    const batch = this.skipping ? this.resume(whole) : this.batch([...this.carried, whole]);
    this.carried = [];
    this.carriedBytes = 0;
    this.carry(chunk.subarray(last + 1));
    return batch;
  }

  end(): LineBatch | undefined {
    if (this.skipping) return this.resume(Buffer.alloc(0));
    return this.carriedBytes === 0 ? undefined : this.batch(this.carried);
  }

  private batch(pieces: readonly Buffer[], tooLong: readonly number[] = []): LineBatch {
    const lines = Buffer.concat(pieces).toString('utf8').split('\n');
    const firstLine = this.nextLine;
    this.nextLine += lines.length;
    return { firstLine, lines, tooLong, bytes: this.bytes };
  }

  /** The first of these lines is the end of one that was given up. */
  private resume(whole: Buffer): LineBatch {
    this.skipping = false;
    const tooLong = [this.nextLine++];
    const end = whole.indexOf(NEWLINE);
    if (end < 0) return { firstLine: this.nextLine, lines: [], tooLong, bytes: this.bytes };
    return this.batch([whole.subarray(end + 1)], tooLong);
  }

  private carry(rest: Buffer): void {
    if (this.skipping || rest.length === 0) return;
    this.carried.push(rest);
    this.carriedBytes += rest.length;
    if (this.carriedBytes <= MAX_LINE_BYTES) return;
    this.skipping = true;
    this.carried = [];
    this.carriedBytes = 0;
  }
}
