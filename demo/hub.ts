#!/usr/bin/env node
/** `npm run hub`: an Open Horizon hub to publish to, on this machine, until interrupted. */
import { parseArgs } from 'node:util';
import { ArmorError } from '#errors';
import { readHubState } from './simulators/hub/hub-state.ts';
import type { Hub, HubAccess, HubOptions } from './simulators/hub/start-hub.ts';

const HELP = `A simulated Open Horizon hub (Exchange, MMS, agbot) on 127.0.0.1, until interrupted.

  npm run hub -- [options]

  --json           print one line of JSON: {exchangeUrl, cssUrl, org, user, password}
  --state FILE     start with the organizations, users, nodes and agbots of this JSON file
  --port PORT      port of the Exchange; the MMS takes the next one (default: any free ones)
  --latency MS     answer every request this many milliseconds later
  --help           this text

Its data lives in memory: it is gone when the hub ends.
`;

async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const state = options.state === undefined ? undefined : await readHubState(options.state);
  const hub = await listening({
    agbotTickMs: 1000,
    ...(state && { state }),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.latency !== undefined && { latencyMs: options.latency }),
  });
  // Whoever reads the settings may interrupt at once.
  const interrupted = interruption();
  process.stdout.write(options.json ? `${JSON.stringify(hub.access)}\n` : settingsText(hub.access));
  await interrupted;
  await hub.close();
  return 0;
}

interface CommandOptions {
  readonly json: boolean;
  readonly state?: string;
  readonly port?: number;
  readonly latency?: number;
}

function readOptions(args: readonly string[]): CommandOptions | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        state: { type: 'string' },
        port: { type: 'string' },
        latency: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    return {
      json: values.json,
      ...(values.state !== undefined && { state: values.state }),
      ...(values.port !== undefined && { port: wholeNumber('--port', values.port, 65_534) }),
      ...(values.latency !== undefined && { latency: wholeNumber('--latency', values.latency, 60_000) }),
    };
  } catch (error) {
    if (error instanceof ArmorError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw usage(message.split('\n')[0] ?? message);
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most)) throw usage(`${option} takes a whole number up to ${most}, not "${text}"`);
  return value;
}

const usage = (message: string): ArmorError =>
  new ArmorError('USAGE', message, { file: 'npm run hub' }, 'See npm run hub -- --help.');

async function listening(options: HubOptions): Promise<Hub> {
  // Loaded only here: help and mistakes need no hub.
  const { startHub } = await import('./simulators/hub/start-hub.ts');
  try {
    return await startHub(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArmorError(
      'HUB_UNREACHABLE',
      `the hub cannot listen: ${why}`,
      { file: 'npm run hub' },
      'Give another --port, or none.',
      { cause },
    );
  }
}

function settingsText({ exchangeUrl, cssUrl, org, user, password }: HubAccess): string {
  return `A simulated Open Horizon hub is running. To use it from another terminal:

  export HZN_EXCHANGE_URL=${exchangeUrl}
  export HZN_FSS_CSSURL=${cssUrl}
  export HZN_ORG_ID=${org}
  export HZN_EXCHANGE_USER_AUTH=${user}:${password}

Then, for example: npm run plan, npm run publish. Ctrl-C ends the hub; nothing is kept.
`;
}

function interruption(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  return promise;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ArmorError)) throw error;
  process.stderr.write(`${error}\n`);
  process.exitCode = 2;
}
