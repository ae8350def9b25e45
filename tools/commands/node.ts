import { Command } from 'commander';
import type { PolicyView, WorkloadView } from '#agent/api/view.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { agentAddress, askAgent, followEvents } from '#tools/node/agent-client.ts';
import { showEvent, showPolicies, showStatus, showWorkloads } from '#tools/node/show.ts';
import { printable } from '#tools/printable.ts';

interface Options {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

interface EventOptions extends Options {
  readonly follow?: boolean;
  readonly kind?: string;
  readonly workload?: string;
  readonly limit: string;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const command = new Command().description(
    'Ask the security agent of this node what protects its workloads, what does not, and what happened. Reads only.',
  );
  const ask = (
    name: string,
    description: string,
    path: string,
    show: (answer: unknown, nowMs: number) => string,
  ): void => {
    reading(command.command(name).description(description)).action(async (options: Options) => {
      const answer = await askAgent(await agentAddress(options, context.env), path);
      context.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : printable(show(answer, Date.now())));
      done(0);
    });
  };
  ask('status', 'Show the report that also goes to the hub.', '/v1/status', (answer, nowMs) =>
    showStatus(answer as SecurityStatus, nowMs),
  );
  ask('workloads', 'List every workload: how protected, since when, and why not.', '/v1/workloads', (answer, nowMs) =>
    showWorkloads(answer as WorkloadView[], nowMs),
  );
  ask('policies', 'List every policy that shall hold, with its layer and source.', '/v1/policies', (answer) =>
    showPolicies(answer as PolicyView[]),
  );
  reading(command.command('events').description('Show what was blocked or audited, and what the agent noticed.'))
    .option('-f, --follow', 'go on with each event as it comes')
    .option('--kind <kind>', 'finding (of a policy) or notice (of the agent)')
    .option('--workload <name>', "container name in the deployment, or Docker's name")
    .option('--limit <n>', 'the newest so many', '50')
    .action(async (options: EventOptions) => {
      await events(context, options);
      done(0);
    });
  return command;
}

function reading(command: Command): Command {
  return command
    .option('--url <url>', 'the agent (default: ARMOR_AGENT_URL, else http://127.0.0.1:8787)')
    .option('--token-file <file>', "the agent's token (default: ARMOR_AGENT_TOKEN_FILE, else its Docker volume)")
    .option('--json', 'print JSON; events one a line');
}

async function events(context: CommandContext, options: EventOptions): Promise<void> {
  const address = await agentAddress(options, context.env);
  const query = new URLSearchParams({ limit: options.limit });
  if (options.kind !== undefined) query.set('kind', options.kind);
  if (options.workload !== undefined) query.set('workload', options.workload);
  const print = (event: AgentEvent): void => {
    context.stdout.write(`${options.json ? JSON.stringify(event) : printable(showEvent(event))}\n`);
  };
  // Whoever reads may have seen enough, `| head` say: nothing more is asked for.
  const left = new AbortController();
  context.stdout.once('error', () => left.abort());
  const recent = (await askAgent(address, `/v1/events?${query}`)) as AgentEvent[];
  for (const event of recent) print(event);
  if (!options.follow) return;
  query.set('after', String(recent.at(-1)?.id ?? 0));
  for await (const event of followEvents(
    address,
    `/v1/events?${query}`,
    AbortSignal.any([context.signal, left.signal]),
  ))
    print(event);
}
