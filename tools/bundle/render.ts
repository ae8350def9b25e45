import { agentServices, withTrustedKeys } from './agent-services.ts';
import { architecturesOf, withDigests } from './images.ts';
import { renderObjects } from './render-objects.ts';
import { renderPattern } from './render-pattern.ts';
import { renderDeploymentPolicy, renderNodePolicy, renderServicePolicy } from './render-policy.ts';
import { serviceId } from './service-id.ts';
import type { ServiceFile } from './source-types.ts';
import type { Bundle, BundledService, Publishable, Rendered, ServiceBody } from './types.ts';

/**
 * What a bundle publishes, unsigned. Pure: the same bundle and key id give the same result, to the byte.
 *
 * @param keyId the publisher's key id: nodes are told to trust it, and ids of security policies carry it
 */
export function render(bundle: Bundle, keyId: string): Publishable {
  const { name, version } = bundle.settings.value;
  return {
    name,
    version,
    org: bundle.org,
    services: bundle.services.flatMap((service) => renderService(service, bundle, keyId)),
    servicePolicies: bundle.services.flatMap(renderServicePolicy),
    patterns: bundle.patterns.map((pattern) => renderPattern(pattern, bundle)),
    deploymentPolicies: bundle.deploymentPolicies.map(renderDeploymentPolicy),
    nodePolicies: bundle.nodePolicies.map(renderNodePolicy),
    objects: renderObjects(bundle, keyId, agentServices(bundle.services)),
    keys: [],
  };
}

/** One definition for each architecture. */
function renderService({ definition }: BundledService, bundle: Bundle, keyId: string): Rendered<ServiceBody>[] {
  const { value, file } = definition;
  const trusted = [...new Set([keyId, ...(bundle.settings.value.trustedKeys ?? [])])];
  return architecturesOf(value).map((arch) => {
    const deployment = withTrustedKeys(withDigests(value.deployment, arch, bundle.images.value), trusted);
    return { id: serviceId({ ...value, arch }), file, body: serviceBody(value, arch, JSON.stringify(deployment)) };
  });
}

/** The body of reference/exchange-mms.md §A.7. `org` is part of its address, not of it. */
function serviceBody(service: ServiceFile, arch: string, deployment: string): ServiceBody {
  return {
    label: service.label,
    description: service.description ?? '',
    ...(service.documentation !== undefined && { documentation: service.documentation }),
    public: service.public ?? false,
    url: service.url,
    version: service.version,
    arch,
    sharable: service.sharable,
    ...(service.matchHardware !== undefined && { matchHardware: service.matchHardware }),
    requiredServices: (service.requiredServices ?? []).map((required) => ({
      url: required.url,
      org: required.org,
      // Both fields stored, `version` would win and `versionRange` be ignored (reference/anax.md §6.9).
      versionRange: required.versionRange ?? required.version ?? '',
      arch,
    })),
    userInput: (service.userInput ?? []).map(({ name, label = '', type = 'string', defaultValue = '' }) => ({
      name,
      label,
      type,
      defaultValue,
    })),
    deployment,
    deploymentSignature: '',
  };
}
