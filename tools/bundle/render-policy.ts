import { architecturesOf } from './images.ts';
import { serviceId } from './service-id.ts';
import type { DeploymentPolicyFile, NodePolicyFile } from './source-types.ts';
import type { Body, BundledService, Named, Rendered } from './types.ts';

/** The policy of a service, for each of its architectures. */
export function renderServicePolicy({ definition, policy }: BundledService): Rendered<Body>[] {
  if (policy === undefined) return [];
  const { properties = [], constraints = [], ...texts } = policy.value;
  return architecturesOf(definition.value).map((arch) => ({
    id: serviceId({ ...definition.value, arch }),
    file: policy.file,
    body: { ...texts, properties, constraints },
  }));
}

/** The body of reference/exchange-mms.md §A.9: what is attached travels through MMS instead. */
export function renderDeploymentPolicy({ name, file, value }: Named<DeploymentPolicyFile>): Rendered<Body> {
  const { securityPolicies: _, label, description = '', service, properties = [], constraints, ...rest } = value;
  const serviceVersions = service.serviceVersions.map((version) => ({ priority: {}, ...version }));
  return {
    id: name,
    file,
    body: { label, description, service: { ...service, serviceVersions }, properties, constraints, ...rest },
  };
}

/** For `hzn register --policy` and `hzn policy update`. */
export function renderNodePolicy({ name, file, value }: Named<NodePolicyFile>): Rendered<Body> {
  const { securityPolicies: _, properties = [], constraints = [], ...rest } = value;
  return { id: name, file, body: { ...rest, properties, constraints } };
}
