import { $, keepBytes } from './shell.ts';

export interface OpensslOptions {
  readonly cwd?: string;
  readonly stdin?: Buffer;
}

/** Text that openssl writes to stdout. Rejects with what it says on stderr. */
export async function openssl(args: readonly string[], options?: OpensslOptions): Promise<string> {
  return (await opensslBytes(args, options)).toString();
}

/** As openssl(), for DER and signatures. */
export async function opensslBytes(
  args: readonly string[],
  { cwd = process.cwd(), stdin }: OpensslOptions = {},
): Promise<Buffer> {
  const { store, stdout } = keepBytes();
  const shell = stdin === undefined ? $ : $({ input: stdin, stdio: 'pipe' });
  await shell({ cwd, store })`openssl ${args}`;
  return stdout();
}
