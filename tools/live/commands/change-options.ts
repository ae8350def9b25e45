import type { Command } from 'commander';
import { repeated } from '#tools/repeatable-option.ts';
import type { LiveOptions } from '../live-file.ts';

/** Options of the commands that say what a live policy carries. */
export interface ChangeOptions extends LiveOptions {
  readonly bundle: string;
  readonly note?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function changeOptions(command: Command): Command {
  return command
    .option('--from <file>', 'a file that says it all (docs/day-2.md), instead of the following')
    .option('--service <name>', 'the service whose containers it protects')
    .option('--service-org <org>', 'its org, where that is another one')
    .option('--host', 'for the nodes themselves')
    .option('--use <template>', 'a template of the hardening catalogue')
    .option('--set <name=value>', 'a value of a parameter, in YAML: directories=[/config/]; may be repeated', repeated)
    .option('--file <file>', 'a policy file of your own, instead of a template')
    .option('--container <name>', 'container of the service, * for each; needed where it has several')
    .option('--arch <arch>', 'only on this architecture')
    .option('--versions <range>', 'only for these versions of the service: [1.0.0,2.0.0)')
    .option('--constraint <expression>', 'only on nodes that match: "purpose == automation"; may be repeated', repeated)
    .option('--pattern <name>', 'also on nodes of this pattern; may be repeated', repeated)
    .option('--description <text>', 'kept beside the object, for people')
    .option('--bundle <dir>', 'the bundle whose catalogue --use means', '.')
    .option('--note <text>', 'why, for the history')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--json', 'print the result as one JSON document');
}

export interface UpdateOptions extends ChangeOptions {
  readonly ifSeq?: number;
}

/** The part of them that describes the policy. */
export function liveOptions(options: UpdateOptions): LiveOptions {
  const { bundle: _bundle, note: _note, dryRun: _dryRun, json: _json, ifSeq: _ifSeq, ...live } = options;
  return live;
}
