import { PassThrough, Readable, Writable } from 'node:stream';
import type { ExitStatus } from '#tools/command.ts';
import { runCommand } from '#tools/run-command.ts';

export interface Ran {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** Runs one hzn-armor command in this process, as cli.ts does, and keeps what it wrote. */
export async function run(
  [name = '', ...args]: readonly string[],
  { cwd, env = {}, stdin = '', signal = new AbortController().signal }: RunOptions,
): Promise<Ran> {
  const out = sink();
  const err = sink();
  const status = await runCommand(name, args, {
    cwd,
    env,
    stdin: Readable.from(stdin === '' ? [] : [stdin]).pipe(new PassThrough()),
    stdout: out.stream,
    stderr: err.stream,
    signal,
  });
  return { status, stdout: out.text(), stderr: err.text() };
}

function sink(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
