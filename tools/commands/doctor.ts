import { Command } from 'commander';
import type { Bundle } from '#tools/bundle/types.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { checkCss, checkExchange, checkRights } from '#tools/hub/doctor/check-hub.ts';
import { checkBundleFiles, checkKey, checkSettings } from '#tools/hub/doctor/check-machine.ts';
import { type Diagnosis, diagnose, skipped } from '#tools/hub/doctor/diagnosis.ts';
import { type Hub, openHub, requireHub } from '#tools/hub/open-hub.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { table } from '#tools/table.ts';

interface Options {
  readonly bundle: string;
  readonly json?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description('Check what publishing needs: settings, hub, credentials, rights, versions, clock, key and images.')
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options) => {
      const diagnoses = await doctor(context, options);
      context.stdout.write(options.json ? `${JSON.stringify(diagnoses)}\n` : text(diagnoses));
      done(diagnoses.some(({ status }) => status === 'failed') ? 1 : 0);
    });
}

/** Every check that can be made; one that fails keeps none of the others from being made. */
export async function doctor({ cwd, env, signal }: CommandContext, { bundle: dir }: Options): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  const add = (more: readonly Diagnosis[]): void => {
    found.push(...more);
  };
  let hub: Hub | undefined;
  add(
    await diagnose('settings', async () => {
      const settings = await loadSettings({ env });
      add(await checkSettings(settings, env));
      const key = await checkKey(settings);
      const { bundle, diagnoses } = await checkBundleFiles(cwd, dir, settings);
      add(
        await diagnose('settings', async () => {
          hub = await openHub(requireHub(settings), { signal, proxyEnv: env });
          const keyId = key.find(({ status }) => status === 'ok')?.message.split(' ')[0];
          return checkHub(hub, bundle, keyId);
        }),
      );
      return [...key, ...diagnoses];
    }),
  );
  hub?.close();
  return found;
}

/** Without an Exchange there is nobody to ask about rights; the CSS asks it as well, and says what comes of that. */
async function checkHub(hub: Hub, bundle: Bundle | undefined, keyId: string | undefined): Promise<Diagnosis[]> {
  const css = checkCss(hub, keyId);
  const exchange = await checkExchange(hub, Date.now);
  const answers = exchange.every(({ status }) => status !== 'failed');
  const rights = answers
    ? await checkRights(hub, bundle)
    : [skipped('credentials', 'not asked: the Exchange does not answer')];
  return [...exchange, ...rights, ...(await css)];
}

function text(diagnoses: readonly Diagnosis[]): string {
  const rows = diagnoses.map(({ check, status, message, fix }) => [
    status,
    check,
    fix === '' ? message : `${message}. ${fix}`,
  ]);
  return table(['STATUS', 'CHECK', ''], rows);
}
