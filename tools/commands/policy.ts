import { Command } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { defineAdd, defineUpdate } from '#tools/live/commands/change.ts';
import { defineDelete } from '#tools/live/commands/delete.ts';
import { defineHistory } from '#tools/live/commands/history.ts';
import { defineList } from '#tools/live/commands/list.ts';
import { defineShow } from '#tools/live/commands/show.ts';
import { defineStatus } from '#tools/live/commands/status.ts';
import { defineTry } from '#tools/policy-try/command.ts';

/** Live policies: what changes on nodes without a publish. `try` is here as well: it is where one looks for it. */
export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const command = new Command().description(
    'Live policies: the layer above what is attached to deployments and nodes; and policies tried on recorded events.',
  );
  for (const add of [defineList, defineShow, defineAdd, defineUpdate, defineDelete, defineStatus, defineHistory]) {
    add(command, context, done);
  }
  return command.addCommand(defineTry(context, done));
}
