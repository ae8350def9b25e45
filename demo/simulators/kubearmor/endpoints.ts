import { matchIdentities } from './identities.ts';
import type { StoredPolicy } from './policy-shape.ts';

/** Answers of the policy calls (reference/kubearmor.md §2.4). */
export type PolicyStatus = 'Failure' | 'Applied' | 'Deleted' | 'Modified' | 'NotExist' | 'Invalid' | 'NotEnabled';

/** About one per container, but a policy that comes first makes one of its own (§3.3). */
export interface EndPoint {
  readonly namespaceName: string;
  readonly name: string;
  readonly identities: readonly string[];
  /** Ids of the containers that joined it. */
  readonly containers: readonly string[];
  readonly policies: readonly StoredPolicy[];
}

/** What follows when an endpoint's policies change. */
export interface EndPointEffects {
  /** Which policies the feeder attributes events to, under the endpoint's own name. */
  feed(endPoint: EndPoint): void;
  /** Which rules hold for the endpoint's containers. */
  enforce(endPoint: EndPoint): void;
}

/** Where the real daemon dies: an index out of range in a handler takes the process with it (§3.5). */
export class GoPanic extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GoPanic';
  }
}

const NOTHING: EndPoint = { namespaceName: '', name: '', identities: [], containers: [], policies: [] };

/**
 * KubeArmor's list of endpoints, with what goes wrong in it. Its Go code changes the list while it walks over it; the
 * walk here sees what that walk sees: slots that moved down, and the last one twice.
 */
export class EndPoints {
  readonly #effects: EndPointEffects;
  #slots: EndPoint[] = [];
  #length = 0;

  constructor(effects: EndPointEffects) {
    this.#effects = effects;
  }

  all(): readonly EndPoint[] {
    return this.#slots.slice(0, this.#length);
  }

  /** A container appeared: it joins the first endpoint of its name or whose identities it has, or gets its own. */
  join(id: string, name: string, namespaceName: string, identities: readonly string[], store: readonly StoredPolicy[]) {
    const index = this.all().findIndex((each) => each.name === name || matchIdentities(each.identities, identities));
    const found = this.all()[index];
    const had = found === undefined ? identities : withoutNeighbours([...found.identities, ...identities]);
    const joined: EndPoint = {
      ...(found ?? { namespaceName, name }),
      identities: had,
      containers: [...(found?.containers ?? []), id],
      policies: store.filter((policy) => matchIdentities(policy.spec.selector.identities ?? [], had)),
    };
    if (found === undefined) this.#append(joined);
    else this.#slots[index] = joined;
    return joined;
  }

  /** A container went: it leaves its endpoints; one of its name without policies and containers goes too (§3.3). */
  leave(id: string, name: string, namespaceName: string, identities: readonly string[]): void {
    const kept = this.all()
      .map((each) =>
        each.name === name || matchIdentities(each.identities, identities)
          ? { ...each, containers: each.containers.filter((other) => other !== id) }
          : each,
      )
      .filter(
        (each) =>
          each.namespaceName !== namespaceName ||
          each.name !== name ||
          each.policies.length > 0 ||
          each.containers.length > 0,
      );
    this.#slots = kept;
    this.#length = kept.length;
  }

