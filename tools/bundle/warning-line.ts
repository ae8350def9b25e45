import type { Warning } from './types.ts';

/** A warning as people read it: where, what, and what to do about it. */
export function warningLine({ file, line, column, message, fix }: Warning): string {
  return `${file}:${line}:${column}: ${message}. ${fix}`;
}
