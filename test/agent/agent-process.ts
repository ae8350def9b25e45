import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { WorkloadView } from '#agent/api/view.ts';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { bundleAgent } from '#tools/image/bundle.ts';
import type { Scope } from './world.ts';

/** One line of the agent's log. */
export interface LogLine {
  readonly msg?: string;
  readonly notice?: string;
  readonly message?: string;
  readonly port?: number;
}

/** The bundled agent as a process of its own, the way its image runs it. */
export interface AgentProcess {
  readonly child: ChildProcess;
  readonly log: readonly LogLine[];
  /** What it wrote to stderr: nothing, unless it could not start or ended badly. */
  complaint(): string;
  /** Resolves when its API listens. */
  started(): Promise<void>;
  ask<T>(path: string): Promise<T>;
  workload(container: string): Promise<WorkloadView | undefined>;
  status(): Promise<SecurityStatus>;
  becomes(container: string, protection: WorkloadView['protection']): Promise<void>;
  /** SIGKILL: nothing is finished or tidied. */
  kill(): Promise<void>;
}

/** The bundle in a folder outside of the checkout; gone when the scope ends. */
export async function writeBundle(t: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'armor-bundle-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'agent.mjs');
  await writeFile(file, (await bundleAgent()).code);
  return file;
}

/** As in its Dockerfile. */
const FLAGS = ['--max-semi-space-size=2', '--optimize-for-size', '--disable-warning=DEP0169'];

/**
 * Starts it with nothing in its environment but what is given.
 *
 * @param wrap a program that runs it, with the arguments before it: a shell that sets a limit, say
 */
export function startProcess(
  t: Scope,
  bundle: string,
  env: Readonly<Record<string, string>>,
  wrap: readonly string[] = [],
): AgentProcess {
  const [program = process.execPath, ...args] = [...wrap, process.execPath, ...FLAGS, bundle];
  const child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const log: LogLine[] = [];
  let complaint = '';
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)));
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(kill);
  const portOf = (): number | undefined => log.find(({ msg }) => msg === 'agent started')?.port;
  const agent: AgentProcess = {
    child,
    log,
    complaint: () => complaint,
    async started() {
      await waitUntil('the agent to start', () => portOf() !== undefined || child.exitCode !== null);
      if (portOf() === undefined) throw new Error(`the agent ended with ${child.exitCode}: ${complaint}`);
    },
    async ask(path) {
      const token = await readFile(join(env.ARMOR_DATA ?? '', 'api-token'), 'utf8');
      const headers = { authorization: `Bearer ${token.trim()}` };
      const answer = await fetch(`http://127.0.0.1:${portOf()}${path}`, { headers });
      return JSON.parse(await answer.text());
    },
    async workload(container) {
      return (await agent.ask<WorkloadView[]>('/v1/workloads')).find((each) => each.container === container);
    },
    status: () => agent.ask('/v1/status'),
    becomes: (container, protection) =>
      waitUntilAsync(
        `${container} to be ${protection}`,
        async () => (await agent.workload(container))?.protection === protection,
      ),
    kill,
  };
  return agent;
}
