import type { CommandContext } from '#tools/command.ts';
import { progress } from '#tools/output-progress.ts';
import type { Step } from './step.ts';

/** Applies steps under a progress display. */
export async function carryOut(
  steps: readonly Step[],
  { stderr }: Pick<CommandContext, 'stderr'>,
  apply: (onDone: (step: Step) => void) => Promise<void>,
): Promise<void> {
  const totals = new Map<string, number>();
  for (const { action, resource } of steps) {
    if (action !== 'unchanged') totals.set(resource.kind, (totals.get(resource.kind) ?? 0) + 1);
  }
  const shown = await progress(stderr, totals);
  let failed = true;
  try {
    await apply(({ resource }) => shown.done(resource.kind));
    failed = false;
  } finally {
    await shown.end(failed);
  }
}
