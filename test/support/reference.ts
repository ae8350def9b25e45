import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { type ImplementationFn } from 'ava';

/** Recordings of the real systems: beside the checkout, or where ARMOR_REFERENCE says. They are no part of the project. */
const REFERENCE = resolve(process.env.ARMOR_REFERENCE ?? join(import.meta.dirname, '../../../shared/reference/data'));

/** Whether it is there or not. */
export function referenceFile(name: string): string {
  return join(REFERENCE, name);
}

/** The program that replays recordings against a hub. */
export const CONFORMANCE_TOOL = '../../tools/hub-conformance.mjs';

/** The first of these that is not there, in words; undefined: all are. */
export function missingReference(...names: readonly string[]): string | undefined {
  const missing = names.map(referenceFile).find((file) => !existsSync(file));
  return missing === undefined ? undefined : `${missing} is not there; set ARMOR_REFERENCE`;
}

/** `test` for what compares with recordings: skipped, and saying why, where one of these is not there. */
export function testWith(...names: readonly string[]): (title: string, run: ImplementationFn<[]>) => void {
  const missing = missingReference(...names);
  return (title, run) => (missing === undefined ? test(title, run) : test.skip(`${title} (${missing})`, run));
}
