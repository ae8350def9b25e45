import { isInRange, parseVersionRange } from '#policy/version-range.ts';
import type { SecretBindingTerms, ServiceTerms } from './terms.ts';

/** A deployment text's containers by name, as the agent reads them; undefined when it is no JSON of that shape. */
export function containersOf(deployment: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> | undefined {
  try {
    const value: unknown = JSON.parse(deployment);
    if (!isRecord(value) || !isRecord(value.services)) return undefined;
    return new Map(
      Object.entries(value.services).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1])),
    );
  } catch {
    return undefined;
  }
}

/** Containers for which the node has to allow privileges: `privileged`, or the host's network (reference/anax.md §1.4). */
export function privilegedContainers(deployment: string): string[] {
  const containers = deployment === '' ? undefined : containersOf(deployment);
  return [...(containers ?? [])]
    .filter(([, { privileged, network }]) => privileged === true || network === 'host')
    .map(([name]) => name);
}

/** Secrets that the deployment declares and the policy does not bind (reference/anax.md §11). */
export function unboundSecrets(service: ServiceTerms, bindings: readonly SecretBindingTerms[]): string[] {
  const bound = bindings.find((binding) => bindingFits(binding, service))?.secrets ?? [];
  const declared = [...(containersOf(service.deployment) ?? [])].flatMap(([, { secrets }]) =>
    isRecord(secrets) ? Object.keys(secrets) : [],
  );
  return [...new Set(declared)].filter((name) => !bound.includes(name));
}

function bindingFits(binding: SecretBindingTerms, { org, url, version, arch }: ServiceTerms): boolean {
  if (binding.serviceUrl !== url || binding.serviceOrgid !== org) return false;
  if (!['', '*', arch].includes(binding.serviceArch)) return false;
  if (['', version].includes(binding.serviceVersionRange)) return true;
  const range = parseVersionRange(binding.serviceVersionRange);
  return range !== undefined && isInRange(version, range);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
