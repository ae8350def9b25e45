import type { Command } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { table } from '#tools/table.ts';
import { isWithdrawn, readCarried } from '../carried.ts';
import type { LiveSession } from '../live-session.ts';
import { type PolicyLine, policyLine } from '../policy-line.ts';

interface Options {
  readonly all?: boolean;
  readonly trust?: readonly string[];
  readonly json?: boolean;
}

export function defineList(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  parent
    .command('list')
    .description('List the live policies of the org, whose signature they carry, and how many nodes have them.')
    .option('--all', 'also those attached to deployments and nodes, and those that were withdrawn')
    .option('--trust <key id>', 'a further key id whose signature counts; may be repeated', trustedKeyIds)
    .option('--json', 'print the list as one JSON document')
    .action(async ({ all, trust, json }: Options) => {
      const { withLiveSession } = await import('../live-session.ts');
      const lines = await withLiveSession(context, trust ?? [], (session) => listPolicies(session, all === true));
      context.stdout.write(json ? `${JSON.stringify(lines)}\n` : listing(lines));
      done(0);
    });
}

/** Live policies in force, or everything that carries security policies. */
export async function listPolicies({ css, keyIds }: LiveSession, all: boolean): Promise<PolicyLine[]> {
  const carried = await readCarried(css, keyIds);
  const shown = all ? carried : carried.filter((each) => each.layer === 'live' && !isWithdrawn(each));
  return Promise.all(shown.map((each) => policyLine(css, each)));
}

function listing(lines: readonly PolicyLine[]): string {
  if (lines.length === 0) return 'there is none\n';
  const rows = lines.map((line) => [
    line.layer === 'live' ? line.name : line.id,
    line.layer,
    line.state,
    line.seq === undefined ? '' : String(line.seq),
    `${line.delivered} of ${line.nodes}`,
    signedBy(line),
    line.target,
    line.policies.join(' '),
  ]);
  return table(['NAME', 'LAYER', 'STATE', 'SEQ', 'NODES', 'SIGNED BY', 'FOR', 'POLICIES'], rows);
}

/** Whose it is, in the words of a table. */
export function signedBy({ trust, keyId }: Pick<PolicyLine, 'trust' | 'keyId'>): string {
  if (trust === 'invalid') return 'nobody: nodes refuse it';
  return trust === 'trusted' ? `${keyId?.slice(0, 12)}` : `${keyId?.slice(0, 12)} (not trusted here)`;
}
