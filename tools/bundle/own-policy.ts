import { ArmorError, ArmorErrors } from '#errors';
import type { LocatedYaml } from '#policy/located-yaml.ts';
import { policyProblems } from '#policy/schema.ts';
import type { SecurityPolicy } from '#policy/types.ts';

/**
 * A security policy file of a deployer's own. Its selector, when it has one, is not looked at: attaching says whom the
 * policy protects.
 *
 * @throws ArmorErrors SOURCE_INVALID for everything that KubeArmor's own schema refuses
 */
export function ownPolicy({ value, locate }: LocatedYaml, file: string): SecurityPolicy {
  const [first, ...rest] = policyProblems(value).map(
    ({ path, message, fix }) => new ArmorError('SOURCE_INVALID', message, { file, ...locate(path) }, fix),
  );
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  if (isSecurityPolicy(value)) return value;
  throw new ArmorError(
    'SOURCE_INVALID',
    'not a KubeArmor policy',
    { file },
    'Give it apiVersion, kind, metadata and spec.',
  );
}

function isSecurityPolicy(value: unknown): value is SecurityPolicy {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'KubeArmorPolicy' || value.kind === 'KubeArmorHostPolicy')
  );
}
