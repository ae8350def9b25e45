import { didYouMean } from '#policy/did-you-mean.ts';
import { commands } from './command-table.ts';

/** One line for a command that does not exist, with the nearest that does. */
export function unknownCommand(name: string): string {
  const hint = didYouMean(
    name,
    commands.map((command) => command.name),
  );
  return `hzn-armor: there is no command "${name}". ${hint}hzn-armor --help lists them.`;
}