  /**
   * Carries out one policy event of any type, ADDED, DELETED or something else (§3.5).
   *
   * @param name the selector's container name, or '' for a label selector
   */
  apply(type: string, policy: StoredPolicy, identities: readonly string[], name: string): PolicyStatus {
    this.#slots = [...this.all()];
    const walked = this.#slots.length;
    let matched = false;
    let position = -1;
    for (let index = 0; index < walked; index++) {
      position++;
      let endPoint = this.#slots[index] ?? NOTHING;
      if (holds(endPoint, policy) && !matchIdentities(identities, endPoint.identities)) {
        // Meant for a policy whose selector changed. A DELETED with a wrong selector comes through here as well, which
        // is why it takes the policy away and then answers NotExist.
        if (endPoint.containers.length === 0 && endPoint.policies.length === 1) {
          this.#removeAt(index);
          const emptied = { ...endPoint, policies: [] };
          this.#effects.feed(endPoint);
          this.#effects.enforce(emptied);
          endPoint = NOTHING;
          position--;
        } else {
          endPoint = { ...this.#at(index), policies: without(this.#at(index).policies, policy) };
          this.#slots[index] = endPoint;
          this.#effects.feed(endPoint);
          this.#effects.enforce(endPoint);
        }
      }
      if (!matchIdentities(identities, endPoint.identities)) continue;
      matched = true;
      const outcome = this.#change(type, false, policy, endPoint, position, name, identities);
      if (outcome === 'NotExist') return outcome;
      position = outcome;
    }
    if (!matched) {
      const outcome = this.#change(type, true, policy, NOTHING, position, name, identities);
      if (outcome === 'NotExist') return outcome;
    }
    return type === 'ADDED' ? 'Applied' : type === 'DELETED' ? 'Deleted' : 'Modified';
  }

  #change(
    type: string,
    create: boolean,
    policy: StoredPolicy,
    endPoint: EndPoint,
    position: number,
    name: string,
    identities: readonly string[],
  ): number | 'NotExist' {
    const known = holds(endPoint, policy);
    if (type === 'DELETED' && !known) return 'NotExist';
    if (type === 'DELETED')
      return this.#remove({ ...endPoint, policies: without(endPoint.policies, policy) }, position);
    if (known || type === 'MODIFIED') {
      // An unknown policy that is "modified" overwrites whatever endpoint stands at this position (§3.5).
      const policies = endPoint.policies.map((each) => (sameName(each, policy) ? policy : each));
      const changed = { ...endPoint, policies };
      this.#put(position, changed);
      this.#effects.feed(changed);
      this.#effects.enforce(changed);
      return position;
    }
    if (type !== 'ADDED') return this.#remove(endPoint, position);
    const added: EndPoint = create
      ? { namespaceName: policy.metadata.namespaceName, name, identities, containers: [], policies: [policy] }
      : { ...endPoint, policies: [...endPoint.policies, policy] };
    if (create) this.#append(added);
    else this.#put(position, added);
    this.#effects.feed(added);
    this.#effects.enforce(added);
    return position;
  }

  /** The branch for DELETED, and for every type that KubeArmor does not know. */
  #remove(endPoint: EndPoint, position: number): number {
    if (position < 0) return position;
    this.#put(position, endPoint);
    this.#effects.feed(endPoint);
    this.#effects.enforce(endPoint);
    if (endPoint.containers.length > 0 || endPoint.policies.length > 0) return position;
    this.#removeAt(position);
    return position - 1;
  }

  #append(endPoint: EndPoint): void {
    this.#slots = [...this.all(), endPoint];
    this.#length = this.#slots.length;
  }

  #at(index: number): EndPoint {
    const endPoint = this.#slots[index];
    if (endPoint === undefined || index >= this.#length) throw new GoPanic(`index out of range [${index}]`);
    return endPoint;
  }

  #put(index: number, endPoint: EndPoint): void {
    this.#at(index);
    this.#slots[index] = endPoint;
  }

  #removeAt(index: number): void {
    this.#at(index);
    this.#slots.copyWithin(index, index + 1, this.#length);
    this.#length--;
  }
}

function holds(endPoint: EndPoint, policy: StoredPolicy): boolean {
  return endPoint.policies.some((each) => sameName(each, policy));
}

function sameName(a: StoredPolicy, b: StoredPolicy): boolean {
  return a.metadata.policyName === b.metadata.policyName && a.metadata.namespaceName === b.metadata.namespaceName;
}

function without(policies: readonly StoredPolicy[], policy: StoredPolicy): readonly StoredPolicy[] {
  return policies.filter((each) => !sameName(each, policy));
}

/** Only neighbours: the list is not sorted, so it grows (§3.3). */
function withoutNeighbours(identities: readonly string[]): readonly string[] {
  return identities.filter((each, index) => each !== identities[index - 1]);
}
