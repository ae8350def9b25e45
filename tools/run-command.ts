import { CommanderError } from 'commander';
import { ArmorError, ArmorErrors } from '#errors';
import type { CommandContext, ExitStatus } from './command.ts';
import { commands } from './command-table.ts';
import { unknownCommand } from './unknown-command.ts';

/** Loads and runs one command; every error becomes one line on stderr (or `{errors:[…]}` on stdout under --json). */
export async function runCommand(name: string, args: readonly string[], context: CommandContext): Promise<ExitStatus> {
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    context.stderr.write(`${unknownCommand(name)}\n`);
    return 2;
  }
  let status: ExitStatus = 0;
  try {
    const { define } = await entry.load();
    const command = define(context, (given) => {
      status = given;
    });
    configure(command.name(`hzn-armor ${name}`), context);
    await command.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return report(error, args.includes('--json'), context);
  }
}

function configure(command: import('commander').Command, context: CommandContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
  });
  for (const child of command.commands) configure(child, context);
}

function report(error: unknown, json: boolean, context: CommandContext): ExitStatus {
  const errors = error instanceof ArmorErrors ? error.errors : [asArmorError(error)];
  if (json) context.stdout.write(`${JSON.stringify({ errors })}\n`);
  else for (const each of errors) context.stderr.write(`${each}\n`);
  return errors.some(({ code }) => code === 'USAGE') ? 2 : 1;
}

/** A fault of ours is said to be one: never blamed on the user's input, never a bare stack. */
function asArmorError(error: unknown): ArmorError {
  if (error instanceof ArmorError) return error;
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  const at =
    stack
      ?.split('\n')
      .find((line) => line.includes('.ts:'))
      ?.trim() ?? 'hzn-armor';
  return new ArmorError(
    'INTERNAL',
    message,
    { request: at },
    'This is a fault in hzn-armor; please report it with this line.',
  );
}
