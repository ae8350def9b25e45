import { Command } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { confirm } from '#tools/confirm.ts';
import { applySteps } from '#tools/hub/apply.ts';
import { carryOut } from '#tools/hub/carry-out.ts';
import { preparePublish } from '#tools/hub/prepare.ts';
import { countSteps, isSettled, type Notice, type StepCounts } from '#tools/hub/step.ts';
import { type HubCommandOptions, hubOptions, withHub } from '#tools/hub/with-hub.ts';
import { countLine, noticeLine, planText } from '#tools/output-steps.ts';
import { unixSeconds } from '#tools/signing/clock.ts';

/** What `publish --json` ends with. */
export interface PublishReport extends StepCounts {
  readonly requests: { readonly reads: number; readonly writes: number };
  readonly seconds: number;
}

interface Options extends HubCommandOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly prune?: boolean;
  readonly takeOver?: boolean;
}

/** undefined: the user said no. */
export type PublishResult =
  | { readonly report: PublishReport; readonly notices: readonly Notice[]; readonly peakInFlight: number }
  | undefined;

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return hubOptions(
    new Command()
      .description(
        'Bring the hub to what the bundle says: reads first, writes only what differs, in the order of dependencies.',
      )
      .argument('[dist]', 'a dist directory or archive, instead of the sources')
      .option('--dry-run', 'show what would be written, and write nothing')
      .option('-y, --yes', 'do not ask before changing or ending what is on the hub')
      .option('--prune', "also end security policies of your key that this bundle's sources do not have")
      .option('--take-over', 'replace objects that a node put into MMS under an id of ours'),
  ).action(async (dist: string | undefined, options: Options) => {
    const result = await publish(context, dist, options);
    if (result === undefined) {
      context.stderr.write('nothing was written\n');
      return done(1);
    }
    for (const notice of result.notices) context.stderr.write(`note: ${noticeLine(notice)}\n`);
    context.stdout.write(options.json ? `${JSON.stringify(result.report)}\n` : summary(result.report, options));
    done(0);
  });
}

/** Publishes; says what it is about to do and, on a terminal, asks before it changes something that is there. */
export async function publish(
  context: CommandContext,
  dist: string | undefined,
  options: Options,
): Promise<PublishResult> {
  const begun = performance.now();
  return withHub(context, dist, options, async (loaded, hub) => {
    const { steps, notices } = await preparePublish(loaded, hub, {
      unixSeconds: unixSeconds(context.env),
      only: options.only ?? [],
      prune: options.prune === true,
      takeOver: options.takeOver === true,
    });
    if (options.json !== true) context.stdout.write(planText(steps));
    if (options.dryRun !== true && !isSettled(steps)) {
      const changes = steps.some(({ action }) => action !== 'unchanged' && action !== 'create');
      if (changes && options.yes !== true && !(await confirm(context, 'Write this to the hub?'))) return undefined;
      await carryOut(steps, context, (onDone) =>
        applySteps(steps, hub, { keyIds: loaded.keyIds, signal: context.signal, onDone }),
      );
    }
    const seconds = Math.round(performance.now() - begun) / 1000;
    const report = { ...countSteps(steps), requests: hub.traffic.requests, seconds };
    return { report, notices, peakInFlight: hub.traffic.peakInFlight };
  });
}

function summary(report: PublishReport, { dryRun }: Options): string {
  const { requests, seconds } = report;
  const cost = `${requests.reads} reads, ${requests.writes} writes, ${seconds.toFixed(2)} s\n`;
  return dryRun ? `dry run: nothing was written; ${cost}` : `${countLine(report, 'done')}; ${cost}`;
}
