import type { Layer, PolicyContent } from '#policy/payload.ts';
import { PROFILE_PROPERTY } from './check-references.ts';
import { idName } from './service-id.ts';
import type { DeploymentPolicyFile, NodePolicyFile } from './source-types.ts';
import type { AttachedPolicies, Bundle, Named, Placement, PolicyObject } from './types.ts';

/**
 * Every version: the label that policies select by says nothing of versions, and while a node moves from one to the next
 * both must be protected.
 */
const ANY_VERSION = '[0.0.0,INFINITY)';

/** Id of what a key attaches at one point. It names the key: nobody else's object can be in the way by accident. */
export function contentId(layer: Layer, name: string, keyId: string): string {
  return `${layer}.${name}.${keyId.slice(0, 12)}`;
}

/** One object for each attachment point, and one more for each pattern that deploys what it protects. */
export function renderObjects(bundle: Bundle, keyId: string, agents: readonly string[]): PolicyObject[] {
  const services = agents.map((name) => ({
    orgID: bundle.org,
    arch: '*',
    serviceName: idName(name),
    version: ANY_VERSION,
  }));
  const nodeObjects = bundle.nodePolicies.flatMap((policy) =>
    ofAttached(policy, bundle, (attached) => nodeObject(policy, attached, keyId, services)),
  );
  const deploymentObjects = bundle.deploymentPolicies.flatMap((policy) =>
    ofAttached(policy, bundle, (attached) => ({
      object: deploymentObject(policy, attached, keyId, services),
      service: policy.value.service,
    })),
  );
  const copies = bundle.patterns.flatMap(({ name, value }) => {
    const deploys = ({ service }: (typeof deploymentObjects)[number]) =>
      value.services.some(
        ({ serviceUrl, serviceOrgid }) => serviceUrl === service.name && serviceOrgid === service.org,
      );
    return [...patternDefaults(nodeObjects), ...deploymentObjects.filter(deploys).map(({ object }) => object)].map(
      (object) => patternCopy(object, name),
    );
  });
  const objects = [...nodeObjects, ...deploymentObjects.map(({ object }) => object), ...copies];
  return objects.sort((a, b) => (a.objectId < b.objectId ? -1 : 1));
}

type Services = Extract<Placement, { kind: 'policy' }>['services'];

function deploymentObject(
  { name, file, value }: Named<DeploymentPolicyFile>,
  { inherit, container, policies, catalogue }: AttachedPolicies,
  keyId: string,
  services: Services,
): PolicyObject {
  const { service, properties = [], constraints } = value;
  const content: PolicyContent = {
    format: 1,
    id: contentId('deployment', name, keyId),
    layer: 'deployment',
    target: { org: service.org, service: service.name, container, arch: service.arch, versionRange: ANY_VERSION },
    inherit,
    policies,
    catalogue,
  };
  return {
    objectId: content.id,
    file,
    layer: 'deployment',
    content,
    placement: { kind: 'policy', properties, constraints, services },
    description: `Security policies of the deployment policy ${name}`,
  };
}

function nodeObject(
  { name, file }: Named<NodePolicyFile>,
  { policies, catalogue }: AttachedPolicies,
  keyId: string,
  services: Services,
): PolicyObject {
  const content: PolicyContent = {
    format: 1,
    id: contentId('node', name, keyId),
    layer: 'node',
    target: { host: true },
    inherit: true,
    policies,
    catalogue,
  };
  return {
    objectId: content.id,
    file,
    layer: 'node',
    content,
    placement: { kind: 'policy', properties: [], constraints: [`${PROFILE_PROPERTY} == ${name}`], services },
    description: `Default security policies of nodes with the policy ${name}`,
  };
}

/** A pattern node has no properties to choose a profile by: it gets the defaults only where there is one profile. */
function patternDefaults(nodeObjects: readonly PolicyObject[]): readonly PolicyObject[] {
  return nodeObjects.length === 1 ? nodeObjects : [];
}

/** Policy placement never reaches nodes of a pattern (reference/exchange-mms.md §C.6): the same envelope, sent there. */
function patternCopy(object: PolicyObject, pattern: string): PolicyObject {
  return {
    ...object,
    objectId: `${object.objectId}.${pattern}`,
    placement: { kind: 'pattern', pattern },
    description: `${object.description}, for nodes of the pattern ${pattern}`,
  };
}

function ofAttached<T>(
  source: { readonly file: string },
  { attached }: Bundle,
  make: (attached: AttachedPolicies) => T,
): T[] {
  const policies = attached.get(source.file);
  return policies === undefined ? [] : [make(policies)];
}
