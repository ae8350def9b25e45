import type { Command } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { table } from '#tools/table.ts';
import { type CarriedPolicy, findCarried, readCarried } from '../carried.ts';
import { type HistoryEntry, readHistory } from '../live-history.ts';
import type { LiveSession } from '../live-session.ts';

/** What `policy history --json` prints. */
export interface HistoryReport {
  readonly id: string;
  readonly layer: CarriedPolicy['layer'];
  readonly entries: readonly HistoryEntry[];
  /** false: the hub has a form that no entry tells of; something was written without a record. */
  readonly complete: boolean;
}

export function defineHistory(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  parent
    .command('history')
    .description('Show what a live policy said before: who changed it when, as far as the hub was told.')
    .argument('<name>', 'name of a live policy')
    .option('--trust <key id>', 'a further key id whose signature counts; may be repeated', trustedKeyIds)
    .option('--json', 'print it as one JSON document')
    .action(async (name: string, { trust, json }: { readonly trust?: readonly string[]; readonly json?: boolean }) => {
      const { withLiveSession } = await import('../live-session.ts');
      const report = await withLiveSession(context, trust ?? [], (session) => policyHistory(session, name));
      context.stdout.write(json ? `${JSON.stringify(report)}\n` : listing(report));
      done(0);
    });
}

/** @throws ArmorError USAGE for a name that there is not */
export async function policyHistory({ css, keyIds }: LiveSession, name: string): Promise<HistoryReport> {
  const carried = findCarried(await readCarried(css, keyIds), name);
  const entries = await readHistory(css, carried.id, keyIds);
  const present = carried.payload?.seq;
  return {
    id: carried.id,
    layer: carried.layer,
    entries,
    complete: present === undefined || entries.some(({ seq, trust }) => seq === present && trust !== 'invalid'),
  };
}

function listing({ id, layer, entries, complete }: HistoryReport): string {
  if (layer !== 'live') return `${id} is attached: its history is that of its source, in version control\n`;
  const rows = entries.map(({ seq, time, action, policies, trust, keyId, by, note, changes }) => [
    String(seq),
    time,
    action,
    trust === 'invalid' ? 'INVALID' : `${keyId?.slice(0, 12)}${trust === 'foreign' ? ' (not trusted here)' : ''}`,
    by,
    [policies.join(' '), ...(note === undefined ? [] : [`"${note}"`]), changesText(changes)].filter(Boolean).join('; '),
  ]);
  const missing = complete ? '' : 'the present form is not in the history: it was written without a record\n';
  return `${table(['SEQ', 'TIME', 'WHAT', 'SIGNED BY', 'SAYS TO BE BY', ''], rows)}${missing}`;
}

/** Fields named in a table; --json has all of them, with their values. */
const SHOWN_CHANGES = 3;

function changesText(changes: HistoryEntry['changes']): string {
  if (changes.length === 0) return '';
  const more = changes.length - SHOWN_CHANGES;
  const fields = changes.slice(0, SHOWN_CHANGES).map(({ field }) => field);
  return `changed: ${fields.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
