import { decide, type Postures } from './lsm-decision.ts';
import type { StoredPolicy } from './policy-shape.ts';
import type { LsmCall, Process } from './process.ts';
import { compileRules } from './rule-map.ts';

/**
 * Whether a profile made from these policies denies a call. Unlike BPF-LSM it knows patterns (reference/kubearmor.md
 * §4.9), and the program that `docker exec` starts directly escapes it (§0).
 */
export function appArmorProfile(
  policies: readonly StoredPolicy[],
  postures: Postures,
): (process: Process, call: LsmCall) => boolean {
  const rules = compileRules(policies.map(({ spec }) => spec));
  const patterns = policies
    .flatMap(({ spec }) => spec.file.matchPatterns ?? [])
    .filter(({ action }) => action === 'Block')
    .map(({ pattern }) => globOf(pattern));
  return (process, call) => {
    if (call.hook === 'PRESET' || call.hook === 'SOCKET_SENDMSG') return false;
    if (call.hook === 'SECURITY_BPRM_CHECK' && process.parentExecutable.startsWith('/usr/')) return false;
    if (call.hook === 'FILE_OPEN' && patterns.some((pattern) => pattern.test(call.file.path))) return true;
    return decide(rules, postures, process, call).denied;
  };
}

/** AppArmor's globbing: `*` and `?` stop at a slash, `**` does not. */
function globOf(pattern: string): RegExp {
  const expression = pattern
    .replace(/[.+^$()|\\]/g, '\\$&')
    .replaceAll('**', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\0', '.*')
    .replace(/\{([^}]*)\}/g, (_, choices: string) => `(${choices.replaceAll(',', '|')})`);
  return new RegExp(`^${expression}$`);
}
