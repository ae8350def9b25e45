import { readFile } from 'node:fs/promises';
import type { Enforcer } from './assess.ts';

/** KubeArmor's order of preference unless told otherwise (`-lsm`, reference/kubearmor.md §1.8). */
const PREFERENCE: readonly { readonly lsm: string; readonly enforcer: Enforcer }[] = [
  { lsm: 'bpf', enforcer: 'BPFLSM' },
  { lsm: 'apparmor', enforcer: 'AppArmor' },
];

/** The enforcer that KubeArmor takes on a kernel with these LSMs; SELinux does nothing for containers (§1.8). */
export function enforcerOf(lsmList: string): Enforcer {
  const active = new Set(lsmList.trim().split(','));
  return PREFERENCE.find(({ lsm }) => active.has(lsm))?.enforcer ?? 'none';
}

/** The host's LSMs through the read-only bind of /sys/kernel/security; not readable means not known. */
export async function readEnforcer(lsmFile: string): Promise<Enforcer> {
  try {
    return enforcerOf(await readFile(lsmFile, 'utf8'));
  } catch {
    return 'unknown';
  }
}
