import { Readable, Writable } from 'node:stream';
import type { ExitStatus } from '#tools/command.ts';
import { runCommand } from '#tools/run-command.ts';

/** What a call of hzn-armor printed, and how it ended. */
export interface ArmorRun {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where hzn-armor is called: its environment holds the hub's settings and HOME the key. */
export interface ArmorPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Calls hzn-armor in this process, with the arguments a person would type. */
export async function runArmor(place: ArmorPlace, command: string, ...args: string[]): Promise<ArmorRun> {
  const stdout = new Collected();
  const stderr = new Collected();
  const signal = new AbortController().signal;
  const status = await runCommand(command, args, { ...place, stdin: Readable.from([]), stdout, stderr, signal });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

/** The JSON document that a call printed. @throws Error with what it complained about instead */
export async function askArmor(place: ArmorPlace, command: string, ...args: string[]): Promise<unknown> {
  const run = await runArmor(place, command, ...args, '--json');
  if (run.status !== 0) throw new Error(`hzn-armor ${command} ${args.join(' ')}: ${run.stderr}${run.stdout}`);
  return JSON.parse(run.stdout);
}

class Collected extends Writable {
  readonly #chunks: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk.toString());
    done();
  }

  text(): string {
    return this.#chunks.join('');
  }
}
