/** hzn-armor. Only the command that runs is loaded: `--help` has to answer at once. */
import type { CommandContext, ExitStatus } from './command.ts';
import { commands } from './command-table.ts';
import { helpText, versionText } from './help.ts';

const [name, ...rest] = process.argv.slice(2);

// `hzn-armor … | head`: whoever reads has seen enough. What is under way is finished all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

if (name === '--version' || name === '-V') {
  process.stdout.write(`${versionText()}\n`);
} else if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
  process.stdout.write(helpText(commands));
  process.exitCode = name === undefined ? 2 : 0;
} else if (name === 'help') {
  process.exitCode = await run(rest[0] ?? '', ['--help']);
} else {
  process.exitCode = await run(name, rest);
}

async function run(command: string, args: readonly string[]): Promise<ExitStatus> {
  const { runCommand } = await import('./run-command.ts');
  return runCommand(command, args, processContext());
}

function processContext(): CommandContext {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort(signal));
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: abort.signal,
  };
}
