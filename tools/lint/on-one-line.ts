import { printable } from '../printable.ts';

/** A line for people with names and values of others in it: they do not break it, nor steer the terminal. */
export function onOneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}
