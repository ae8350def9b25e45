/** KubeArmor events as its streams spell them, for tests that go the public way: raw, normalised, evaluated. */
import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';

export type Raw = Readonly<Record<string, unknown>>;

export function raw(facts: Raw): Raw {
  return {
    Timestamp: '1795476079',
    UpdatedTime: '2026-11-23T23:21:19.964159Z',
    ClusterName: 'default',
    HostName: 'edge-1',
    NamespaceName: 'container_namespace',
    PodName: 'ha',
    ContainerID: 'db19ac75039e',
    ContainerName: 'ha',
    ContainerImage: 'test:1',
    HostPID: 945,
    PPID: 871,
    PID: 7,
    UID: 0,
    HostPPID: 871,
    ParentProcessName: '/bin/bash',
    ProcessName: '/bin/cat',
    Type: 'ContainerLog',
    Source: '/bin/cat',
    Operation: 'File',
    Resource: '',
    Data: '',
    EventData: {},
    Result: 'Passed',
    Cwd: '/',
    TTY: '',
    ExecEvent: { ExecID: '0', ExecutableName: 'cat' },
    NodeID: '2b3eb290',
    ...facts,
  };
}

export function event(facts: Raw): SecurityEvent {
  const normalised = normalise(raw(facts));
  if (normalised.kind === 'rejected') throw new TypeError(normalised.reason);
  return normalised.event;
}

export function open(path: string, flags = 'O_RDONLY|O_CLOEXEC', facts: Raw = {}): SecurityEvent {
  return event({
    Resource: path,
    Data: `syscall=SYS_OPENAT fd=-100 flags=${flags}`,
    EventData: { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: flags },
    ...facts,
  });
}

export function hook(name: string, path: string, facts: Raw = {}): SecurityEvent {
  return event({ Resource: path, Data: `lsm=${name}`, EventData: { Lsm: name }, ...facts });
}

export function exec(command: string, facts: Raw = {}): SecurityEvent {
  return event({
    Operation: 'Process',
    ProcessName: command.split(' ')[0],
    Source: '/bin/bash',
    Resource: command,
    Data: 'syscall=SYS_EXECVE',
    EventData: { Syscall: 'SYS_EXECVE' },
    ...facts,
  });
}

export function socket(text: string, facts: Raw = {}): SecurityEvent {
  return event({ Operation: 'Network', Resource: text, Data: 'syscall=SYS_SOCKET', EventData: {}, ...facts });
}

export function lookup(domain: string, facts: Raw = {}): SecurityEvent {
  const data = `kfunc=UDP_SENDSKB domain=${domain} daddr=10.0.2.3 qtype=A`;
  return event({ Operation: 'Network', Resource: 'sa_family=AF_INET sin_port=53', Data: data, ...facts });
}

export function capability(name: string, facts: Raw = {}): SecurityEvent {
  const Resource = `CAP_${name.toUpperCase()}`;
  return event({ Operation: 'Capabilities', Resource, Data: `lsm=CAPABLE ${Resource}`, ...facts });
}

export function syscall(name: string, facts: Raw = {}): SecurityEvent {
  return event({ Operation: 'Syscall', Data: `syscall=SYS_${name}`, ...facts });
}

/** An event of the host: no container. */
export const HOST: Raw = { ContainerID: '', ContainerName: '', NamespaceName: '', PodName: '', Type: 'HostLog' };
