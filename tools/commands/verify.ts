import { resolve } from 'node:path';
import { Command } from 'commander';
import { ArmorError } from '#errors';
import { inspectDist } from '#tools/bundle/read-dist.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';

/** What a verification found, as `--json` prints it. */
export interface VerifyResult {
  readonly name: string;
  readonly version: string;
  readonly org: string;
  readonly keyId: string;
  readonly files: number;
  readonly signatures: number;
  /** named: one of --trust. own: the key of this publisher. unchecked: nobody said whose key it should be. */
  readonly signer: 'named' | 'own' | 'unchecked';
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description(
      'Check every digest and signature of a dist or archive, and that nothing is in it that does not belong there.',
    )
    .argument('[dist]', 'directory or archive that hzn-armor build wrote', 'dist')
    .option('--trust <key id>', 'a key id that must have signed it; any of several when repeated', trustedKeyIds)
    .option('--json', 'print the result as one JSON document')
    .action(async (path: string, { trust, json }: { readonly trust?: readonly string[]; readonly json?: boolean }) => {
      const result = await verify(context, path, trust);
      context.stdout.write(json ? `${JSON.stringify(result)}\n` : summary(result));
      done(0);
    });
}

/**
 * @param trust key ids; none given, any key may have signed
 * @throws ArmorError, ArmorErrors with everything that is wrong
 */
export async function verify(
  { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>,
  path: string,
  trust?: readonly string[],
): Promise<VerifyResult> {
  const { publishable: _, ...report } = await inspectDist(resolve(cwd, path), trust && new Set(trust));
  if (trust !== undefined) return { ...report, signer: 'named' };
  return { ...report, signer: report.keyId === (await ownKeyId(env)) ? 'own' : 'unchecked' };
}

/** Without a usable key of one's own there is nothing to compare with, which is no fault of the dist. */
async function ownKeyId(env: CommandContext['env']): Promise<string | undefined> {
  try {
    return (await loadSigner(await loadSettings({ env }))).keyId;
  } catch (error) {
    if (error instanceof ArmorError) return undefined;
    throw error;
  }
}

const WHOSE: Readonly<Record<VerifyResult['signer'], string>> = {
  named: 'which you trust',
  own: 'your own key',
  unchecked: 'which is not compared with anything: name the key id you expect with --trust',
};

function summary({ name, version, org, keyId, files, signatures, signer }: VerifyResult): string {
  return `${name} ${version} for ${org}: ${files} files and ${signatures} signatures are right
signed by ${keyId}, ${WHOSE[signer]}
`;
}
