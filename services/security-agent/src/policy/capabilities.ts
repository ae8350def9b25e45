import { CAPABILITIES } from './schema-sections.ts';

/** In KubeArmor's own table beside those that its CRD lets through (monitor/syscallParser.go CapToCode). */
const MORE = ['audit_read', 'syslog', 'wake_alarm', 'block_suspend', 'perfmon', 'bpf'];

const KNOWN: ReadonlySet<string> = new Set([...CAPABILITIES, ...MORE]);

/**
 * The capability that KubeArmor's BPF enforcer makes of a name, in lower case without `cap_`: a name that it does not
 * know is 0, which is CAP_CHOWN (reference/kubearmor.md §4.10). The prefix is understood in lower case only.
 */
export function bpfCapability(name: string): string {
  const bare = name.includes('cap_') ? name.toLowerCase().replace(/^cap_/, '') : name.toLowerCase();
  const prefixed = name.includes('cap_') && !name.toLowerCase().startsWith('cap_');
  return KNOWN.has(bare) && !prefixed ? bare : 'chown';
}
