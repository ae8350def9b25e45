import { table } from '#tools/table.ts';
import type { TryGroup } from './tally.ts';
import type { TryResult, Unreadable } from './try-policies.ts';

const SHOWN_GROUPS = 40;

/** The result for people. `all` shows every group instead of the most frequent. */
export function tryReport(result: TryResult, notes: readonly string[], all: boolean): string {
  return [
    headline(result),
    ...groupSection('Would be blocked', result, 'blocked', all),
    ...groupSection('Would be audited', result, 'audited', all),
    ...untouchedSection(result),
    ...[...notes, ...assumptions(result), ...unreadableNotes(result.unreadable)].map((note) => `${note}\n`),
  ].join('');
}

function headline(result: TryResult): string {
  const { events, blocked, audited, allowed, uncertain, filtered, workloads, interrupted } = result;
  const containers = workloads.filter(({ container }) => container !== '').length;
  const out = filtered === 0 ? '' : `, ${count(filtered)} left out`;
  const stopped = interrupted ? ' (interrupted)' : '';
  return `${several(events, 'event')} of ${several(containers, 'container')}${out}${stopped}: ${count(blocked)} would be blocked, ${count(audited)} audited, ${count(allowed)} neither${uncertain === 0 ? '' : `; ${count(uncertain)} uncertain`}\n`;
}

function groupSection(title: string, { groups }: TryResult, outcome: TryGroup['outcome'], all: boolean): string[] {
  const own = groups.filter((group) => group.outcome === outcome);
  if (own.length === 0) return [];
  const shown = all ? own : own.slice(0, SHOWN_GROUPS);
  const rows = shown.map(({ count: times, policy, rule, executable, target, uncertain, unknown, first }) => [
    count(times),
    policy,
    rule.replace(/^spec\./, ''),
    executable,
    target,
    unknown === undefined ? '' : uncertain === times ? unknown : `${unknown} (${count(uncertain)})`,
    `${first.time.slice(0, 19)}Z ${first.container}`.trimEnd(),
  ]);
  const hidden = own.length - shown.length;
  return [
    `\n${title}\n`,
    table(['COUNT', 'POLICY', 'RULE', 'BY', 'WHAT', 'UNCERTAIN', 'FIRST'], rows),
    ...(hidden === 0 ? [] : [`and ${count(hidden)} more; --all shows them\n`]),
  ];
}

function untouchedSection({ untouched }: TryResult): string[] {
  if (untouched.length === 0) return [];
  const rows = untouched.map(({ policy, rule, action, target }) => [
    policy,
    rule.replace(/^spec\./, ''),
    action,
    target,
  ]);
  return ['\nRules that decided nothing\n', table(['POLICY', 'RULE', 'ACTION', 'TARGET'], rows)];
}

function assumptions({ workloads }: TryResult): string[] {
  const assumed = workloads.filter((workload) => workload.assumed.length > 0);
  const [first] = assumed;
  const idle = workloads.filter(({ container, policies }) => container !== '' && policies.length === 0);
  return [
    ...(first === undefined
      ? []
      : [
          `\nnote: events carry no labels; ${[...new Set(assumed.flatMap((each) => each.assumed))].join(', ')} tried on ${several(assumed.length, 'container')} (${first.container} …) as if selected. --container or --service restricts.`,
        ]),
    ...(idle.length === 0
      ? []
      : [`note: ${several(idle.length, 'container')} selected by no policy (${idle[0]?.container} …)`]),
  ];
}

function unreadableNotes({ count: lines, reasons, first }: Unreadable): string[] {
  if (lines === 0) return [];
  const why = Object.entries(reasons)
    .map(([reason, times]) => `${reason} ${count(times)}`)
    .join(', ');
  const places = first.map(({ file, line }) => `${file}:${line}`).join(', ');
  return [`note: ${several(lines, 'line')} without an event (${why}): ${places}${lines > first.length ? ' …' : ''}`];
}

function several(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** 12,345 */
function count(number: number): string {
  return number.toLocaleString('en-US');
}
