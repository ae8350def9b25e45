import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import type { FleetStatus } from '#tools/fleet/fleet-status.ts';
import { readKnownNodes, writeKnownNodes } from '#tools/fleet/known-nodes.ts';
import { readFleet } from '#tools/fleet/read-fleet.ts';
import { showFleet } from '#tools/fleet/show-fleet.ts';
import { openHub, requireHub } from '#tools/hub/open-hub.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { printable } from '#tools/printable.ts';

interface Options {
  readonly nodes: string;
  readonly watch?: boolean;
  readonly interval: number;
  readonly json?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const command = new Command().description(
    'Read what every node says of its own protection, signed with its own key.',
  );
  command
    .command('status')
    .description(
      'Show which nodes enforce what, which attached policies are in force where, who is silent, and whose key changed. Exit status 1 when a node is silent or a workload unprotected.',
    )
    .option('--nodes <file>', 'keys of the nodes, trusted on first sight; commit it', 'known-nodes.yaml')
    .option('-w, --watch', 'look again and again')
    .option('--interval <seconds>', 'between two looks', seconds, 10)
    .option('--json', 'print JSON; with --watch one document a line')
    .action(async (options: Options) => done(await watch(context, options)));
  return command;
}

/** Status 1 when a node is silent or not to be believed, or a workload is unprotected. */
async function watch(context: CommandContext, options: Options): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  do {
    const fleet = await fleetNow(context, options.nodes);
    const { known: _kept, ...printed } = fleet;
    context.stdout.write(options.json ? `${JSON.stringify(printed)}\n` : printable(showFleet(fleet)));
    status = fleet.totals.silent > 0 || fleet.totals.unprotected > 0 ? 1 : 0;
    if (options.watch !== true) break;
    await sleep(options.interval * 1000, undefined, { signal: context.signal }).catch(() => undefined);
    if (!options.json && !context.signal.aborted) context.stdout.write('\n');
  } while (!context.signal.aborted);
  return status;
}

/** The fleet as it is; keys that were not known yet are written to the file. */
export async function fleetNow(
  { cwd, env, signal }: Pick<CommandContext, 'cwd' | 'env' | 'signal'>,
  nodesFile: string,
): Promise<FleetStatus> {
  const file = resolve(cwd, nodesFile);
  const known = await readKnownNodes(file);
  const hub = await openHub(requireHub(await loadSettings({ env })), { signal, proxyEnv: env });
  try {
    const fleet = await readFleet(hub, known, Date.now());
    if (fleet.known.size > known.size) await writeKnownNodes(file, fleet.known);
    return fleet;
  } finally {
    hub.close();
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 1) return value;
  throw new InvalidArgumentError('Give a number of seconds, at least 1.');
}
