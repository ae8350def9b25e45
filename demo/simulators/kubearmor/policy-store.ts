import { isDeepStrictEqual } from 'node:util';
import { completeContainerSpec, completeHostSpec } from './complete-policy.ts';
import type { EndPoints, PolicyStatus } from './endpoints.ts';
import { GoJsonError } from './go-json.ts';
import { CONTAINER_NAMESPACE, matchIdentities, nodeIdentities, readSelector } from './identities.ts';
import type { PolicyFiles } from './policy-files.ts';
import { readContainerEvent, readHostEvent, type StoredHostPolicy, type StoredPolicy } from './policy-shape.ts';

export interface PolicyStoreParts {
  readonly lsm: 'bpf' | 'apparmor' | 'none';
  readonly containerPolicies: boolean;
  readonly hostPolicies: boolean;
  readonly hostName: string;
  readonly endPoints: EndPoints;
  readonly files: PolicyFiles;
  /** The host's rules changed to those of these policies. */
  enforceHost(policies: readonly StoredHostPolicy[]): void;
}

/** What PolicyService does with a call, and what it answers (reference/kubearmor.md §2.4, §3.5). */
export class PolicyStore {
  readonly #parts: PolicyStoreParts;
  #container: readonly StoredPolicy[] = [];
  #host: readonly StoredHostPolicy[] = [];

  constructor(parts: PolicyStoreParts) {
    this.#parts = parts;
  }

  get containerPolicies(): readonly StoredPolicy[] {
    return this.#container;
  }

  get hostPolicies(): readonly StoredHostPolicy[] {
    return this.#host;
  }

  /** @param request JSON text */
  container(request: string): PolicyStatus {
    if (!this.#parts.containerPolicies) return 'NotEnabled';
    const event = parse(request, readContainerEvent);
    if (event === undefined || event.object.metadata.name === '') return 'Invalid';
    return this.#applyContainer(event.type, event.object.metadata.name, event.object.spec);
  }

  /** @param request JSON text */
  host(request: string): PolicyStatus {
    if (!this.#parts.hostPolicies) return 'NotEnabled';
    const event = parse(request, readHostEvent);
    if (event === undefined || event.object.metadata.name === '') return 'Invalid';
    return this.#applyHost(event.type, event.object.metadata.name, event.object.spec);
  }

  /** Everything in the folder, as if it were added. */
  restore(): void {
    for (const { kind, name, spec } of this.#parts.files.load()) {
      const request = JSON.stringify({ type: 'ADDED', object: { metadata: { name }, spec } });
      if (kind === 'container') this.container(request);
      else this.host(request);
    }
  }

  #applyContainer(type: string, name: string, spec: StoredPolicy['spec']): PolicyStatus {
    const selector = readSelector(spec.selector.matchLabels, this.#parts.lsm);
    if (selector.kind === 'invalid') return 'Invalid';
    const policy: StoredPolicy = {
      metadata: { namespaceName: CONTAINER_NAMESPACE, policyName: name },
      spec: completeContainerSpec(spec, selector.identities),
    };
    const others = this.#container.filter((each) => each.metadata.policyName !== name);
    if (type === 'ADDED') this.#container = replaceOrAppend(this.#container, policy);
    if (type === 'DELETED') this.#container = others;
    const status = this.#parts.endPoints.apply(type, policy, selector.identities, selector.endpointName);
    // A NotExist leaves the file, and with it the policy's return at the next start (§0).
    if (status === 'NotExist') return status;
    if (type === 'ADDED' || type === 'MODIFIED') this.#parts.files.save(policy);
    if (type === 'DELETED') this.#parts.files.remove(name);
    return status;
  }

  #applyHost(type: string, name: string, spec: StoredHostPolicy['spec']): PolicyStatus {
    const policy: StoredHostPolicy = {
      metadata: { policyName: name },
      spec: completeHostSpec(spec, nodeIdentities(spec.nodeSelector.matchLabels)),
    };
    const known = this.#host.find((each) => each.metadata.policyName === name);
    if (type === 'DELETED') {
      if (known === undefined) return 'NotExist';
      this.#host = this.#host.filter((each) => each !== known);
      this.#enforceHost();
      this.#parts.files.remove(name);
      return 'Deleted';
    }
    const changes = type === 'ADDED' || type === 'MODIFIED';
    if (changes && known !== undefined && isDeepStrictEqual(known, policy)) return 'Applied';
    if (type === 'ADDED' || known !== undefined) {
      if (changes) this.#host = replaceOrAppend(this.#host, policy);
    }
    this.#enforceHost();
    if (changes) this.#parts.files.save(policy);
    return type === 'ADDED' && known === undefined ? 'Applied' : 'Modified';
  }

  /** Only policies whose selector names this node; an empty one is stored, listed and useless (§4.3). */
  #enforceHost(): void {
    const node = [`kubearmor.io/hostname=${this.#parts.hostName}`];
    this.#parts.enforceHost(this.#host.filter(({ spec }) => matchIdentities(spec.nodeSelector.identities ?? [], node)));
  }
}

function parse<T>(request: string, reader: (value: unknown) => T): T | undefined {
  try {
    return reader(JSON.parse(request));
  } catch (error) {
    if (error instanceof GoJsonError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function replaceOrAppend<P extends { readonly metadata: { readonly policyName: string } }>(
  policies: readonly P[],
  policy: P,
): readonly P[] {
  const index = policies.findIndex((each) => each.metadata.policyName === policy.metadata.policyName);
  return index < 0 ? [...policies, policy] : policies.with(index, policy);
}
