/**
 * Capability numbers by the names KubeArmor knows (monitor/syscallParser.go: CapToCode). `sys_nice` and
 * `checkpoint_restore` are missing there, as is everything misspelt: a rule that names them is about code 0, chown.
 */
const CODES: Readonly<Record<string, number>> = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  LINUX_IMMUTABLE: 9,
  NET_BIND_SERVICE: 10,
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  IPC_OWNER: 15,
  SYS_MODULE: 16,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_PACCT: 20,
  SYS_ADMIN: 21,
  SYS_BOOT: 22,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  SYS_TTY_CONFIG: 26,
  MKNOD: 27,
  LEASE: 28,
  AUDIT_WRITE: 29,
  AUDIT_CONTROL: 30,
  SETFCAP: 31,
  MAC_OVERRIDE: 32,
  MAC_ADMIN: 33,
  SYSLOG: 34,
  WAKE_ALARM: 35,
  BLOCK_SUSPEND: 36,
  AUDIT_READ: 37,
  PERFMON: 38,
  BPF: 39,
};

const SYS_NICE = 23;

/**
 * The code a rule's capability gets: `cap_` (lower case only) may stand in front; anything unknown, `CAP_NET_RAW`
 * included, is 0, which is chown (rulesHandling.go; reference/kubearmor.md §4.10).
 */
export function ruleCapabilityCode(capability: string): number {
  const name = capability.includes('cap_') ? capability.toUpperCase() : `CAP_${capability.toUpperCase()}`;
  return name.startsWith('CAP_') ? (CODES[name.slice('CAP_'.length)] ?? 0) : 0;
}

/** The code of a capability an event names, lower case without `cap_`; undefined where KubeArmor printed none. */
export function eventCapabilityCode(capability: string | undefined): number | undefined {
  if (capability === undefined) return undefined;
  return capability === 'sys_nice' ? SYS_NICE : CODES[capability.toUpperCase()];
}
