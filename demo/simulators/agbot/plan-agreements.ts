/** Which agreements there ought to be, and what has to happen to those that there are. Pure. */

import { serviceId } from '#tools/bundle/service-id.ts';
import { compatibility } from '#tools/compat/compatibility.ts';
import { resolveRequired } from '#tools/compat/required-services.ts';
import type { UserInputTerms } from '#tools/compat/terms.ts';
import type { Deployer, KnownNode, ServiceDefinition, World } from './world.ts';

/** What a node and a deployer can agree on. */
export interface Terms {
  /** `org/id` of the node. */
  readonly node: string;
  readonly deployer: { readonly kind: 'policy' | 'pattern'; readonly id: string };
  readonly service: ServiceDefinition;
  /** Services that it requires, those required by them included. */
  readonly dependencies: readonly ServiceDefinition[];
  readonly userInput: readonly UserInputTerms[];
  /** Environment entries of a pattern, by container. */
  readonly overrides: ReadonlyMap<string, readonly string[]>;
  readonly revision: string;
}

export type AgreementState = 'proposed' | 'accepted';

export interface Agreement extends Terms {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** `org/id` of the agbot. */
  readonly consumer: string;
  readonly state: AgreementState;
}

export type AgreementStep =
  | { readonly kind: 'propose'; readonly terms: Terms }
  | { readonly kind: 'cancel'; readonly agreement: Agreement; readonly reason: string }
  /** Goes on under changed terms: containers that run notice nothing of it (reference/anax.md §4.5). */
  | { readonly kind: 'update'; readonly agreement: Agreement; readonly terms: Terms };

/** One agreement for each node and deployment policy, or service of its pattern, that are compatible. */
export function possibleTerms(world: World): Terms[] {
  return world.nodes.flatMap((node) =>
    world.deployers
      .filter((deployer) => concerns(deployer, node))
      .flatMap((deployer) => termsOf(world, deployer, node)),
  );
}

/** A node on a pattern has no business with policies, and the other way round. */
function concerns({ kind, id }: Deployer, { pattern }: KnownNode): boolean {
  return kind === 'pattern' ? pattern === id : pattern === '';
}

function termsOf({ services }: World, deployer: Deployer, node: KnownNode): Terms[] {
  const all = services.map(({ terms }) => terms);
  const { kind, id, terms: deployment, overrides, revision } = deployer;
  const agreed = compatibility({
    deployment,
    node: kind === 'pattern' ? { ...node.terms, constraints: [] } : node.terms,
    services: all,
  });
  const service = services.find(({ terms }) => `${terms.org}/${serviceId(terms)}` === agreed.service);
  if (!agreed.compatible || service === undefined) return [];
  const { required } = resolveRequired(service.terms, all);
  return [
    {
      node: node.id,
      deployer: { kind, id },
      service,
      dependencies: services.filter(({ terms }) => required.includes(terms)),
      userInput: deployment.userInput,
      overrides: overrides.get(service.terms.version) ?? new Map(),
      revision,
    },
  ];
}

/** A policy's agreement survives what leaves it compatible on the same service; a pattern's survives no change. */
export function planAgreements(current: readonly Agreement[], possible: readonly Terms[]): AgreementStep[] {
  const kept = current.flatMap((agreement): AgreementStep[] => {
    const terms = possible.find((each) => sameParties(each, agreement));
    if (terms === undefined) return [{ kind: 'cancel', agreement, reason: 'policies are no longer compatible' }];
    if (serviceOf(terms) !== serviceOf(agreement)) {
      return [{ kind: 'cancel', agreement, reason: 'another version of the service' }];
    }
    if (terms.revision === agreement.revision) return [];
    return terms.deployer.kind === 'pattern'
      ? [{ kind: 'cancel', agreement, reason: 'the pattern has changed' }]
      : [{ kind: 'update', agreement, terms }];
  });
  const cancelled = new Set(kept.flatMap((step) => (step.kind === 'cancel' ? [step.agreement] : [])));
  const held = current.filter((agreement) => !cancelled.has(agreement));
  const proposed = possible.filter((terms) => !held.some((agreement) => sameParties(terms, agreement)));
  return [...kept, ...proposed.map((terms): AgreementStep => ({ kind: 'propose', terms }))];
}

/** A pattern's services make agreements of their own. */
function sameParties(a: Terms, b: Terms): boolean {
  if (a.node !== b.node || a.deployer.kind !== b.deployer.kind || a.deployer.id !== b.deployer.id) return false;
  return a.deployer.kind === 'policy' || nameOf(a) === nameOf(b);
}

const nameOf = ({ service: { terms } }: Terms): string => `${terms.org}/${terms.url}`;

/** `org/id` of the service definition that is agreed on. */
export const serviceOf = ({ service: { terms } }: Terms): string => `${terms.org}/${serviceId(terms)}`;

/** `org/id` of everything that runs under the agreement. */
export const servicesOf = (terms: Terms): string[] => [
  serviceOf(terms),
  ...terms.dependencies.map((dependency) => `${dependency.terms.org}/${serviceId(dependency.terms)}`),
];
