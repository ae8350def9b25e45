import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningAgent, startAgent } from '#agent/agent.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import { type AgentSettings, readSettings } from '#agent/settings.ts';
import { type DockerProxy, startDockerProxy } from '#demo/simulators/docker/docker-proxy.ts';
import { type Hub, startHub } from '#demo/simulators/hub/start-hub.ts';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { KubeArmorOptions } from '#demo/simulators/kubearmor/settings.ts';
import { type KubeArmorSimulator, startKubeArmor } from '#demo/simulators/kubearmor/start.ts';
import type { SimulatedContainer } from '#demo/simulators/node/container-engine.ts';
import { MachineEngine } from '#demo/simulators/node/machine-engine.ts';
import { type SimulatedNode, startNode } from '#demo/simulators/node/start-node.ts';
import { copyBundle } from './copy-bundle.ts';
import { type ArmorPlace, askArmor } from './run-armor.ts';

/** A publisher's desk: a hub, a copy of the bundle to edit, a key, and hzn-armor set up for them. */
export interface Desk {
  readonly hub: Hub;
  /** Everything of this demo or test; gone after `close`. */
  readonly dir: string;
  readonly bundleDir: string;
  readonly place: ArmorPlace;
  close(): Promise<void>;
}

export async function openDesk(options: Parameters<typeof startHub>[0] = {}): Promise<Desk> {
  const hub = await startHub(options);
  // Short: a unix socket's path has some hundred characters, and the node's ESS lies below.
  const dir = await mkdtemp(join(tmpdir(), 'armor-'));
  const bundleDir = join(dir, 'bundle');
  await copyBundle(bundleDir);
  const { exchangeUrl, cssUrl, org, user, password } = hub.access;
  const env = {
    HOME: join(dir, 'home'),
    HZN_EXCHANGE_URL: exchangeUrl,
    HZN_FSS_CSSURL: cssUrl,
    HZN_ORG_ID: org,
    HZN_EXCHANGE_USER_AUTH: `${org}/${user}:${password}`,
  };
  await mkdir(env.HOME);
  const place = { cwd: bundleDir, env };
  await askArmor(place, 'keys', 'create', '--bits', '2048');
  return {
    hub,
    dir,
    bundleDir,
    place,
    async close() {
      await hub.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A node of the desk's hub that is registered with the bundle's node policy, on a machine of its own. */
export async function registerNode(desk: Desk, id = 'edge-1'): Promise<{ node: SimulatedNode; machine: Machine }> {
  const { org, user, password } = desk.hub.access;
  await askArmor(desk.place, 'build');
  const policy = JSON.parse(await readFile(join(desk.bundleDir, 'dist/node-policies/edge-device.json'), 'utf8'));
  const machine = new Machine({ hostname: id });
  const node = await startNode({
    hub: desk.hub,
    org,
    id,
    token: `token-of-${id}`,
    user: `${org}/${user}:${password}`,
    policy,
    dir: join(desk.dir, id),
    retryMs: 50,
    engine: new MachineEngine(machine),
  });
  return { node, machine };
}

/** The node's side of the slice: what runs in the three containers of the kubearmor service. */
export interface Protection {
  readonly proxy: DockerProxy;
  readonly settings: AgentSettings;
  readonly agent: RunningAgent;
  /** The present one: it changes with every restart. */
  readonly kubearmor: () => KubeArmorSimulator;
  /** SIGKILL, and a new one on the same port, as Docker's restart policy makes it. */
  restartKubeArmor(options?: KubeArmorOptions): Promise<void>;
  killKubeArmor(): void;
  /** Ends the agent as a kill would, and starts another on the same data. */
  restartAgent(): Promise<void>;
  close(): Promise<void>;
}

export interface ProtectionOptions {
  readonly kubearmor?: KubeArmorOptions;
  readonly log?: (event: AgentEvent) => void;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts KubeArmor, the proxy and the agent for a node whose kubearmor service has its agreement. */
export async function protect(
  desk: Desk,
  { node, machine }: { node: SimulatedNode; machine: Machine },
  options: ProtectionOptions = {},
): Promise<Protection> {
  const container = node.containers.find(({ serviceContainer }) => serviceContainer === 'security-agent');
  if (container === undefined) throw new Error('the kubearmor service has no agreement on this node');
  const proxy = await startDockerProxy(machine);
  const policyDirectory = join(desk.dir, `${node.facts.id}-policies`);
  await mkdir(policyDirectory, { recursive: true });
  const start = (port: number, extra: KubeArmorOptions = {}): Promise<KubeArmorSimulator> =>
    startKubeArmor({ machine, port, policyDirectory, startWindowMs: 60, ...options.kubearmor, ...extra });
  let kubearmor = await start(0);
  const lsmFile = join(desk.dir, 'lsm');
  await writeFile(lsmFile, 'landlock,lockdown,yama,apparmor,bpf');
  const settings = readSettings({
    ...agentEnvironment(container),
    ARMOR_KUBEARMOR: kubearmor.address,
    ARMOR_DOCKER: proxy.url,
    ARMOR_DATA: join(desk.dir, `${node.facts.id}-data`),
    ARMOR_API_HOST: '127.0.0.1',
    ARMOR_API_PORT: '0',
    ARMOR_POLL_SECONDS: '1',
    ARMOR_LSM_FILE: lsmFile,
    ...options.env,
  });
  const startAgentNow = (): Promise<RunningAgent> =>
    startAgent(settings, { version: '1.0.0', ...(options.log === undefined ? {} : { log: options.log }) });
  let agent = await startAgentNow();
  return {
    proxy,
    settings,
    kubearmor: () => kubearmor,
    get agent() {
      return agent;
    },
    killKubeArmor: () => kubearmor.kill(),
    async restartKubeArmor(extra) {
      kubearmor.kill();
      kubearmor = await start(kubearmor.port, extra);
    },
    async restartAgent() {
      await agent.stop();
      agent = await startAgentNow();
    },
    async close() {
      await agent.stop();
      await proxy.close();
      await kubearmor.stop();
    },
  };
}

/** The container's environment, with the paths of its mounts as the host has them. */
function agentEnvironment({ env, binds }: SimulatedContainer): Record<string, string> {
  const variables = Object.fromEntries(
    env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const hostPath = (inside: string): string =>
    binds.map((bind) => bind.split(':')).find(([, target]) => target === inside)?.[0] ?? inside;
  return {
    ...variables,
    HZN_ESS_AUTH: join(hostPath('/ess-auth'), 'auth.json'),
    HZN_ESS_CERT: join(hostPath('/ess-cert'), 'cert.pem'),
  };
}
