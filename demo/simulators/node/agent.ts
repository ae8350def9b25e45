/** The agent of a simulated node: what it agrees to, what it runs, what it tells the Exchange. */
import type { Body } from '#tools/bundle/types.ts';
import { nodeTerms, userInputTerms } from '#tools/compat/terms.ts';
import type { Agbot } from '../agbot/start-agbot.ts';
import { AskFailed } from '../ask.ts';
import type { Ess } from '../ess/start-ess.ts';
import type { NodeFacts } from './container-environment.ts';
import type { Engine } from './machine-engine.ts';
import {
  ALLOW_PRIVILEGED,
  deleteAgreement,
  deleteNode,
  putAgreement,
  putNodePolicy,
  putUserInput,
  type Registration,
} from './registration.ts';
import { changedServices } from './user-input-changes.ts';
import { Workloads } from './workloads.ts';

export interface AgentParts {
  readonly agbot: Agbot;
  readonly registration: Registration;
  readonly ess: Ess;
  readonly engine: Engine;
  /** Of the node, but for what its policy says. */
  readonly facts: Omit<NodeFacts, 'allowPrivileged'>;
  readonly policy: Body;
  readonly userInput: readonly Body[];
  /** Called when something may have changed. */
  readonly announce: () => void;
}

export class Agent {
  readonly workloads: Workloads;
  readonly #parts: AgentParts;
  #policy: Body;
  #userInput: readonly Body[];
  #runs = true;
  #working: Promise<unknown> = Promise.resolve();

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#policy = parts.policy;
    this.#userInput = parts.userInput;
    this.workloads = new Workloads({
      facts: () => this.facts,
      nodeInput: () => userInputTerms(this.#userInput),
      engine: parts.engine,
      credentials: parts.ess.credentials,
      certFolder: parts.ess.certFolder,
    });
  }

  get facts(): NodeFacts {
    const allowPrivileged = nodeTerms(this.#policy).properties.some(
      ({ name, value }) => name === ALLOW_PRIVILEGED && value === true,
    );
    return { ...this.#parts.facts, allowPrivileged };
  }

  /** One round. @returns whether the hub was reached */
  round(): Promise<boolean> {
    return this.#inTurn(async () => {
      const { ess, announce } = this.#parts;
      if (!this.#runs || !ess.link.isUp) return false;
      try {
        await this.#negotiate();
        return await ess.sync();
      } catch (error) {
        if (error instanceof AskFailed) return false;
        throw error;
      } finally {
        announce();
      }
    });
  }

  async #negotiate(): Promise<void> {
    const { agbot, registration, facts } = this.#parts;
    const wanted = agbot.agreementsOf(`${facts.org}/${facts.id}`);
    for (const { id } of this.workloads.agreements) {
      if (!wanted.some((agreement) => agreement.id === id)) await this.#end(id);
    }
    for (const agreement of wanted) {
      if (this.workloads.has(agreement.id)) continue;
      agbot.accept(agreement.id);
      await this.workloads.start(agreement);
      const started = this.workloads.agreements.find(({ id }) => id === agreement.id);
      if (started !== undefined) await putAgreement(registration, started);
    }
  }

  setPolicy(policy: Body): Promise<void> {
    return this.#inTurn(async () => {
      this.#policy = policy;
      await this.publishPolicy();
    });
  }

  /** Puts the node policy into the Exchange, with what only the agent knows. */
  async publishPolicy(): Promise<void> {
    await putNodePolicy(this.#parts.registration, this.#policy, builtInProperties(this.facts));
  }

  /** Agreements whose services get other inputs are cancelled. */
  setUserInput(userInput: readonly Body[]): Promise<void> {
    return this.#inTurn(async () => {
      const changed = changedServices(this.#userInput, userInput);
      this.#userInput = userInput;
      await putUserInput(this.#parts.registration, userInput);
      for (const { id, service } of this.workloads.agreements) {
        if (changed.has(`${service.org}/${service.url}`)) await this.#cancel(id);
      }
    });
  }

  cancel(agreementId: string): Promise<void> {
    return this.#inTurn(() => this.#cancel(agreementId));
  }

  checkContainers(): Promise<void> {
    return this.#inTurn(async () => {
      for (const id of this.workloads.broken()) await this.#cancel(id);
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#runs = false;
      await this.#parts.ess.stop();
    });
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.ess.start();
      this.#runs = true;
    });
  }

  unregister(): Promise<void> {
    return this.#inTurn(async () => {
      for (const { id } of this.workloads.agreements) await this.#cancel(id);
      await this.#parts.ess.unregister();
      await deleteNode(this.#parts.registration);
      this.#runs = false;
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #cancel(agreementId: string): Promise<void> {
    this.#parts.agbot.cancel(agreementId);
    await this.#end(agreementId);
  }

  async #end(agreementId: string): Promise<void> {
    await this.workloads.stop(agreementId);
    await deleteAgreement(this.#parts.registration, agreementId);
    this.#parts.announce();
  }

  /** One thing after another: rounds, changes and ends do not cross. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#working.then(act);
    this.#working = done.catch(() => undefined);
    return done;
  }
}

/** What the agent says of its node by itself. */
function builtInProperties({ cpus, memory, arch, hardwareId }: NodeFacts): Body {
  return {
    'openhorizon.cpu': cpus,
    'openhorizon.memory': memory,
    'openhorizon.arch': arch,
    'openhorizon.hardwareId': hardwareId,
    'openhorizon.operatingSystem': 'ubuntu',
    'openhorizon.containerized': false,
    [ALLOW_PRIVILEGED]: false,
  };
}
