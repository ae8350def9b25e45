/**
 * How the events of one denied (or noticed) access belong together: the hook that refused it, the system call that
 * failed, and for some calls a second event about the same call (reference/kubearmor.md §0; monitor/logUpdate.go,
 * isAuditedSyscall).
 */
import type { SecurityEvent } from '../event.ts';

/**
 * `creation`: the hook of creating, which an open with O_CREAT also passes for a file that is there but not in the
 * kernel's cache of names (fs/namei.c, lookup_open). Its refusal then counts for nothing: the open goes on, to the hooks
 * that decide. `write`: the refusal of a write to what was opened.
 */
export type PartRole = 'hook' | 'call' | 'copy' | 'creation' | 'write';

export interface DenialPart {
  readonly role: PartRole;
  /** What the part may belong to; parts that share one are about the same access. */
  readonly keys: readonly string[];
  /** A copy of the call is still to come. */
  readonly copied: boolean;
}

/** Roles that are complete by themselves, and can only be joined to what waits. */
export const NEVER_WAITS: ReadonlySet<PartRole> = new Set(['write']);

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

const WITH_PATH: ReadonlySet<string> = new Set(['open', 'exec', 'remove', 'write']);

/** Hooks that are not the last word on a call. */
const ROLES: Readonly<Record<string, PartRole>> = { FILE_MKNOD: 'creation', FILE_PERMISSION: 'write' };

/** Families of calls that fail with each hook. Hooks that are not here have no call in the telemetry. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  SECURITY_BPRM_CHECK: ['exec'],
  FILE_OPEN: ['open', 'exec'],
  FILE_MKNOD: ['open', 'write'],
  FILE_PERMISSION: ['write'],
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
    const role = ROLES[lsm] ?? 'hook';
    // Only refusals follow each other so; what passed at each hook may be audited at each.
    if (families === undefined || (role === 'write' && !event.denied)) return undefined;
    return part(event, role, families, false);
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

/** The key of refused writes to a file that this event shows to have been there: an open with O_CREAT that passed. */
export function keyOfExistingFile(event: SecurityEvent): string | undefined {
  const { denied, result, syscall, eventData } = event;
  if (denied || result !== 'Passed' || syscall === undefined || FAMILIES[syscall] !== 'open') return undefined;
  return eventData.Flags?.includes('O_CREAT') === true ? keyOf(event, 'write', true) : undefined;
}

function part(event: SecurityEvent, role: PartRole, families: readonly string[], copied: boolean): DenialPart {
  return { role, keys: families.map((family) => keyOf(event, family, event.denied)), copied };
}

function keyOf({ container, actor, path }: SecurityEvent, family: string, denied: boolean): string {
  // The path of a chown event is that of some other file.
  return `${container?.id ?? ''}|${actor.hostPid}|${denied}|${family}|${WITH_PATH.has(family) ? (path ?? '') : ''}`;
}
