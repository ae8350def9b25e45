import type { ServiceFile } from './source-types.ts';
import type { BundledService } from './types.ts';

/** The container that receives security policies, in whichever service it runs (design §7). */
export const AGENT_CONTAINER = 'security-agent';

/** How a deployment tells it whom to trust: key ids, comma separated. */
export const TRUSTED_KEYS = 'ARMOR_TRUSTED_KEYS';

/** What these services are called where the bundle itself has none: a bundle of workloads alone. */
const WELL_KNOWN = ['kubearmor', 'security-agent'] as const;

/** Whether the service brings a security agent with it. */
export function hasAgent({ deployment }: ServiceFile): boolean {
  return Object.hasOwn(deployment.services, AGENT_CONTAINER);
}

/** Names of the services that policies are delivered to. */
export function agentServices(services: readonly BundledService[]): readonly string[] {
  const names = new Set(
    services
      .map(({ definition }) => definition.value)
      .filter(hasAgent)
      .map(({ url }) => url),
  );
  return names.size === 0 ? WELL_KNOWN : [...names].sort();
}

/** Adds the trusted keys to the environment of the agent's container. */
export function withTrustedKeys(
  deployment: ServiceFile['deployment'],
  keyIds: readonly string[],
): ServiceFile['deployment'] {
  const agent = deployment.services[AGENT_CONTAINER];
  if (agent === undefined) return deployment;
  const environment = [...(agent.environment ?? []), `${TRUSTED_KEYS}=${keyIds.join(',')}`];
  return { ...deployment, services: { ...deployment.services, [AGENT_CONTAINER]: { ...agent, environment } } };
}
