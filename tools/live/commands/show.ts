import type { Command } from 'commander';
import type { PolicyPayload } from '#policy/payload.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { findCarried, readCarried } from '../carried.ts';
import type { LiveSession } from '../live-session.ts';
import { type PolicyLine, policyLine } from '../policy-line.ts';
import { signedBy } from './list.ts';

/** What `policy show --json` prints. */
export interface PolicyDetails extends PolicyLine {
  readonly payload?: PolicyPayload;
  readonly objects: readonly string[];
}

export function defineShow(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  parent
    .command('show')
    .description('Show a policy of the hub: for whom, signed by whom, where it is, and what it carries.')
    .argument('<name>', 'name of a live policy, or the id of any')
    .option('--trust <key id>', 'a further key id whose signature counts; may be repeated', trustedKeyIds)
    .option('--json', 'print it as one JSON document')
    .action(async (name: string, { trust, json }: { readonly trust?: readonly string[]; readonly json?: boolean }) => {
      const { withLiveSession } = await import('../live-session.ts');
      const details = await withLiveSession(context, trust ?? [], (session) => showPolicy(session, name));
      context.stdout.write(json ? `${JSON.stringify(details)}\n` : await description(details));
      done(0);
    });
}

/** @throws ArmorError USAGE for a name that there is not */
export async function showPolicy({ css, keyIds }: LiveSession, name: string): Promise<PolicyDetails> {
  const carried = findCarried(await readCarried(css, keyIds), name);
  return {
    ...(await policyLine(css, carried)),
    ...(carried.payload && { payload: carried.payload }),
    objects: carried.objects.map(({ metadata }) => metadata.objectID),
  };
}

async function description(details: PolicyDetails): Promise<string> {
  const { stringify } = await import('yaml');
  const { id, state, keyId, seq, time, target, nodes, delivered, waiting, owner, payload, objects } = details;
  const rest = waiting.length === 0 ? '' : `; not yet: ${waiting.join(', ')}`;
  const lines = [
    `${id}: ${state}`,
    `for        ${target}`,
    `signed by  ${signedBy(details)}`,
    ...(keyId === undefined ? [] : [`key id     ${keyId}`]),
    ...(seq === undefined ? [] : [`seq        ${seq} (${time})`]),
    `nodes      ${delivered} of ${nodes} have it${rest}`,
    `objects    ${objects.join(', ')}`,
    `written by ${owner}`,
  ];
  const policies = payload?.policies.map((policy) => `---\n${stringify(policy, { lineWidth: 120 })}`) ?? [];
  return `${lines.join('\n')}\n${policies.join('')}`;
}
