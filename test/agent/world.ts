import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type RunningAgent, startAgent } from '#agent/agent.ts';
import type { WorkloadView } from '#agent/api/view.ts';
import { type Clock, systemClock } from '#agent/clock.ts';
import type { AgentEvent, Finding, Notice, NoticeKind } from '#agent/events/agent-event.ts';
import { type AgentSettings, readSettings } from '#agent/settings.ts';
import { type DockerProxy, startDockerProxy } from '#demo/simulators/docker/docker-proxy.ts';
import { firstProgram } from '#demo/simulators/kubearmor/docker-exec.ts';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { KubeArmorOptions } from '#demo/simulators/kubearmor/settings.ts';
import { type KubeArmorSimulator, startKubeArmor } from '#demo/simulators/kubearmor/start.ts';
import { waitUntil } from '#demo/wait-until.ts';
import { signEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { type EssNode, startEssNode } from './ess-node.ts';
import { newPublisher, type Publisher, payload } from './payloads.ts';

/** A wall clock and a monotonic one that a test can move, each by itself. */
export interface MovableClock extends Clock {
  /** Sets the wall clock forward, or back; time that passes is not touched. */
  set(byMs: number): void;
  /** Lets time pass, on both clocks. */
  pass(ms: number): void;
}

export function movableClock(): MovableClock {
  let wall = 0;
  let passed = 0;
  return {
    wallMs: () => systemClock.wallMs() + wall + passed,
    monotonicMs: () => systemClock.monotonicMs() + passed,
    set(byMs) {
      wall += byMs;
    },
    pass(ms) {
      passed += ms;
    },
  };
}

export interface WorldOptions {
  readonly kubearmor?: KubeArmorOptions;
  /** Settings of the agent, as its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** false: the agent is started by the test. */
  readonly agent?: boolean;
}

/** A node with everything on it, without a publisher's desk: the parts of slice-fixture.ts that faults are made with. */
export interface World {
  readonly node: EssNode;
  readonly machine: Machine;
  readonly proxy: DockerProxy;
  readonly clock: MovableClock;
  readonly settings: AgentSettings;
  readonly publisher: Publisher;
  /** The agent's environment, for one in a process of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** What every agent of this world told, in order. */
  readonly events: AgentEvent[];
  agent(): RunningAgent;
  kubearmor(): KubeArmorSimulator;
  startAgent(): Promise<RunningAgent>;
  stopAgent(): Promise<void>;
  /** On the old port, as Docker restarts it. @param keepPolicies whether its folder of policies is a volume */
  startKubeArmor(keepPolicies?: boolean): Promise<void>;
  /** A workload as anax starts it. */
  run(container: string): void;
  /** Signs and publishes what blocks writing below /etc for a container, with the next seq. */
  publish(container: string, change?: Partial<PolicyPayload>): Promise<PolicyPayload>;
  publishSigned(content: PolicyPayload, by?: Publisher, objectId?: string): Promise<number>;
  workload(container: string): WorkloadView | undefined;
  /** Whether the simulated kernel refuses what the published policy blocks: the truth. */
  isBlocked(container: string): boolean;
  becomes(container: string, protection: WorkloadView['protection'], timeoutMs?: number): Promise<void>;
  notices(kind: NoticeKind): Notice[];
  findings(): Finding[];
}

export const nameOf = (container: string): string => `${'b'.repeat(64)}-${container}`;

/** Whatever must end with a test, or with a part of one. */
export type Scope = Pick<ExecutionContext, 'teardown'>;

export async function startWorld(t: Scope, options: WorldOptions = {}): Promise<World> {
  const node = await startEssNode(t);
  const clock = movableClock();
  const machine = new Machine({ now: clock.wallMs });
  const proxy = await startDockerProxy(machine);
  t.teardown(() => proxy.close());
  const policyDirectory = join(node.dir, 'kubearmor');
  await mkdir(policyDirectory);
  const start = (port: number, keep: boolean): Promise<KubeArmorSimulator> => {
    const folder = keep ? { policyDirectory } : {};
    return startKubeArmor({ machine, port, dockerReconnectMs: 50, ...folder, ...options.kubearmor });
  };
  let kubearmor = await start(0, true);
  t.teardown(() => kubearmor.kill());
  const publisher = newPublisher();
  const lsmFile = join(node.dir, 'lsm');
  await writeFile(lsmFile, 'landlock,lockdown,yama,apparmor,bpf');
  const env = {
    HZN_ORGANIZATION: 'acme',
    HZN_NODE_ID: 'node1',
    HZN_ARCH: 'amd64',
    HZN_ESS_API_ADDRESS: node.address.socketPath,
    HZN_ESS_AUTH: node.address.authFile,
    HZN_ESS_CERT: node.address.certFile,
    ARMOR_TRUSTED_KEYS: publisher.keyId,
    ARMOR_KUBEARMOR: kubearmor.address,
    ARMOR_DOCKER: proxy.url,
    ARMOR_DATA: join(node.dir, 'data'),
    ARMOR_API_HOST: '127.0.0.1',
    ARMOR_API_PORT: '0',
    ARMOR_POLL_SECONDS: '1',
    ARMOR_HEAL_SETTLE_SECONDS: '0',
    ARMOR_LSM_FILE: lsmFile,
    ...options.env,
  };
  const settings = readSettings(env);
  const events: AgentEvent[] = [];
  let agent: RunningAgent | undefined;
  const seqs = new Map<string, number>();
  let tries = 0;

  const world: World = {
    node,
    machine,
    proxy,
    clock,
    settings,
    publisher,
    env,
    events,
    agent() {
      if (agent === undefined) throw new Error('the agent is not running');
      return agent;
    },
    kubearmor: () => kubearmor,
    async startAgent() {
      agent = await startAgent(settings, { clock, log: (event) => events.push(event) });
      return agent;
    },
    async stopAgent() {
      await agent?.stop();
      agent = undefined;
    },
    async startKubeArmor(keepPolicies = true) {
      kubearmor.kill();
      kubearmor = await start(kubearmor.port, keepPolicies);
    },
    run(container) {
      machine.run({ name: nameOf(container), labels: { [SERVICE_NAME_LABEL]: container } });
    },
    async publish(container, change = {}) {
      const seq = (seqs.get(container) ?? 0) + 1;
      seqs.set(container, seq);
      const content = { ...payload(publisher, container, { seq }), ...change };
      await world.publishSigned(content);
      return content;
    },
    publishSigned: (content, by = publisher, objectId = content.id) =>
      node.publish(objectId, signEnvelope(content, by.privateKey)),
    workload: (container) => agent?.view.workloads().find((each) => each.container === container),
    isBlocked(container) {
      if (!machine.container(nameOf(container)).running) return false;
      // A new file each time: opening one that is there for writing passes, and only the write is refused.
      return firstProgram(machine, nameOf(container)).open(`/etc/evil-${++tries}`, 'O_WRONLY|O_CREAT') !== 'Passed';
    },
    becomes: (container, protection, timeoutMs) =>
      waitUntil(
        `${container} to be ${protection}`,
        () => world.workload(container)?.protection === protection,
        timeoutMs,
      ),
    notices: (kind) => events.filter((event) => event.kind === 'notice').filter(({ notice }) => notice === kind),
    findings: () => events.filter((event) => event.kind === 'finding'),
  };
  t.teardown(() => world.stopAgent());
  if (options.agent !== false) await world.startAgent();
  return world;
}
