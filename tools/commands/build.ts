import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { type BuildResult, buildDist } from '#tools/bundle/build-dist.ts';
import { renderSources } from '#tools/bundle/render-sources.ts';
import { warningLine } from '#tools/bundle/warning-line.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { progressLine } from '#tools/progress-line.ts';
import { unixSeconds } from '#tools/signing/clock.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';

interface Options {
  readonly bundle: string;
  readonly out?: string;
  readonly json?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description(
      'Validate, render and sign the bundle. Writes dist/ and a reproducible archive of it; a second run changes nothing.',
    )
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--out <dir>', 'directory to write (default: dist in the bundle)')
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options) => {
      const { result, keyWarnings } = await build(context, options);
      for (const line of [...keyWarnings, ...result.warnings.map(warningLine)])
        context.stderr.write(`warning: ${line}\n`);
      context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : summary(result, context.cwd));
      done(0);
    });
}

/** Builds; progress goes to stderr where that is a terminal. */
export async function build(
  { cwd, env, stderr }: Pick<CommandContext, 'cwd' | 'env' | 'stderr'>,
  options: Pick<Options, 'bundle' | 'out'>,
): Promise<{ readonly result: BuildResult; readonly keyWarnings: readonly string[] }> {
  const dir = resolve(cwd, options.bundle);
  const settings = await loadSettings({ env });
  const signer = await loadSigner(settings);
  const sources = await renderSources(dir, settings, signer);
  const progress = progressLine(stderr);
  try {
    const result = await buildDist({
      sources,
      signer,
      out: options.out === undefined ? resolve(dir, 'dist') : resolve(cwd, options.out),
      unixSeconds: unixSeconds(env),
      onProgress: (count, total) => progress.update(`signing ${count}/${total}`),
    });
    return { result, keyWarnings: signer.warnings };
  } finally {
    progress.clear();
  }
}

function summary(result: BuildResult, cwd: string): string {
  const { name, version, org, services, securityPolicies, keyId, archive, written, removed, unchanged } = result;
  return `${name} ${version} for ${org}: ${services} service definitions, ${securityPolicies} security policy objects
signed by ${keyId}
${written.length} files written, ${removed.length} removed, ${unchanged} unchanged
${shown(archive, cwd)}
`;
}

function shown(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
