import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import type { DeleteOptions, DeleteReport } from '../delete-policy.ts';

export function defineDelete(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  parent
    .command('delete')
    .description('End a live policy by a signed withdrawal. Deleting its object alone ends nothing: nodes keep it.')
    .argument('<name>', 'name of a live policy')
    .option('--wait [seconds]', 'wait until every node has the withdrawal (300)', seconds)
    .option('--purge', 'then delete the object and its history, once every node has the withdrawal')
    .option('--force', 'purge also when some node has not got the withdrawal: it keeps the policy')
    .option('--note <text>', 'why, for the history')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print the result as one JSON document')
    .action(async (name: string, options: DeleteOptions) => {
      const [{ withLiveSession }, { deletePolicy }] = await Promise.all([
        import('../live-session.ts'),
        import('../delete-policy.ts'),
      ]);
      const report = await withLiveSession(context, [], (session) => deletePolicy(name, options, context, session));
      if (report === undefined) {
        context.stderr.write('nothing was written\n');
        return done(1);
      }
      for (const warning of report.warnings) context.stderr.write(`warning: ${warning}\n`);
      context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : summary(report));
      done(0);
    });
}

function summary({ id, dryRun, steps, stillCarried: still, deliveries, purged }: DeleteReport): string {
  const state = dryRun ? '' : steps.length === 0 ? `${id} was withdrawn before\n` : `${id} is withdrawn\n`;
  const nodes = deliveries.map(
    ({ objectId, nodes: all, delivered }) => `${objectId}: ${delivered} of ${all} nodes have it\n`,
  );
  const again = still.map((carrier) => `holds instead: ${carrier}\n`);
  return `${state}${nodes.join('')}${again.join('')}${purged ? 'its object and its history are deleted\n' : ''}`;
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It takes a number of seconds; the name of the policy comes before it.');
}
