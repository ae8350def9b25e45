import type { Writable } from 'node:stream';

export interface ProgressLine {
  /** Replaces the line; nothing where nobody watches (a pipe, a CI log). */
  update(text: string): void;
  /** Removes the line. */
  clear(): void;
}

/** One line on a terminal that says how far long work is. */
export function progressLine(stream: Writable & { readonly isTTY?: boolean }): ProgressLine {
  let shown = '';
  const write = (text: string): void => {
    if (stream.isTTY !== true || text === shown) return;
    stream.write(`\r\u001b[K${text}`);
    shown = text;
  };
  return { update: write, clear: () => write('') };
}
