import { appArmorProfile } from './apparmor-profile.ts';
import { type EndPoint, EndPoints } from './endpoints.ts';
import type { EventRecord } from './event-record.ts';
import { Feeder } from './feeder.ts';
import { feederRules } from './feeder-rules.ts';
import { marshal } from './go-json.ts';
import { containerIdentities } from './identities.ts';
import type { DockerEvent, Machine } from './machine.ts';
import { PolicyFiles } from './policy-files.ts';
import { PolicyStore } from './policy-store.ts';
import { presetsOf } from './presets.ts';
import { inspect, type RegisteredContainer } from './registered-container.ts';
import { compileRules } from './rule-map.ts';
import { HOST_KEY, namespaceKey, Sensors } from './sensors.ts';
import type { Settings } from './settings.ts';
import { StateAgent, type StateEvent } from './state-agent.ts';
import { Throttle } from './throttle.ts';

/** Where a daemon's streams go. */
export interface DaemonOutputs {
  alert(message: object): void;
  log(message: object): void;
  state(event: StateEvent): void;
}

/** KubeArmor without its gRPC: it lives from "Initialized" to its end, on a machine that outlives it. */
export class Daemon {
  readonly policies: PolicyStore;
  readonly #settings: Settings;
  readonly #machine: Machine;
  readonly #sensors: Sensors;
  readonly #feeder: Feeder;
  readonly #endPoints: EndPoints;
  readonly #state: StateAgent;
  readonly #containers = new Map<string, RegisteredContainer>();
  readonly #throttles: readonly Throttle[];
  /** Containers that have a rule map of their own in the kernel. */
  readonly #enforced = new Set<string>();

