import type { Body } from '#tools/bundle/types.ts';
import type { Ess, EssOptions } from '../ess/start-ess.ts';
import type { Hub } from '../hub/start-hub.ts';
import type { ContainerListener, SimulatedContainer } from './container-engine.ts';
import type { NodeFacts } from './container-environment.ts';
import type { Engine } from './machine-engine.ts';
import type { RunningAgreement } from './workloads.ts';

export interface NodeOptions {
  readonly hub: Pick<Hub, 'askExchange' | 'css' | 'agbot' | 'access'>;
  readonly org: string;
  /** Without its organisation. */
  readonly id: string;
  readonly token: string;
  /** `org/name:secret` of the user who registers it; absent: the node is there and registers itself again. */
  readonly user?: string;
  /** Node policy (reference/anax.md §6.4); an empty one when absent. */
  readonly policy?: Body;
  /** `org/name`: the node runs this pattern, and no deployment policy concerns it. */
  readonly pattern?: string;
  /** Node user input (reference/anax.md §4.1). */
  readonly userInput?: readonly Body[];
  /** Folder for socket, credentials and certificate; keep it short: a socket's path has some 100 characters. */
  readonly dir: string;
  /** Go architecture name; amd64 when absent. */
  readonly arch?: string;
  /** Works by itself at this interval; without it, only `tick` makes it work. */
  readonly tickMs?: number;
  /** How its ESS answers services. */
  readonly ess?: Pick<EssOptions, 'fate' | 'latencyMs'>;
  /** Pause between tries of what must reach the CSS. */
  readonly retryMs?: number;
  readonly ca?: string;
  readonly now?: () => number;
  /** Holds its containers; as data when absent, on a simulated machine with machine-engine.ts. */
  readonly engine?: Engine;
}

/** A simulated Open Horizon node: an agent with its ESS, and a Docker engine that holds containers as data. */
export interface SimulatedNode {
  /** `org/id` */
  readonly id: string;
  readonly ess: Ess;
  readonly facts: NodeFacts;
  readonly agreements: readonly RunningAgreement[];
  readonly containers: readonly SimulatedContainer[];
  /** Container events from now on. @returns how to stop that */
  subscribe(listener: ContainerListener): () => void;
  /** One round: ask the agbot, start and stop what it takes, look at the CSS. @returns whether the hub was reached */
  tick(): Promise<boolean>;
  /** Waits until a condition holds; it is looked at after every round and every container event. */
  until<T>(what: string, condition: () => T | undefined | false, timeoutMs?: number): Promise<T>;
  setPolicy(policy: Body): Promise<void>;
  /** Agreements whose services get other inputs are cancelled: their containers are made anew (reference/anax.md §4.5). */
  setUserInput(userInput: readonly Body[]): Promise<void>;
  /** The node gives an agreement up; the agbot may propose it again. */
  cancel(agreementId: string): Promise<void>;
  /** Docker starts a crashed container again, under the same id, unless it is to stay down. */
  crash(containerId: string, how?: { readonly exitCode?: number; readonly stayDown?: boolean }): void;
  recover(containerId: string): void;
  /** As Docker's API restarts a container. */
  restart(containerId: string): void;
  /** What the agent does once a minute: agreements with a container that does not run are cancelled. */
  checkContainers(): Promise<void>;
  /** No way to the hub, neither Exchange nor CSS; the ESS goes on. */
  disconnect(): void;
  reconnect(): void;
  /** The agent stops: containers go on, the ESS refuses connections. */
  stopAgent(): Promise<void>;
  startAgent(): Promise<void>;
  /** As `hzn unregister -r`: agreements end, containers and node go. */
  unregister(): Promise<void>;
  close(): Promise<void>;
}
