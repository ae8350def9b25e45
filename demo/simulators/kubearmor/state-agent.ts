import { marshal } from './go-json.ts';
import { CONTAINER_NAMESPACE } from './identities.ts';
import type { RegisteredContainer } from './registered-container.ts';

/** A message of WatchState; Object is JSON (reference/kubearmor.md §2.6). */
export interface StateEvent {
  readonly Kind: 'container' | 'node' | 'namespace';
  readonly Type: 'added' | 'updated' | 'deleted';
  readonly Name: string;
  readonly Object: Buffer;
}

export interface StateNode {
  readonly clusterName: string;
  readonly hostName: string;
  readonly nodeId: string;
  readonly kernelVersion: string;
  readonly hostVisibility: string;
  readonly bootedAtMs: number;
}

export type ContainerStatus = '' | 'running' | 'waiting' | 'terminated';

/** KubeArmor's StateAgent: what it believes it protects. */
export class StateAgent {
  readonly #node: StateNode;
  readonly #send: (event: StateEvent) => void;
  #count = 0;
  #since = 0;

  constructor(node: StateNode, send: (event: StateEvent) => void) {
    this.#node = node;
    this.#send = send;
  }

  added(container: RegisteredContainer, status: ContainerStatus): void {
    this.#count++;
    if (this.#count === 1) {
      this.#since = container.startedAtMs;
      this.#send(this.#namespace('added'));
    }
    this.#send(this.#container('added', container, status));
  }

  waiting(container: RegisteredContainer): void {
    this.#send(this.#container('updated', container, 'waiting'));
  }

  deleted(container: RegisteredContainer): void {
    this.#count--;
    if (this.#count === 0) this.#send(this.#namespace('deleted'));
    this.#send(this.#container('deleted', container, 'terminated'));
  }

  /** The one message of GetState. */
  snapshot(containers: readonly RegisteredContainer[]): { readonly StateEvents: readonly StateEvent[] } {
    return {
      StateEvents: [
        { Kind: 'node', Type: 'added', Name: this.#node.hostName, Object: bytes(nodeObject(this.#node)) },
        ...(this.#count > 0 ? [this.#namespace('added')] : []),
        ...containers.map((container) => this.#container('added', container, '')),
      ],
    };
  }

  #namespace(type: StateEvent['Type']): StateEvent {
    const object = {
      name: CONTAINER_NAMESPACE,
      // Not the flags' postures: always these two.
      kubearmor_file_posture: 'audit',
      kubearmor_network_posture: 'audit',
      last_updated_at: goTime(this.#since),
      container_count: this.#count || undefined,
    };
    return { Kind: 'namespace', Type: type, Name: CONTAINER_NAMESPACE, Object: bytes(object) };
  }

  #container(type: StateEvent['Type'], container: RegisteredContainer, status: ContainerStatus): StateEvent {
    const object = containerObject(container, status, this.#node);
    return { Kind: 'container', Type: type, Name: container.name, Object: bytes(object) };
  }
}

function containerObject(container: RegisteredContainer, status: ContainerStatus, node: StateNode): object {
  return {
    containerID: container.id,
    containerName: container.name,
    containerImage: container.image,
    namespaceName: container.namespaceName,
    owner: {},
    endPointName: container.name,
    labels: container.labels,
    apparmorProfile: container.apparmorProfile,
    privileged: container.privileged,
    pidns: container.pidNamespace,
    mntns: container.mountNamespace,
    pid: 0,
    node_name: node.hostName,
    node_id: node.nodeId,
    protocolPort: '',
    status,
    container_ip: '',
    last_updated_at: goTime(container.startedAtMs),
    policyEnabled: 0,
    processVisibilityEnabled: true,
    fileVisibilityEnabled: true,
    networkVisibilityEnabled: true,
    capabilitiesVisibilityEnabled: true,
  };
}

function nodeObject(node: StateNode): object {
  return {
    clusterName: node.clusterName,
    nodeName: node.hostName,
    nodeIP: '',
    nodeID: node.nodeId,
    annotations: { 'kubearmor-policy': 'enabled', 'kubearmor-visibility': node.hostVisibility },
    labels: { 'kubearmor.io/hostname': node.hostName },
    identities: [`kubearmor.io/hostname=${node.hostName}`],
    architecture: '',
    operatingSystem: '',
    osImage: '',
    kernelVersion: node.kernelVersion,
    kubeletVersion: '',
    containerRuntimeVersion: '',
    last_updated_at: goTime(node.bootedAtMs),
    policyEnabled: 1,
    processVisibilityEnabled: false,
    fileVisibilityEnabled: false,
    networkVisibilityEnabled: false,
    capabilitiesVisibilityEnabled: false,
  };
}

function bytes(object: object): Buffer {
  return Buffer.from(marshal(object));
}

/** As Go's Time.String writes a time in UTC. */
function goTime(ms: number): string {
  const [day, time] = new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).split('T');
  const fraction = (ms % 1000).toFixed(6).replace('.', '').padStart(9, '0').replace(/0+$/, '');
  return `${day} ${time}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`;
}
