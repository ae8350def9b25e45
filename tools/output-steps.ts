import type { FieldChange } from './hub/field-changes.ts';
import { identity } from './hub/resources.ts';
import { countSteps, type Notice, type Step, type StepCounts } from './hub/step.ts';

/** A step as `--json` prints it: without bodies, which the files have. */
export interface ReportedStep {
  readonly action: Step['action'];
  readonly kind: string;
  readonly id: string;
  readonly file: string;
  readonly needs: readonly string[];
  readonly changes?: readonly FieldChange[];
  readonly recreate?: true;
}

export function reportStep(step: Step): ReportedStep {
  const { kind, id, file, needs } = step.resource;
  return {
    action: step.action,
    kind,
    id,
    file,
    needs,
    ...(step.action === 'update' ? { changes: step.changes } : {}),
    ...(step.action === 'update' && step.recreate ? { recreate: true } : {}),
  };
}

const SIGNS: Readonly<Record<Step['action'], string>> = {
  create: '+',
  update: '~',
  unchanged: '=',
  withdraw: '-',
  delete: '-',
};

/** What would be written, each with the fields that differ; what is unchanged is only counted. */
export function planText(steps: readonly Step[]): string {
  const lines = steps.filter(({ action }) => action !== 'unchanged').flatMap(stepLines);
  return [...lines, countLine(countSteps(steps), 'to do')].map((line) => `${line}\n`).join('');
}

function stepLines(step: Step): string[] {
  const head = `${SIGNS[step.action]} ${step.action.padEnd(8)} ${identity(step.resource)}`;
  switch (step.action) {
    case 'update':
      return [step.recreate ? `${head} (deleted and made anew)` : head, ...step.changes.map(changeLine)];
    case 'withdraw':
      return [head, ...step.policies.map((policy) => `      ends ${policy}`)];
    case 'create':
    case 'delete':
    case 'unchanged':
      return [head];
    default:
      return step satisfies never;
  }
}

function changeLine({ field, ...sides }: FieldChange): string {
  // Random by design (PSS): what it is says nothing to anybody.
  if (/signature$/i.test(field)) return `      ${field}: signed anew`;
  const from = 'from' in sides ? shown(sides.from) : '(none)';
  const to = 'to' in sides ? shown(sides.to) : '(none)';
  return `      ${field}: ${from} → ${to}`;
}

const LONGEST = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** `3 created, 12 unchanged`: what is zero is left out. */
export function countLine({ created, updated, unchanged, deleted }: StepCounts, tense: 'done' | 'to do'): string {
  const [create, update, remove] =
    tense === 'done' ? ['created', 'updated', 'ended'] : ['to create', 'to update', 'to end'];
  const parts = [
    [created, create],
    [updated, update],
    [deleted, remove],
    [unchanged, 'unchanged'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return said.length === 0 ? 'nothing to do' : said.join(', ');
}

export function noticeLine({ about, message, fix }: Notice): string {
  return `${about}: ${message}. ${fix}`;
}
