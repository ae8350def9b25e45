import { Command, Option } from 'commander';
import { ArmorError, ArmorErrors } from '#errors';
import { parseText } from '#policy/document.ts';
import { type ExplainOptions, explainPolicies, type TargetExplanation } from '#policy/explain.ts';
import { explanationLines } from '#policy/explain-text.ts';
import { policiesOf } from '#policy/lint/engine.ts';
import type { CommandContext, ExitStatus } from '../command.ts';
import { collectInputs, type LintInput } from '../lint/inputs.ts';
import { onOneLine } from '../lint/on-one-line.ts';

const EPILOGUE = `
Says in plain words who may do what once the policies hold, those for the same target together; what an allow-list does
to everything else, what lint has against a rule, and how many entries of the BPF map they take.

  ✗ blocked   ✓ allowed   ! reported only   · does nothing

  hzn-armor explain policy.yaml --enforcer bpf
  hzn-armor explain services/kubearmor/hardening/root-certificates.yaml    a template, with its defaults`;

/**
 * Explains the policies in files, directories or standard input.
 *
 * @throws ArmorErrors SOURCE_MISSING, SOURCE_INVALID for what can not be read or holds no policy
 */
export async function explain(
  names: readonly string[],
  options: ExplainOptions,
  context: Pick<CommandContext, 'cwd' | 'stdin'>,
): Promise<TargetExplanation[]> {
  const { inputs, unusable } = await collectInputs(names, context);
  const read = inputs.map(policiesIn);
  const errors = [...unusable, ...read.flatMap(({ errors: own }) => own)];
  const [first, ...rest] = errors;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  return explainPolicies(
    read.flatMap(({ policies }) => policies),
    options,
  );
}

function policiesIn({ file, text, named }: LintInput): { readonly policies: unknown[]; readonly errors: ArmorError[] } {
  const { documents } = parseText(text, { json: /\.json$/i.test(file) });
  const policies = documents.flatMap(policiesOf).map(({ subject }) => subject.policy);
  const unreadable = documents.flatMap(({ value, problems }) => (value === undefined ? problems : []));
  const errors = unreadable.map(
    ({ message, at, fix }) => new ArmorError('SOURCE_INVALID', message, { file, ...at }, fix),
  );
  if (!named) return { policies, errors: [] };
  const none = new ArmorError('SOURCE_INVALID', 'no KubeArmor policy in it', { file }, 'Name files with policies.');
  return { policies, errors: policies.length === 0 && errors.length === 0 ? [none] : errors };
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description('Say in plain words who may do what under policies.')
    .argument('<file...>', 'files, directories, or - for standard input')
    .addOption(
      new Option('--enforcer <name>', 'what the nodes enforce with')
        .choices(['bpf', 'apparmor', 'both'])
        .default('both'),
    )
    .addOption(
      new Option('--posture <name>', 'what KubeArmor does with what an allow-list does not name')
        .choices(['audit', 'block', 'allow'])
        .default('audit'),
    )
    .option('--json', 'print the explanation as JSON')
    .addHelpText('after', EPILOGUE)
    .action(async (names: string[], options: ExplainOptions & { readonly json?: boolean }) => {
      const targets = await explain(names, options, context);
      context.stdout.write(
        `${options.json === true ? JSON.stringify(targets) : explanationLines(targets).map(onOneLine).join('\n')}\n`,
      );
      done(0);
    });
}
