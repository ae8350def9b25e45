/**
 * Which hooks of KubeArmor an event stands for, and what the rule table says there. Telemetry reports system calls,
 * alerts report hooks; both become the same questions.
 */
import type { SecurityEvent } from '../event.ts';
import { eventCapabilityCode } from './capability-code.ts';
import type { Posture } from './decision.ts';
import { type FileAccess, judgeFile } from './kernel-file.ts';
import { judgeProgram } from './kernel-program.ts';
import { judgeCapability, judgeDns, judgeSocket } from './kernel-socket.ts';
import { SOCKET_TYPES } from './rule-key.ts';
import type { RuleTable } from './rule-table.ts';
import { denied, PASS, strictest, type Verdict } from './verdict.ts';

/** What the rule table says about an event; PASS for what no hook sees. */
export function kernelVerdict(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict {
  switch (event.category) {
    case 'process':
      return event.syscall === 'ptrace' ? PASS : programVerdict(table, event, posture);
    case 'file':
      return fileVerdict(table, event, posture);
    case 'network':
      return socketVerdict(table, event, posture);
    case 'dns':
      return dnsVerdict(table, event, posture);
    case 'capabilities': {
      const code = eventCapabilityCode(event.capability);
      return code === undefined ? PASS : judgeCapability(table, code, event.actor.executable, posture.capabilities);
    }
    default:
      return PASS;
  }
}

/**
 * Before a program starts its file is opened, which file rules can forbid (captures x13-posture-block-file). The opener
 * is the process that calls exec: after a fork that is the same program as its parent.
 *
 * @returns undefined for events that are no system call: a denial by the exec hook has the open behind it
 */
export function openingProgram(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict | undefined {
  const { path, syscall, category, actor } = event;
  if (category !== 'process' || path === undefined || syscall?.startsWith('execve') !== true) return undefined;
  return judgeFile(table, 'open', fileAccess(event, path, actor.parentExecutable), posture.file);
}

function programVerdict(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict {
  const { path, actor, ownerUid } = event;
  if (path === undefined) return PASS;
  return judgeProgram(
    table,
    {
      path,
      source: actor.parentExecutable,
      tty: actor.tty !== '',
      ...(event.args === undefined ? {} : { args: event.args }),
      ...(ownerUid === undefined ? {} : { owner: ownerUid === actor.uid }),
    },
    posture.file,
  );
}

function fileAccess(event: SecurityEvent, path: string, source: string): FileAccess {
  const { actor, ownerUid } = event;
  const access = { path, source, uid: actor.uid, tty: actor.tty !== '' };
  return ownerUid === undefined ? access : { ...access, owner: ownerUid === actor.uid };
}

/** System calls whose path hook a denial shows as `lsm=FILE_…`. */
const CHANGING_CALLS: ReadonlySet<string> = new Set(['unlink', 'unlinkat', 'rmdir']);

function fileVerdict(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict {
  const { path, lsm, syscall } = event;
  if (path === undefined) return PASS;
  const access = fileAccess(event, path, event.actor.executable);
  if (lsm === 'FILE_PERMISSION') return judgeFile(table, 'write', access, posture.file);
  if (lsm !== undefined && lsm !== 'FILE_OPEN') return judgeFile(table, 'change', access, posture.file);
  if (syscall !== undefined && CHANGING_CALLS.has(syscall)) return judgeFile(table, 'change', access, posture.file);
  if (lsm === undefined && (syscall === 'open' || syscall === 'openat'))
    return openVerdict(table, event, access, posture);
  // chown has no hook (§4.9), and its events name some other file; close has no path.
  return syscall === undefined ? judgeFile(table, 'open', access, posture.file) : PASS;
}

/**
 * An open by its flags: creating a file passes the mknod hook first, truncating one that of truncate afterwards, and a
 * rule that only forbids writing lets the open pass and denies each write.
 */
function openVerdict(table: RuleTable, event: SecurityEvent, access: FileAccess, posture: Posture): Verdict {
  const flags = event.eventData.Flags ?? '';
  // O_PATH opens nothing: the kernel does not ask the LSM.
  if (flags.includes('O_PATH')) return PASS;
  const opened = judgeFile(table, 'open', access, posture.file);
  if (opened.deny) return opened;
  const creates = flags.includes('O_CREAT');
  const truncates = flags.includes('O_TRUNC');
  if (creates || truncates) {
    const changed = judgeFile(table, 'change', access, posture.file);
    // A file that is created needs no truncating, one that exists needs no creating: with both, one of them happens.
    if (changed.deny) return creates && !truncates ? strictest(changed, opened, 'creation') : changed;
  }
  if (event.write !== true) return opened;
  const written = judgeFile(table, 'write', access, posture.file);
  return written.deny ? denied(written.rule, written.unknown ?? 'later-write') : opened;
}

function socketVerdict(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict {
  const { network, actor } = event;
  if (network === undefined) return PASS;
  const type =
    network.socketType === undefined ? tcpType(event) : SOCKET_TYPES[network.socketType.replace('SOCK_', '')];
  const source = actor.executable;
  const tty = actor.tty !== '';
  if (type !== undefined || network.protocolNumber !== undefined) {
    const socket = {
      source,
      tty,
      ...(type === undefined ? {} : { type }),
      ...(network.protocolNumber === undefined ? {} : { protocol: network.protocolNumber }),
    };
    return judgeSocket(table, socket, posture.network);
  }
  // bind, listen and connect name no type; the socket was judged when it was created. bind and listen have no hook.
  return PASS;
}

/** The probes on TCP do not say what everybody knows. */
function tcpType({ network }: SecurityEvent): number | undefined {
  return network?.protocol === 'tcp' ? SOCKET_TYPES.STREAM : undefined;
}

/** Only sendmsg on a connected socket to port 53 is looked at; the telemetry does not tell whether it is one (§0). */
function dnsVerdict(table: RuleTable, event: SecurityEvent, posture: Posture): Verdict {
  if (event.dns === undefined) return PASS;
  const verdict = judgeDns(table, event.dns.domain, event.actor.executable, posture.network);
  if (!verdict.deny || event.lsm !== undefined) return verdict;
  return denied(verdict.rule, verdict.unknown ?? 'unconnected-dns');
}
