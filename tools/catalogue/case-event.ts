import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';
import type { CaseEvent } from './template-tests.ts';

/** A container of its own for cases of container policies; events of the host have none. */
const CONTAINER = {
  NamespaceName: 'container_namespace',
  PodName: 'case',
  ContainerID: '0'.repeat(64),
  ContainerName: 'case',
  ContainerImage: 'case:1',
};

/**
 * The event that KubeArmor would send of a case: the telemetry of the attempt, in the spelling of its stream
 * (reference/kubearmor.md §5.2), read by the same code that reads the real ones.
 */
export function caseEvent(given: CaseEvent, on: 'container' | 'host'): SecurityEvent {
  const raw = {
    UpdatedTime: '2026-01-01T00:00:00.000000Z',
    Timestamp: '1767225600',
    HostName: 'edge-1',
    Type: on === 'host' ? 'HostLog' : 'ContainerLog',
    Result: 'Passed',
    HostPID: 4242,
    PID: 4242,
    UID: 0,
    Cwd: '/',
    TTY: given.tty ?? '',
    ...(given.tty === undefined ? {} : { ExecEvent: { ExecID: '1', ExecutableName: 'case' } }),
    ...(on === 'host' ? {} : CONTAINER),
    ...access(given),
  };
  const normalised = normalise(raw);
  if (normalised.kind === 'rejected') throw new Error(`a case made no event: ${normalised.reason}`);
  return normalised.event;
}

interface Access {
  readonly Operation: 'Process' | 'File' | 'Network' | 'Capabilities' | 'Syscall';
  readonly Source: string;
  readonly ProcessName: string;
  readonly ParentProcessName?: string;
  readonly Resource: string;
  readonly Data: string;
}

function access(given: CaseEvent): Access {
  const { by } = given;
  const actor = { Source: by, ProcessName: by };
  if (given.exec !== undefined) {
    const Resource = [given.exec, ...(given.args ?? [])].join(' ');
    return {
      Operation: 'Process',
      Source: by,
      ProcessName: given.exec,
      ParentProcessName: by,
      Resource,
      Data: 'syscall=SYS_EXECVE',
    };
  }
  if (given.read !== undefined) return { ...actor, ...opened(given.read, 'O_RDONLY|O_CLOEXEC') };
  if (given.write !== undefined) return { ...actor, ...opened(given.write, 'O_WRONLY|O_CREAT|O_TRUNC') };
  if (given.change !== undefined && given.hook !== undefined) {
    return { ...actor, Operation: 'File', Resource: given.change, Data: `lsm=FILE_${given.hook.toUpperCase()}` };
  }
  if (given.socket !== undefined) {
    return { ...actor, Operation: 'Network', Resource: SOCKETS[given.socket], Data: 'syscall=SYS_SOCKET' };
  }
  if (given.query !== undefined) {
    const Data = `kfunc=UDP_SENDSKB domain=${given.query} daddr=192.0.2.53 qtype=A`;
    return { ...actor, Operation: 'Network', Resource: 'sa_family=AF_INET sin_port=53', Data };
  }
  if (given.capability !== undefined) {
    const Resource = `CAP_${given.capability.toUpperCase()}`;
    return { ...actor, Operation: 'Capabilities', Resource, Data: `lsm=CAPABLE ${Resource}` };
  }
  const Data = `syscall=SYS_${(given.syscall ?? '').toUpperCase()}`;
  return { ...actor, Operation: 'Syscall', Resource: '', Data };
}

function opened(path: string, flags: string): Pick<Access, 'Operation' | 'Resource' | 'Data'> {
  return { Operation: 'File', Resource: path, Data: `syscall=SYS_OPENAT fd=-100 flags=${flags}` };
}

/** As KubeArmor prints sockets; HOPOPT is its name for protocol 0 (captures: u01, u02, u03). */
const SOCKETS: Readonly<Record<NonNullable<CaseEvent['socket']>, string>> = {
  tcp: 'domain=AF_INET type=SOCK_STREAM protocol=HOPOPT',
  udp: 'domain=AF_INET type=SOCK_DGRAM|SOCK_CLOEXEC protocol=HOPOPT',
  raw: 'domain=AF_PACKET type=SOCK_RAW protocol=768',
  icmp: 'domain=AF_INET type=SOCK_RAW protocol=ICMP',
  netlink: 'domain=AF_NETLINK type=SOCK_RAW|SOCK_CLOEXEC protocol=HOPOPT',
  unix: 'domain=AF_UNIX type=SOCK_STREAM|SOCK_CLOEXEC protocol=HOPOPT',
};
