import { Command } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { preparePublish } from '#tools/hub/prepare.ts';
import { countSteps, type Notice, type StepCounts } from '#tools/hub/step.ts';
import { type HubCommandOptions, hubOptions, withHub } from '#tools/hub/with-hub.ts';
import { noticeLine, planText, type ReportedStep, reportStep } from '#tools/output-steps.ts';
import { unixSeconds } from '#tools/signing/clock.ts';

/** What `plan --json` prints. */
export interface PlanReport extends StepCounts {
  readonly steps: readonly ReportedStep[];
  readonly notices: readonly Notice[];
  readonly requests: { readonly reads: number; readonly writes: number };
}

interface Options extends HubCommandOptions {
  readonly prune?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return hubOptions(
    new Command()
      .description('Show what publish would create, update and end on the hub, field by field. Writes nothing.')
      .argument('[dist]', 'a dist directory or archive, instead of the sources')
      .option('--prune', "also end security policies of your key that this bundle's sources do not have"),
  ).action(async (dist: string | undefined, options: Options) => {
    const { report, text } = await plan(context, dist, options);
    context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text);
    done(0);
  });
}

/** Reads the hub and plans. */
export async function plan(
  context: CommandContext,
  dist: string | undefined,
  options: Options,
): Promise<{ readonly report: PlanReport; readonly text: string }> {
  return withHub(context, dist, options, async (loaded, hub) => {
    const { steps, notices } = await preparePublish(loaded, hub, {
      unixSeconds: unixSeconds(context.env),
      only: options.only ?? [],
      prune: options.prune === true,
      // A plan shows what is taken as well; publish asks for --take-over.
      takeOver: true,
    });
    const report = {
      steps: steps.map(reportStep),
      notices,
      ...countSteps(steps),
      requests: hub.traffic.requests,
    };
    return { report, text: planText(steps) + notices.map((notice) => `note: ${noticeLine(notice)}\n`).join('') };
  });
}
