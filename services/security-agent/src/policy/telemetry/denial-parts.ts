/**
 * How the events of one denied (or noticed) access belong together: the hook that refused it, the system call that
 * failed, and for some calls a second event about the same call (reference/kubearmor.md §0; monitor/logUpdate.go,
 * isAuditedSyscall).
 */
import type { SecurityEvent } from '../event.ts';

export type PartRole = 'hook' | 'call' | 'copy';

export interface DenialPart {
  readonly role: PartRole;
  /** What the part may belong to; parts that share one are about the same access. */
  readonly keys: readonly string[];
  /** A copy of the call is still to come. */
  readonly copied: boolean;
}

/** Calls by the family in which their hooks look for them. */
const FAMILIES: Readonly<Record<string, string>> = {
  open: 'open',
  openat: 'open',
  execve: 'exec',
  execveat: 'exec',
  unlink: 'remove',
  unlinkat: 'remove',
  rmdir: 'remove',
  socket: 'socket',
  connect: 'connect',
  accept: 'accept',
  chown: 'chown',
  fchownat: 'chown',
  setuid: 'setuid',
  setgid: 'setgid',
  mount: 'mount',
  umount2: 'mount',
};

/** These are reported twice, once about the file and once as a system call. */
const COPIED: ReadonlySet<string> = new Set(['unlink', 'unlinkat', 'rmdir', 'chown', 'fchownat']);

const WITH_PATH: ReadonlySet<string> = new Set(['open', 'exec', 'remove']);

/** Families of calls that fail with each hook. Hooks that are not here have no call in the telemetry. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  SECURITY_BPRM_CHECK: ['exec'],
  FILE_OPEN: ['open', 'exec'],
  FILE_MKNOD: ['open'],
  FILE_TRUNCATE: ['open'],
  FILE_UNLINK: ['remove'],
  FILE_RMDIR: ['remove'],
  SOCKET_CREATE: ['socket'],
  SOCKET_CONNECT: ['connect'],
  SOCKET_ACCEPT: ['accept'],
};

/** Capabilities whose refusal shows in a call. */
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  chown: ['chown'],
  setuid: ['setuid'],
  setgid: ['setgid'],
  sys_admin: ['mount'],
  net_raw: ['socket'],
};

/**
 * Presets raise alerts without naming a hook; those about /proc name the acting program instead of the file, so they
 * belong to any open in /proc (seen with a real KubeArmor).
 */
const IN_PROC = 'open in /proc';

/** What an event is a part of; undefined for events that stand alone. */
export function denialPart(event: SecurityEvent): DenialPart | undefined {
  const { lsm, syscall, category, origin, enforcer } = event;
  if (lsm !== undefined) {
    const families = lsm === 'CAPABLE' ? CAPABILITIES[event.capability ?? ''] : HOOKS[lsm];
    return families === undefined ? undefined : part(event, 'hook', families, false);
  }
  if (enforcer?.startsWith('PRESET-') === true)
    return part(event, 'hook', [category === 'process' ? 'exec' : IN_PROC], false);
  const family = syscall === undefined ? undefined : FAMILIES[syscall];
  if (syscall === undefined || family === undefined) return undefined;
  const copied = COPIED.has(syscall);
  if (category !== 'syscall') {
    const inProc = family === 'open' && event.path?.startsWith('/proc/') === true;
    return part(event, 'call', inProc ? [family, IN_PROC] : [family], copied);
  }
  // A syscall rule's alert is a finding of its own.
  if (origin === 'alert') return undefined;
  return part(event, copied ? 'copy' : 'call', [family], copied);
}

function part(event: SecurityEvent, role: PartRole, families: readonly string[], copied: boolean): DenialPart {
  const actor = `${event.container?.id ?? ''}|${event.actor.hostPid}|${event.denied}`;
  // The path of a chown event is that of some other file.
  const keys = families.map((family) => `${actor}|${family}|${WITH_PATH.has(family) ? (event.path ?? '') : ''}`);
  return { role, keys, copied };
}
