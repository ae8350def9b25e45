import { createHash } from 'node:crypto';
import { Changes } from '../changes.ts';
import { type Ess, startEss } from '../ess/start-ess.ts';
import { repeat } from '../repeat.ts';
import { Agent } from './agent.ts';
import { ContainerEngine } from './container-engine.ts';
import { registerNode } from './registration.ts';
import type { NodeOptions, SimulatedNode } from './simulated-node.ts';

export type { NodeOptions, SimulatedNode };

/** Registers a node at the Exchange and starts its agent and ESS; agreements form in rounds of agbot and node. */
export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const { hub, org, id, token, user, pattern = '', arch = 'amd64', userInput = [], now = Date.now } = options;
  const registration = { exchange: hub.askExchange, org, id, token };
  await registerNode(registration, { arch, pattern, userInput }, user);
  const ess = await startEssOf(options);
  const changes = new Changes();
  const engine = options.engine ?? new ContainerEngine(now);
  engine.subscribe(() => changes.announce());
  const agent = new Agent({
    agbot: hub.agbot,
    registration,
    ess,
    engine,
    facts: {
      org,
      id,
      pattern,
      exchangeUrl: hub.access.exchangeUrl,
      arch,
      cpus: 2,
      memory: 4096,
      hardwareId: createHash('sha1').update(`${org}/${id}`).digest('hex'),
      hostIps: ['127.0.0.1'],
      essSocket: ess.socketPath,
    },
    policy: options.policy ?? {},
    userInput,
    announce: () => changes.announce(),
  });
  await agent.publishPolicy();
  const stopRounds = repeat(options.tickMs, () => agent.round());

  return {
    id: `${org}/${id}`,
    ess,
    get facts() {
      return agent.facts;
    },
    get agreements() {
      return agent.workloads.agreements;
    },
    get containers() {
      return engine.list();
    },
    subscribe: (listener) => engine.subscribe(listener),
    tick: () => agent.round(),
    until: (what, condition, timeoutMs) => changes.until(what, condition, timeoutMs),
    setPolicy: (policy) => agent.setPolicy(policy),
    setUserInput: (next) => agent.setUserInput(next),
    cancel: (agreementId) => agent.cancel(agreementId),
    crash: (containerId, how) => engine.crash(containerId, how),
    recover: (containerId) => engine.recover(containerId),
    restart: (containerId) => engine.restart(containerId),
    checkContainers: () => agent.checkContainers(),
    disconnect: () => ess.link.pause(),
    reconnect: () => ess.link.resume(),
    stopAgent: () => agent.stop(),
    startAgent: () => agent.start(),
    unregister: () => agent.unregister(),
    async close() {
      stopRounds();
      await ess.close();
      await agent.idle();
    },
  };
}

async function startEssOf(options: NodeOptions): Promise<Ess> {
  const { hub, org, id, token, dir, pattern, retryMs, ca, now } = options;
  return startEss({
    cssUrl: hub.css.url,
    org,
    id,
    token,
    dir,
    ...(pattern !== undefined && { pattern: pattern.slice(pattern.indexOf('/') + 1) }),
    ...(retryMs !== undefined && { retryMs }),
    ...(ca !== undefined && { ca }),
    ...(now && { now }),
    ...options.ess,
  });
}
