import { Command, InvalidArgumentError } from 'commander';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { createKeys } from '#tools/signing/create-keys.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';

/** The publisher's key, as `--json` prints it; never the private half. */
export interface KeyReport {
  readonly keyId: string;
  readonly privateKeyFile: string;
  /** SPKI PEM. */
  readonly publicKey: string;
  readonly bits: number;
  readonly warnings: readonly string[];
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const print = (report: KeyReport, json: boolean | undefined, text: string): void => {
    for (const warning of report.warnings) context.stderr.write(`warning: ${warning}\n`);
    context.stdout.write(json ? `${JSON.stringify(report)}\n` : text);
    done(0);
  };
  const command = new Command().description(
    'The key that signs the bundle: HZN_PRIVATE_KEY_FILE, else ~/.hzn/keys/service.private.key. hzn uses the same one.',
  );
  command
    .command('create')
    .description('Make an RSA key that hzn can use too. Never overwrites one.')
    .option('--bits <n>', 'length of the key: 2048 to 8192', keyLength, 4096)
    .option('--json', 'print the result as one JSON document')
    .action(async ({ bits, json }: { readonly bits: number; readonly json?: boolean }) => {
      const report = await create(context.env, bits);
      print(report, json, `${report.privateKeyFile}\nkey id ${report.keyId}\nKeep a copy: nodes pin this key.\n`);
    });
  command
    .command('show')
    .description('Print key id and public key, and check that the key can be used.')
    .option('--json', 'print the result as one JSON document')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const report = await show(context.env);
      const { keyId, privateKeyFile, bits, publicKey } = report;
      print(report, json, `${privateKeyFile}: RSA, ${bits} bits\nkey id ${keyId}\n${publicKey}`);
    });
  return command;
}

/** Makes the key where the settings say it is. */
export async function create(env: CommandContext['env'], bits: number): Promise<KeyReport> {
  const { privateKeyFile, publicKeyFile } = await loadSettings({ env });
  const { keyId, publicPem } = await createKeys(privateKeyFile.value, publicKeyFile.value, bits);
  return { keyId, privateKeyFile: privateKeyFile.value, publicKey: publicPem, bits, warnings: [] };
}

/** The key that would sign. @throws ArmorError KEY_UNUSABLE */
export async function show(env: CommandContext['env']): Promise<KeyReport> {
  const { keyId, file, publicPem, publicKey, warnings } = await loadSigner(await loadSettings({ env }));
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  return { keyId, privateKeyFile: file, publicKey: publicPem, bits, warnings };
}

function keyLength(given: string): number {
  const bits = Number(given);
  if (Number.isInteger(bits) && bits >= 2048 && bits <= 8192) return bits;
  throw new InvalidArgumentError('Give a whole number from 2048 to 8192.');
}
