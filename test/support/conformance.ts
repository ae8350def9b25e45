import { CONFORMANCE_TOOL, referenceFile } from './reference.ts';
import { $, keepBytes } from './shell.ts';

/** What the reference's conformance tool found. */
export interface ConformanceReport {
  readonly compared: number;
  readonly same: number;
  readonly differing: readonly unknown[];
}

/**
 * Replays a recording against a hub's server with the tool that recorded it.
 *
 * @param capture the recording's file
 * @param args further arguments of the tool
 */
export async function conformance(
  base: string,
  capture: string,
  args: readonly string[] = [],
): Promise<ConformanceReport> {
  const { store, stdout } = keepBytes();
  const tool = referenceFile(CONFORMANCE_TOOL);
  const run = $({
    store,
    nothrow: true,
  })`${process.execPath} ${tool} --base ${base} --capture ${capture} ${args} --json`;
  const { exitCode, message } = await run;
  // Exit status 1 is a finding, and the report has it.
  if (exitCode !== 0 && exitCode !== 1) throw new Error(message);
  return JSON.parse(stdout().toString());
}
