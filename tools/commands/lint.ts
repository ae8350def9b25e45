import { Command, Option } from 'commander';
import { ArmorError } from '#errors';
import type { Enforcer } from '#policy/lint/rule.ts';
import type { CommandContext, ExitStatus } from '../command.ts';
import { collectInputs } from '../lint/inputs.ts';
import { type LintReport, lintFiles, plainFindings } from '../lint/lint-files.ts';
import { exitStatus, reportLines } from '../lint/print.ts';

interface LintOptions {
  readonly enforcer: Enforcer;
  readonly fix?: boolean;
  readonly json?: boolean;
  readonly format: 'text' | 'json' | 'sarif';
  readonly info?: boolean;
  readonly docs?: string;
  readonly schemas?: string;
}

const EPILOGUE = `
Takes files of KubeArmor policies and templates, and Open Horizon's service definitions and policies, deployment
policies, patterns, node policies, management policies, user input and MMS metadata: YAML with any number of documents,
JSON with hzn's comments, directories of them, and - for standard input.

  hzn-armor lint services deployment-policies       what the bundle says
  hzn-armor lint --enforcer bpf policy.yaml         for nodes with BPF-LSM
  hzn-armor lint --fix policy.yaml                  mend what has one right repair
  kubectl get ksp web -o yaml | hzn-armor lint -    from anywhere

A comment "# hzn-armor: ignore KA401" on a line, or in front of it, silences warnings of that rule there.
Exit status: 0 clean or warnings only, 1 errors, 2 something that can not be linted. docs/lint.md lists the rules.`;

/** Reads what the arguments stand for and lints it; writes only under `fix`. */
export async function lint(
  names: readonly string[],
  { enforcer, fix }: { readonly enforcer: Enforcer; readonly fix?: boolean },
  context: Pick<CommandContext, 'cwd' | 'stdin'>,
): Promise<LintReport> {
  const { inputs, unusable } = await collectInputs(names, context);
  const report = await lintFiles(inputs, { enforcer, ...(fix === undefined ? {} : { fix }) });
  return { ...report, unusable: [...unusable, ...report.unusable] };
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description('Find what KubeArmor and Open Horizon take in silence, or refuse late.')
    .argument('[file...]', 'files, directories, or - for standard input')
    .addOption(
      new Option('--enforcer <name>', 'what the nodes enforce with')
        .choices(['bpf', 'apparmor', 'both'])
        .default('both'),
    )
    .option('--fix', 'mend what has exactly one right repair; comments and layout stay')
    .option('--info', 'show infos as well')
    .option('--json', 'print [{file, line, column, rule, severity, message, fix}]')
    .addOption(new Option('--format <name>', 'how to print').choices(['text', 'json', 'sarif']).default('text'))
    .option('--docs <dir>', 'write the pages of the rules into a docs folder')
    .option('--schemas <dir>', 'write the JSON Schemas of policies for editors')
    .addHelpText('after', EPILOGUE)
    .action(async (names: string[], options: LintOptions) => {
      if (options.docs !== undefined || options.schemas !== undefined) return done(await write(options, context));
      if (names.length === 0)
        throw new ArmorError(
          'USAGE',
          'nothing to lint',
          { request: 'hzn-armor lint' },
          'Name files, directories, or -.',
        );
      if (options.fix === true && names.includes('-')) return done(await repairStdin(options, context));
      const report = await lint(names, options, context);
      for (const error of report.unusable) context.stderr.write(`${error}\n`);
      const text = await printed(report, options);
      if (text !== '') context.stdout.write(`${text}\n`);
      done(exitStatus(report));
    });
}

async function printed(report: LintReport, options: LintOptions): Promise<string> {
  if (options.format === 'sarif') {
    const [{ sarif }, { allRules }, { versionText }] = await Promise.all([
      import('../lint/sarif.ts'),
      import('../lint/rule-list.ts'),
      import('../help.ts'),
    ]);
    return JSON.stringify(sarif(report, allRules, versionText()), null, 2);
  }
  if (options.json === true || options.format === 'json') return JSON.stringify(plainFindings(report));
  return reportLines(report, { info: options.info === true }).join('\n');
}

/** Under --fix, standard input goes to standard output with its repairs made; what is left goes to standard error. */
async function repairStdin({ enforcer, info }: LintOptions, context: CommandContext): Promise<ExitStatus> {
  const report = await lint(['-'], { enforcer, fix: true }, context);
  const [file] = report.files;
  const lines = reportLines(report, { info: info === true });
  context.stderr.write(`${[...report.unusable.map(String), ...lines].join('\n')}\n`);
  context.stdout.write(file?.text.text ?? '');
  return exitStatus(report);
}

async function write({ docs, schemas }: LintOptions, { cwd, stdout }: CommandContext): Promise<ExitStatus> {
  const { resolve } = await import('node:path');
  const { writeRulePages, writeSchemas } = await import('../lint/write-docs.ts');
  const written = [
    ...(docs === undefined ? [] : await writeRulePages(resolve(cwd, docs))),
    ...(schemas === undefined ? [] : await writeSchemas(resolve(cwd, schemas))),
  ];
  stdout.write(`${written.length} files written\n`);
  return 0;
}
