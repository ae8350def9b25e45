import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { type ChangeOptions, changeOptions, type UpdateOptions } from './change-options.ts';

export function defineAdd(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  changeOptions(
    parent
      .command('add')
      .description('Sign a live policy and put it on the hub. Nodes have it within a minute; nothing is restarted.')
      .argument('<name>', 'a name of your choice: small letters, digits, dashes'),
  ).action((name: string, options: ChangeOptions) => act('add', name, options, context, done));
}

export function defineUpdate(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  changeOptions(
    parent
      .command('update')
      .description('Replace what a live policy carries, under a higher seq. Refuses when somebody else was faster.')
      .argument('<name>'),
  )
    .option('--if-seq <seq>', 'only if it still has this seq (policy show prints it)', seq)
    .action((name: string, options: UpdateOptions) => act('update', name, options, context, done));
}

async function act(
  kind: 'add' | 'update',
  name: string,
  options: UpdateOptions,
  context: CommandContext,
  done: (status: ExitStatus) => void,
): Promise<void> {
  const [{ withLiveSession }, { changePolicy }] = await Promise.all([
    import('../live-session.ts'),
    import('../change-policy.ts'),
  ]);
  const report = await withLiveSession(context, [], (session) => changePolicy(kind, name, options, context, session));
  for (const warning of report.warnings) context.stderr.write(`warning: ${warning}\n`);
  if (options.json === true) context.stdout.write(`${JSON.stringify(report)}\n`);
  done(0);
}

function seq(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Give the number that policy show prints.');
}
