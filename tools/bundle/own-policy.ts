import { ArmorError, ArmorErrors } from '#errors';
import type { LocatedYaml } from '#policy/located-yaml.ts';
import { policyProblems } from '#policy/schema.ts';
import type { SecurityPolicy } from '#policy/types.ts';

/** Every host: what KubeArmor outside Kubernetes matches with its own name (reference/kubearmor.md §0). */
export const ANY_HOST = { matchLabels: { 'kubearmor.io/hostname': '*' } } as const;

/**
 * A security policy file of a deployer's own. Its selector, when it has one, is not looked at: attaching says whom the
 * policy protects.
 *
 * @throws ArmorErrors SOURCE_INVALID for everything that KubeArmor's own schema refuses
 */
export function ownPolicy({ value, locate }: LocatedYaml, file: string): SecurityPolicy {
  const policy = withNodeSelector(value);
  const [first, ...rest] = policyProblems(policy).map(
    ({ path, message, fix }) => new ArmorError('SOURCE_INVALID', message, { file, ...locate(path) }, fix),
  );
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  if (isSecurityPolicy(policy)) return policy;
  const fix = 'Write a KubeArmorPolicy for containers or a KubeArmorHostPolicy for the host.';
  throw new ArmorError(
    'SOURCE_INVALID',
    'KubeArmor outside Kubernetes takes no such policy',
    { file, ...locate(['kind']) },
    fix,
  );
}

/** KubeArmor's schema wants one for hosts; a bundle's file needs none. */
function withNodeSelector(value: unknown): unknown {
  if (!isRecord(value) || value.kind !== 'KubeArmorHostPolicy' || !isRecord(value.spec)) return value;
  return { ...value, spec: { nodeSelector: ANY_HOST, ...value.spec } };
}

/** True for what policyProblems found nothing wrong with, unless it is a kind for Kubernetes alone. */
function isSecurityPolicy(value: unknown): value is SecurityPolicy {
  return isRecord(value) && (value.kind === 'KubeArmorPolicy' || value.kind === 'KubeArmorHostPolicy');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
