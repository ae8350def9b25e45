import { relative, resolve } from 'node:path';
import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { WorkloadIdentity } from '#policy/layers.ts';
import { agentServices } from '#tools/bundle/agent-services.ts';
import type { Bundle, Publishable } from '#tools/bundle/types.ts';
import { compatibility } from '#tools/compat/compatibility.ts';
import { deploymentTerms, nodeTerms, serviceTerms } from '#tools/compat/terms.ts';

/** A container that a deployment puts on a node. */
export interface Workload {
  readonly identity: WorkloadIdentity;
  /** The deployment policy's file. */
  readonly deployment: string;
  /** Whether an agreement forms on the node in question, and why not. */
  readonly agreement: { readonly forms: boolean; readonly reasons: readonly string[] };
}

/**
 * The source that an argument means: by name, or by path from where the command runs.
 *
 * @throws ArmorError USAGE when there is none
 */
export function findSource<T extends { readonly file: string; readonly name: string }>(
  sources: readonly T[],
  given: string,
  { cwd, dir, option }: { readonly cwd: string; readonly dir: string; readonly option: string },
): T {
  const path = relative(dir, resolve(cwd, given));
  const found = sources.find(({ file, name }) => name === given || file === path || file === given);
  if (found !== undefined) return found;
  const names = sources.map(({ name }) => name);
  const fix = `${didYouMean(given, names)}There are ${names.join(', ') || 'none'}.`;
  throw new ArmorError('USAGE', `the bundle has no "${given}"`, { request: option }, fix);
}

/**
 * The containers of deployments on a node. Those of the services that bring the agent are none: the agent leaves its own
 * service alone.
 *
 * @param deployments files of the deployment policies
 * @param node file of the node policy
 */
export function workloadsOf(
  bundle: Bundle,
  publishable: Publishable,
  deployments: readonly string[],
  node: string,
): Workload[] {
  const services = publishable.services.map(({ id, body }) =>
    serviceTerms(bundle.org, { ...body }, publishable.servicePolicies.find((policy) => policy.id === id)?.body),
  );
  const agents = agentServices(bundle.services);
  const nodeBody = publishable.nodePolicies.find(({ file }) => file === node)?.body ?? {};
  return publishable.deploymentPolicies
    .filter(({ file }) => deployments.includes(file))
    .flatMap(({ file, body }) => {
      const deployment = deploymentTerms(body);
      const { compatible, reasons } = compatibility({ deployment, node: nodeTerms(nodeBody), services });
      const { org, name: service, arch, versions } = deployment.service;
      const [version] = versions;
      if (agents.includes(service)) return [];
      return containersOf(bundle, service).map(
        (container): Workload => ({
          identity: {
            org,
            service,
            container,
            ...(version !== undefined && { version }),
            ...(arch !== '*' && arch !== '' && { arch }),
          },
          deployment: file,
          agreement: { forms: compatible, reasons: reasons.map(({ text }) => text) },
        }),
      );
    });
}

/** A service that others publish has at least a container; its name is taken to be the service's. */
function containersOf({ services }: Bundle, name: string): readonly string[] {
  const found = services.find(({ definition }) => definition.value.url === name);
  return found === undefined ? [name] : Object.keys(found.definition.value.deployment.services);
}
