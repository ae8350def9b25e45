import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';

/** What a command may touch of the process it runs in; tests hand in their own. */
export interface CommandContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted on SIGINT and SIGTERM: long work stops between two steps. */
  readonly signal: AbortSignal;
}

/** Exit status: 0 done (warnings allowed), 1 findings or a failure, 2 unusable input or a wrong call. */
export type ExitStatus = 0 | 1 | 2;

/** One command a file in commands/: `define` returns its commander command, whose action calls `done` with the status. */
export interface CommandModule {
  define(context: CommandContext, done: (status: ExitStatus) => void): Command;
}