  constructor(machine: Machine, settings: Settings, outputs: DaemonOutputs) {
    this.#machine = machine;
    this.#settings = settings;
    const { throttling, postures, lsm } = settings;
    const monotonic = (): number => performance.now();
    const [kernelThrottle, userThrottle] = [new Throttle(throttling, monotonic), new Throttle(throttling, monotonic)];
    this.#throttles = [kernelThrottle, userThrottle];
    const origin = { clusterName: 'default', hostName: machine.hostname, nodeId: settings.nodeId };
    this.#feeder = new Feeder({
      origin,
      enforcer: lsm === 'bpf' ? 'BPFLSM' : lsm === 'apparmor' ? 'AppArmor' : 'eBPF Monitor',
      postures,
      throttle: userThrottle,
      throttling,
      hostVisible: (operation) => settings.hostVisibility.some((each) => each === operation.toLowerCase()),
      throttleKey: (id) => this.#keyOf(this.#containers.get(id)),
      alert: outputs.alert,
      log: outputs.log,
      ...(settings.stdout === undefined ? {} : { stdout: settings.stdout }),
    });
    this.#sensors = new Sensors({
      bpf: lsm === 'bpf',
      postures,
      visibility: new Set(settings.visibility),
      hostVisibility: new Set(settings.hostVisibility),
      throttle: kernelThrottle,
      throttling,
      now: machine.now,
      push: (event: EventRecord) => this.#feeder.push(event),
    });
    this.#state = new StateAgent(
      {
        ...origin,
        kernelVersion: settings.kernelVersion,
        hostVisibility: settings.hostVisibility.join(',') || 'none',
        bootedAtMs: performance.timeOrigin,
      },
      outputs.state,
    );
    this.#endPoints = new EndPoints({
      feed: (endPoint) => this.#feed(endPoint),
      enforce: (endPoint) => this.#enforce(endPoint),
    });
    this.policies = new PolicyStore({
      lsm,
      containerPolicies: settings.containerRuntime,
      hostPolicies: settings.hostPolicy,
      hostName: machine.hostname,
      endPoints: this.#endPoints,
      files: new PolicyFiles(settings.policyDirectory),
      enforceHost: (policies) => {
        const named = policies.map(({ metadata, spec }) => ({ policyName: metadata.policyName, spec }));
        this.#feeder.setHostRules(feederRules(named, lsm));
        if (lsm === 'bpf') this.#sensors.rules.set(HOST_KEY, compileRules(policies.map(({ spec }) => spec)));
      },
    });
  }

  /** From here on it enforces. Containers first, policies later: so containers that run already get attributed (§3.3). */
  start(): void {
    this.#machine.sensor = this.#sensors;
    if (this.#settings.containerRuntime && this.#machine.dockerUp) {
      for (const { id, running } of this.#machine.containers()) if (running) this.#register(id, '');
    }
    this.policies.restore();
  }

  /**
   * @param graceful SIGTERM: AppArmor profiles are emptied; after SIGKILL they stay in the kernel. BPF programs end
   * either way: nothing is enforced until the next start (§0).
   */
  stop(graceful: boolean): void {
    if (this.#machine.sensor === this.#sensors) this.#machine.sensor = undefined;
    if (graceful) for (const name of this.#machine.profiles.keys()) this.#machine.profiles.set(name, () => false);
  }

  /** One of Docker's events (§3.4). */
  docker({ action, container }: DockerEvent): void {
    if (action === 'start') this.#started(container.id);
    if (action === 'stop' || action === 'destroy') this.#gone(container.id);
    const known = this.#containers.get(container.id);
    // The registration stays, on namespaces that are gone: this is the crash hole.
    if (action === 'die' && known !== undefined) this.#state.waiting(known);
  }

  snapshot(): object {
    return this.#state.snapshot([...this.#containers.values()]);
  }

  /** What getProbeData answers: endpoints by name, so that those of the same name hide each other (§2.5). */
  probe(): object {
    const containerMap: Record<string, object> = {};
    for (const { name, policies } of this.#endPoints.all()) {
      containerMap[name] = { ...listed(policies), policyEnabled: 1 };
    }
    const host = this.policies.hostPolicies;
    return {
      containerList: [...this.#containers.values()].map(({ name }) => name),
      containerMap,
      hostMap: host.length === 0 ? {} : { [this.#machine.hostname]: listed(host) },
    };
  }

  #started(id: string): void {
    const known = this.#containers.get(id);
    if (known === undefined) this.#register(id, 'running');
    // Registered when its process was gone already: registered anew, but nobody enforces what it had (§3.4).
    else if (known.pidNamespace === 0 && known.mountNamespace === 0) this.#remember(id, 'running');
  }

  #register(id: string, status: '' | 'running'): void {
    const container = this.#remember(id, status);
    if (container === undefined) return;
    const identities = containerIdentities(container.labels);
    const { name, namespaceName } = container;
    const endPoint = this.#endPoints.join(id, name, namespaceName, identities, this.policies.containerPolicies);
    if (endPoint.policies.length === 0) return;
    this.#feed(endPoint);
    this.#enforce(endPoint);
  }

  /** Inspects a container, which may be gone by now, and ties its namespaces to it. */
  #remember(id: string, status: '' | 'running'): RegisteredContainer | undefined {
    const found = this.#machine.containers().find((each) => each.id === id);
    if (found === undefined) return undefined;
    const container = inspect(found);
    this.#containers.set(id, container);
    // What was enforced for an earlier registration stays in the kernel, and nobody knows of it any more.
    this.#enforced.delete(id);
    const key = this.#keyOf(container);
    if (key !== HOST_KEY) this.#sensors.containers.set(key, container);
    this.#state.added(container, status);
    return container;
  }

  #gone(id: string): void {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    const { name, namespaceName, labels } = container;
    this.#endPoints.leave(id, name, namespaceName, containerIdentities(labels));
    this.#containers.delete(id);
    const key = this.#keyOf(container);
    // By the numbers, whoever has them by now.
    this.#sensors.containers.delete(key);
    if (this.#enforced.delete(id)) {
      this.#sensors.rules.delete(key);
      this.#sensors.presets.delete(key);
    }
    for (const throttle of this.#throttles) throttle.forget(key);
    this.#state.deleted(container);
  }

  #keyOf(container: RegisteredContainer | undefined): string {
    return container === undefined ? HOST_KEY : namespaceKey(container.pidNamespace, container.mountNamespace);
  }

  #feed({ namespaceName, name, policies }: EndPoint): void {
    const named = policies.map(({ metadata, spec }) => ({ policyName: metadata.policyName, spec }));
    this.#feeder.setRules(namespaceName, name, feederRules(named, this.#settings.lsm));
  }

  #enforce(endPoint: EndPoint): void {
    if (this.#settings.lsm === 'apparmor') this.#loadProfile(endPoint);
    if (this.#settings.lsm !== 'bpf') return;
    for (const id of endPoint.containers) {
      const container = this.#containers.get(id);
      if (container === undefined) continue;
      // The numbers as they were when it was registered: 0 and 0, when its process was gone by then, are the host's.
      const key = this.#keyOf(container);
      this.#sensors.rules.set(key, compileRules(endPoint.policies.map(({ spec }) => spec)));
      this.#sensors.presets.set(key, presetsOf(endPoint.policies));
      this.#enforced.add(id);
    }
  }

  /** AppArmor: a profile by the name in the selector, whether a container has it or not (§9). */
  #loadProfile({ name, policies }: EndPoint): void {
    this.#machine.profiles.set(`kubearmor_${name}`, appArmorProfile(policies, this.#settings.postures));
  }
}

function listed(policies: readonly { readonly metadata: { readonly policyName: string } }[]): object {
  return {
    policyList: policies.map(({ metadata }) => metadata.policyName),
    policyDataList: policies.map((policy) => ({ policy: Buffer.from(marshal(policy)) })),
  };
}
