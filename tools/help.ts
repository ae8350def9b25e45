import manifest from '#manifest' with { type: 'json' };
import type { CommandEntry } from './command-table.ts';

const GROUPS: Readonly<Record<CommandEntry['group'], string>> = {
  bundle: 'The bundle',
  hub: 'The hub',
  policies: 'Security policies',
  node: 'Nodes',
};

/** The first page: what there is, one line each. Details are behind `hzn-armor COMMAND --help`. */
export function helpText(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const sections = Object.entries(GROUPS).map(([group, title]) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
    return `${title}\n${lines.join('\n')}`;
  });
  return `hzn-armor: runtime security for Open Horizon edge nodes

usage: hzn-armor COMMAND [ARGUMENT...] [--json]

${sections.join('\n\n')}

hzn-armor COMMAND --help explains one command. Settings come from where hzn takes them: the environment, then
~/.hzn/hzn.json, then /etc/default/horizon. Exit status: 0 done, 1 findings or a failure, 2 a wrong call.
`;
}

/** The version in package.json. */
export function versionText(): string {
  return manifest.version;
}
