import type { CommandContext } from './command.ts';

/**
 * Asks a yes-or-no question on a terminal; anything but y or yes is no. Where nobody can answer (a pipe, CI) the call
 * itself is the answer: yes.
 */
export async function confirm(
  { stdin, stderr, signal }: Pick<CommandContext, 'stdin' | 'stderr' | 'signal'>,
  question: string,
): Promise<boolean> {
  if (!('isTTY' in stdin && stdin.isTTY === true) || stderr.isTTY !== true) return true;
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
