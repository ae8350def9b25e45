import { type Command, InvalidArgumentError } from 'commander';
import { ArmorError } from '#errors';
import type { CommandContext } from '#tools/command.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { commaSeparated } from '#tools/repeatable-option.ts';
import { type Loaded, loadPublishable } from './load-publishable.ts';
import { DEFAULT_CONCURRENCY, type Hub, openHub, requireHub } from './open-hub.ts';

/** Options of every command that works on the hub with a bundle. */
export interface HubCommandOptions {
  readonly bundle: string;
  readonly only?: readonly string[];
  readonly concurrency: number;
  readonly json?: boolean;
}

export function hubOptions(command: Command): Command {
  return command
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--only <names>', 'only these kinds (services, deployment-policies …) or names: a,b', commaSeparated)
    .option('--concurrency <n>', 'requests under way at once', positive, DEFAULT_CONCURRENCY)
    .option('--json', 'print the result as one JSON document');
}

/**
 * Settings, bundle and hub for a piece of work; the hub's connections are closed after it. Warnings about the bundle and
 * the key go to stderr.
 */
export async function withHub<T>(
  { cwd, env, stderr, signal }: CommandContext,
  dist: string | undefined,
  { bundle, concurrency }: HubCommandOptions,
  work: (loaded: Loaded, hub: Hub) => Promise<T>,
): Promise<T> {
  const settings = await loadSettings({ env });
  const hubSettings = requireHub(settings);
  const loaded = await loadPublishable({ cwd, bundle, ...(dist === undefined ? {} : { dist }) }, settings);
  for (const warning of loaded.warnings) stderr.write(`warning: ${warning}\n`);
  const hub = await openHub(hubSettings, { concurrency, signal, proxyEnv: env });
  try {
    return await work(loaded, hub);
  } catch (error) {
    // Whatever it says by then: it came of the interruption.
    throw signal.aborted ? interrupted(String(signal.reason)) : error;
  } finally {
    hub.close();
  }
}

function interrupted(by: string): ArmorError {
  return new ArmorError(
    'INTERRUPTED',
    `interrupted by ${by}; what was written until then stays`,
    { request: 'hzn-armor' },
    'Run the command again: it goes on from what the hub holds.',
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 256) return value;
  throw new InvalidArgumentError('Give a whole number from 1 to 256.');
}
