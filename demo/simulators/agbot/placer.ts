import type { Ask } from '../ask.ts';
import type { ServiceReference } from '../mms/meta-data.ts';
import { type PlacementAgreement, type PolicyObject, placeObject } from './place-objects.ts';
import { type Agreement, servicesOf, type Terms } from './plan-agreements.ts';
import { applyMove, readPolicyObjects } from './policy-feed.ts';
import type { World } from './world.ts';

/** An object as it was when it was last placed. */
interface Placed {
  readonly timestamp: bigint;
  readonly services: readonly ServiceReference[];
}

/** Keeps in mind what was placed: an object is looked at when it changed, and for agreements and nodes that are new or changed. */
export class Placer {
  readonly #css: Ask;
  readonly #auth: string;
  #objects = new Map<string, Placed>();
  #agreements = new Map<string, string>();

  constructor(css: Ask, auth: string) {
    this.#css = css;
    this.#auth = auth;
  }

  async place(world: World, agreements: readonly Agreement[]): Promise<void> {
    const accepted = agreements
      .filter(({ state, deployer }) => state === 'accepted' && deployer.kind === 'policy')
      .map((agreement) => ({ id: agreement.id, ...placementOf(world, agreement) }));
    const fresh = accepted.filter((agreement) => this.#agreements.get(agreement.id) !== fingerprint(agreement));
    const remembered: Map<string, Placed> = new Map();
    let complete = true;

    for (const object of await this.#readObjects(world)) {
      const known = this.#objects.get(nameOf(object));
      const services = object.policy.services ?? [];
      const changed = known?.timestamp !== object.policy.timestamp;
      const concerned = changed ? accepted : fresh;
      let placed = true;
      for (const move of placeObject(object, concerned, known?.services ?? services)) {
        if (!(await applyMove(this.#css, this.#auth, move))) placed = false;
      }
      complete &&= placed;
      if (placed) remembered.set(nameOf(object), { timestamp: object.policy.timestamp, services });
      else if (known !== undefined && !changed) remembered.set(nameOf(object), known);
    }
    this.#objects = remembered;
    if (complete) this.#agreements = new Map(accepted.map((each) => [each.id, fingerprint(each)]));
  }

  async #readObjects(world: World): Promise<PolicyObject[]> {
    const orgs = new Set(world.deployers.map(({ id }) => id.slice(0, id.indexOf('/'))));
    const found: PolicyObject[] = [];
    for (const org of orgs) found.push(...(await readPolicyObjects(this.#css, this.#auth, org)));
    return found;
  }
}

function placementOf(world: World, agreement: Terms): PlacementAgreement {
  const node = world.nodes.find(({ id }) => id === agreement.node);
  return { node: agreement.node, services: servicesOf(agreement), nodeProperties: node?.terms.properties ?? [] };
}

const fingerprint = ({ node, services, nodeProperties }: PlacementAgreement): string =>
  JSON.stringify([node, services, nodeProperties]);

const nameOf = ({ org, type, id }: PolicyObject): string => `${org}:${type}:${id}`;
