/** Which MMS objects go to which nodes, decided as the agbot does (reference/exchange-mms.md §C.6). Pure. */
import { isInRange, parseVersionRange } from '#policy/version-range.ts';
import type { Property } from '#tools/bundle/types.ts';
import { satisfies } from '#tools/compat/evaluate.ts';
import type { DestinationPolicy, ServiceReference } from '../mms/meta-data.ts';

/** An object of the CSS that goes where its policy says. */
export interface PolicyObject {
  readonly org: string;
  readonly type: string;
  readonly id: string;
  readonly policy: DestinationPolicy;
  /** Ids of the nodes that it goes to. */
  readonly nodes: readonly string[];
}

/** A node with an accepted agreement under a deployment policy. */
export interface PlacementAgreement {
  /** `org/id` */
  readonly node: string;
  /** `org/id` of the service definitions that run under it. */
  readonly services: readonly string[];
  readonly nodeProperties: readonly Property[];
}

export interface Move {
  readonly object: PolicyObject;
  readonly node: string;
  readonly kind: 'add' | 'remove';
}

/**
 * Moves of one object between the nodes of these agreements. Its constraints are asked of the node's properties, its
 * properties of nobody: what nodes ask is ignored. A node stays a destination when its agreement ends.
 *
 * @param before services that the object's policy named when it was last looked at
 */
export function placeObject(
  object: PolicyObject,
  agreements: readonly PlacementAgreement[],
  before: readonly ServiceReference[] = [],
): Move[] {
  const moves = new Map<string, Move>();
  const references = object.policy.services ?? [];
  for (const agreement of agreements) {
    const node = agreement.node.slice(agreement.node.indexOf('/') + 1);
    const isThere = object.nodes.includes(node);
    if (runs(agreement, references)) {
      const fits = satisfies(object.policy.constraints ?? [], agreement.nodeProperties);
      if (fits !== isThere) moves.set(node, { object, node, kind: fits ? 'add' : 'remove' });
    } else if (isThere && runs(agreement, before)) {
      const others = agreements.filter(({ node: other }) => other === agreement.node);
      if (!others.some((other) => runs(other, references))) moves.set(node, { object, node, kind: 'remove' });
    }
  }
  return [...moves.values()];
}

function runs({ services }: PlacementAgreement, references: readonly ServiceReference[]): boolean {
  return services.some((service) => references.some((reference) => isService(service, reference)));
}

/** Other names of architectures that agbots are set up to know. */
const ARCH_SYNONYMS: Readonly<Record<string, string>> = { x86_64: 'amd64', armhf: 'arm', aarch64: 'arm64' };

/**
 * Whether a service definition is the one that a policy means. Its id is taken apart from the end, at the underscores,
 * and its name is the id's: a url with slashes is found only under its name with dashes.
 */
function isService(service: string, reference: ServiceReference): boolean {
  const [, org, name, version = '', arch] = /^([^/]+)\/(.*)_([^_]*)_([^_]*)$/s.exec(service) ?? [];
  if (org !== reference.orgID || name !== reference.serviceName) return false;
  if (!['*', arch].includes(reference.arch) && ARCH_SYNONYMS[reference.arch] !== arch) return false;
  const range = parseVersionRange(reference.version);
  return range !== undefined && isInRange(version, range);
}
