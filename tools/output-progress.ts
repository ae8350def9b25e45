import type { Writable } from 'node:stream';

/** Groups of like work and how far each is. */
export interface Progress {
  /** One more of a group is done. */
  done(group: string): void;
  /** Leaves the screen as it is. Call it however the work ended. */
  end(failed: boolean): Promise<void>;
}

const SILENT: Progress = { done: () => {}, end: async () => {} };

/**
 * A line for each group on a terminal, with a spinner and a count; nothing for a pipe or a log, which gets the summary.
 *
 * @param totals how many there are of each group, in the order to show
 */
export async function progress(
  stream: Writable & { readonly isTTY?: boolean },
  totals: ReadonlyMap<string, number>,
): Promise<Progress> {
  // listr2 draws on streams of the process only.
  if (stream.isTTY !== true || stream !== process.stderr || totals.size === 0) return SILENT;
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const groups = new Map(
    [...totals].map(([name, total]) => [
      name,
      { total, count: 0, show: (_: string) => {}, ...Promise.withResolvers<void>() },
    ]),
  );
  const titleOf = (name: string, count: number, total: number): string => `${name} ${count}/${total}`;
  const list = new Listr(
    [...groups].map(([name, group]) => ({
      title: titleOf(name, 0, group.total),
      task: (_context: unknown, task: { title: string | undefined }) => {
        group.show = (title) => {
          task.title = title;
        };
        return group.promise;
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      rendererOptions: {
        logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) }),
      },
    },
  );
  const drawn = list.run();
  return {
    done: (name) => {
      const group = groups.get(name);
      if (group === undefined) return;
      group.count += 1;
      group.show(titleOf(name, group.count, group.total));
      if (group.count === group.total) group.resolve();
    },
    end: async (failed) => {
      for (const group of groups.values()) {
        if (failed && group.count < group.total) group.reject(new Error(`${group.count} of ${group.total} done`));
        else group.resolve();
      }
      await drawn.catch(() => {});
    },
  };
}
