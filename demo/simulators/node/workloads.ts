/** What runs on a node because of its agreements: instances of services, their credentials and containers. */
import { randomUUID } from 'node:crypto';
import type { UserInputTerms } from '#tools/compat/terms.ts';
import type { Agreement } from '../agbot/plan-agreements.ts';
import type { ServiceDefinition } from '../agbot/world.ts';
import type { CredentialStore } from '../ess/credentials.ts';
import type { SimulatedContainer } from './container-engine.ts';
import type { NodeFacts } from './container-environment.ts';
import { containerSpecs, instanceKey, plainName } from './container-specs.ts';
import type { Engine } from './machine-engine.ts';

/** An agreement that runs. */
export interface RunningAgreement {
  readonly id: string;
  /** `Policy for <node> merged with <policy>`, as `hzn agreement list` names it. */
  readonly name: string;
  readonly consumer: string;
  readonly deployer: Agreement['deployer'];
  readonly service: { readonly org: string; readonly url: string; readonly version: string; readonly arch: string };
  /** Folder with auth.json, mounted as /ess-auth. */
  readonly authFolder: string;
  readonly containers: readonly SimulatedContainer[];
}

interface Instance {
  readonly key: string;
  readonly service: ServiceDefinition;
  /** Agreements that need it. */
  readonly agreements: ReadonlySet<string>;
}

export interface WorkloadParts {
  readonly facts: () => NodeFacts;
  readonly nodeInput: () => readonly UserInputTerms[];
  readonly engine: Engine;
  readonly credentials: CredentialStore;
  readonly certFolder: string;
}

export class Workloads {
  readonly #parts: WorkloadParts;
  readonly #agreements = new Map<string, Agreement>();
  #instances: readonly Instance[] = [];

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  get agreements(): RunningAgreement[] {
    const { facts, credentials, engine } = this.#parts;
    return [...this.#agreements.values()].map(({ id, consumer, deployer, service: { terms } }) => ({
      id,
      name: `Policy for ${facts().org}/${facts().id} merged with ${deployer.id}`,
      consumer,
      deployer,
      service: { org: terms.org, url: terms.url, version: terms.version, arch: terms.arch },
      authFolder: credentials.folderOf(id),
      containers: engine.list().filter(({ instanceKey: key }) => key === id),
    }));
  }

  has(agreementId: string): boolean {
    return this.#agreements.has(agreementId);
  }

  /** Required services first, then the service itself. */
  async start(agreement: Agreement): Promise<void> {
    for (const service of agreement.dependencies) await this.#require(service, agreement);
    await this.#run(agreement.id, agreement.service, agreement, true);
    this.#agreements.set(agreement.id, agreement);
  }

  /** Ends it, and the required services that nothing else needs. */
  async stop(agreementId: string): Promise<void> {
    this.#agreements.delete(agreementId);
    await this.#remove(agreementId);
    const left = this.#instances.map((instance) => ({
      ...instance,
      agreements: new Set([...instance.agreements].filter((id) => id !== agreementId)),
    }));
    for (const { key } of left.filter(({ agreements }) => agreements.size === 0)) await this.#remove(key);
    this.#instances = left.filter(({ agreements }) => agreements.size > 0);
  }

  /** Agreements with a container that does not run: an agent cancels them when it looks, once a minute. */
  broken(): string[] {
    return [...this.#agreements.keys()].filter((id) =>
      this.#parts.engine.list().some(({ instanceKey: key, state }) => key === id && state !== 'running'),
    );
  }

  /** Attaches to a shared instance; the one that starts it gives it its environment (reference/anax.md §4.6). */
  async #require(service: ServiceDefinition, agreement: Agreement): Promise<void> {
    const shared = service.sharable === 'singleton' || service.sharable === 'single';
    const running = shared && this.#instances.find((each) => sameDefinition(each.service, service));
    if (running) {
      this.#instances = this.#instances.map((each) =>
        each === running ? { ...each, agreements: new Set([...each.agreements, agreement.id]) } : each,
      );
      return;
    }
    const key = instanceKey(service, randomUUID());
    this.#instances = [...this.#instances, { key, service, agreements: new Set([agreement.id]) }];
    await this.#run(key, service, agreement, false);
  }

  async #run(key: string, service: ServiceDefinition, agreement: Agreement, isTopLevel: boolean): Promise<void> {
    const { facts, nodeInput, engine, credentials, certFolder } = this.#parts;
    const node = facts();
    const { org, url, version } = service.terms;
    // On a pattern node credentials carry no version: every service sees every object (reference/exchange-mms.md §C.8).
    await credentials.create(key, `${org}/${plainName(url)}`, node.pattern === '' ? version : '');
    const specs = containerSpecs({
      node,
      key,
      isTopLevel,
      service,
      nodeInput: nodeInput(),
      deployerInput: agreement.userInput,
      overrides: isTopLevel ? agreement.overrides : new Map(),
      authFolder: credentials.folderOf(key),
      certFolder,
    });
    for (const spec of specs) engine.run(spec);
  }

  async #remove(key: string): Promise<void> {
    const { engine, credentials } = this.#parts;
    for (const container of engine.list()) if (container.instanceKey === key) engine.remove(container.id);
    await credentials.remove(key);
  }
}

const sameDefinition = (a: ServiceDefinition, b: ServiceDefinition): boolean =>
  a.terms.org === b.terms.org && a.terms.url === b.terms.url && a.terms.version === b.terms.version;
