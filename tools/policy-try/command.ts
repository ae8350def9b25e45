import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { EnforcerKind, Posture, PostureAction } from '#policy/evaluate.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import type { TelemetrySource, TryResult } from './try-policies.ts';

interface Options {
  readonly events: readonly string[];
  readonly container?: readonly string[];
  readonly service?: readonly string[];
  readonly with?: Readonly<Record<string, unknown>>;
  readonly enforcer: EnforcerKind;
  readonly posture?: Partial<Posture>;
  readonly ignoreSelectors?: boolean;
  readonly failOn?: 'audited' | 'blocked';
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `hzn-armor policy try`: what policies would have done about recorded telemetry. */
export function defineTry(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command('try')
    .description('Try policies on recorded KubeArmor telemetry: what they would have blocked and audited.')
    .argument('<file...>', 'policies (YAML, JSON), templates, or directories of them')
    .requiredOption('--events <file...>', 'telemetry, one JSON object a line, plain or gzip; - for standard input')
    .option('--container <name>', 'only events of this container; * stands for anything (repeatable)', collect)
    .option('--service <name>', 'only events of this container of a deployment (repeatable)', collect)
    .option('--with <name=value>', 'value of a template parameter, as YAML (repeatable)', collectValue)
    .addOption(new Option('--enforcer <kind>', 'LSM to assume').choices(['bpf', 'apparmor', 'none']).default('bpf'))
    .option('--posture <postures>', 'default posture: block, or file=block,network=audit,…', parsePosture)
    .option('--ignore-selectors', 'try every policy on every container')
    .addOption(new Option('--fail-on <outcome>', 'exit 1 if anything would be').choices(['audited', 'blocked']))
    .option('--all', 'show every group, not only the most frequent')
    .option('--json', 'print the result as one JSON document')
    .action(async (files: readonly string[], options: Options) => {
      done(await run(context, files, options));
    });
}

async function run(context: CommandContext, files: readonly string[], options: Options): Promise<ExitStatus> {
  const [{ loadPolicies }, { tryPolicies }, { tryReport }, { progressLine }] = await Promise.all([
    import('./load-policies.ts'),
    import('./try-policies.ts'),
    import('./report.ts'),
    import('#tools/progress-line.ts'),
  ]);
  const { policies, notes } = await loadPolicies(files, context.cwd, options.with ?? {});
  const progress = progressLine(context.stderr);
  const started = performance.now();
  const result = await tryPolicies({
    policies,
    sources: options.events.map((name) => telemetrySource(context, name)),
    options: { enforcer: options.enforcer, posture: options.posture ?? {} },
    filter: { containers: options.container ?? [], services: options.service ?? [] },
    ignoreSelectors: options.ignoreSelectors === true,
    signal: context.signal,
    progress: ({ events, bytes }) => progress.update(rate(events, bytes, performance.now() - started)),
  }).finally(() => progress.clear());
  context.stdout.write(
    options.json ? `${JSON.stringify({ ...result, notes })}\n` : tryReport(result, notes, options.all === true),
  );
  return failed(result, options.failOn) ? 1 : 0;
}

function failed({ audited, blocked }: TryResult, failOn: Options['failOn']): boolean {
  if (failOn === undefined) return false;
  return blocked > 0 || (failOn === 'audited' && audited > 0);
}

function telemetrySource(context: CommandContext, name: string): TelemetrySource {
  if (name === '-') return { name: 'stdin', open: () => context.stdin };
  const path = resolve(context.cwd, name);
  return { name, open: () => createReadStream(path, { highWaterMark: 1024 * 1024 }) };
}

function rate(events: number, bytes: number, millis: number): string {
  const perSecond = Math.round(events / Math.max(millis / 1000, 0.001));
  return `${(bytes / 1e6).toFixed(0)} MB, ${events.toLocaleString('en-US')} events, ${perSecond.toLocaleString('en-US')}/s`;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** `directories=[/config/]`: the value is YAML, so that lists and numbers can be given. */
function collectValue(
  text: string,
  previous: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new InvalidArgumentError('Write name=value.');
  return { ...previous, [text.slice(0, equals)]: yamlValue(text.slice(equals + 1)) };
}

function yamlValue(text: string): unknown {
  if (text === '') return '';
  try {
    return JSON.parse(text);
  } catch {
    const list = /^\[(.*)\]$/s.exec(text)?.[1];
    return list === undefined ? text : list.split(',').map((item) => yamlValue(item.trim()));
  }
}

const ACTIONS: readonly string[] = ['audit', 'block', 'allow'];
const CATEGORIES: readonly string[] = ['file', 'network', 'capabilities'];

function parsePosture(text: string): Partial<Posture> {
  if (isAction(text)) return { file: text, network: text, capabilities: text };
  const pairs = text.split(',').map((pair) => pair.split('='));
  for (const [category = '', action = ''] of pairs) {
    if (!CATEGORIES.includes(category) || !isAction(action)) {
      throw new InvalidArgumentError('Write audit, block or allow, or file=…,network=…,capabilities=….');
    }
  }
  return Object.fromEntries(pairs);
}

function isAction(text: string): text is PostureAction {
  return ACTIONS.includes(text);
}
