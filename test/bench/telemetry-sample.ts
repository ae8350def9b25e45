/** Telemetry and policies for the benchmarks: the mix that a busy container sends, and rules that mostly miss it. */
import type { KubeArmorPolicy } from '#policy/types.ts';

const DIRECTORIES = [
  '/usr/lib/python3.13/',
  '/etc/',
  '/config/.storage/',
  '/data/db/',
  '/proc/1/',
  '/srv/homeassistant/components/',
];
const PROGRAMS = ['/usr/local/bin/python3.13', '/bin/busybox', '/usr/sbin/nginx', '/usr/bin/curl'];

/** Lines of `logs --json`, each an event; `count` of them, all different. */
export function* sampleLines(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield JSON.stringify(sampleEvent(index));
}

function sampleEvent(index: number): Readonly<Record<string, unknown>> {
  const program = PROGRAMS[index % PROGRAMS.length] ?? '';
  return {
    Timestamp: '1795476079',
    UpdatedTime: `2026-11-23T23:${String(20 + (Math.floor(index / 100_000) % 40))}:${String(Math.floor(index / 2000) % 60).padStart(2, '0')}.${String(index % 1_000_000).padStart(6, '0')}Z`,
    ClusterName: 'default',
    HostName: 'edge-1',
    NamespaceName: 'container_namespace',
    PodName: `${'a'.repeat(64)}-homeassistant`,
    ContainerID: 'db19ac75039e84bb24f6a08081d95cfb088c849ce2a90d214d91e21439b8411f',
    ContainerName: `${'a'.repeat(64)}-homeassistant`,
    ContainerImage: 'ghcr.io/home-assistant/home-assistant:2026.10',
    HostPPID: 871,
    HostPID: 900 + (index % 40),
    PPID: 1,
    PID: 7 + (index % 40),
    UID: 0,
    ParentProcessName: '/usr/bin/containerd-shim-runc-v2',
    ProcessName: program,
    Type: 'ContainerLog',
    Source: `${program} -m homeassistant --config /config`,
    Labels: '',
    Owner: null,
    Cwd: '/',
    TTY: '',
    ExecEvent: { ExecID: '0', ExecutableName: 'python3' },
    NodeID: '2b3eb290b75546dfbc11c5f318fc9c93',
    Result: 'Passed',
    ...subject(index, program),
  };
}

/** Of 20 events 14 are opens, 2 program starts, 2 sockets, one a lookup, one a system call. */
function subject(index: number, program: string): Readonly<Record<string, unknown>> {
  switch (index % 20) {
    case 0:
    case 1:
      return {
        Operation: 'Process',
        Resource: `${program} --check ${index}`,
        Data: 'syscall=SYS_EXECVE',
        EventData: { Syscall: 'SYS_EXECVE' },
      };
    case 2:
    case 3:
      return {
        Operation: 'Network',
        Resource: 'domain=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=TCP',
        Data: 'syscall=SYS_SOCKET',
        EventData: { Syscall: 'SYS_SOCKET', Domain: 'AF_INET', Type: 'SOCK_STREAM|SOCK_CLOEXEC', Protocol: 'TCP' },
      };
    case 4: {
      const Domain = `host${index % 50}.example.com`;
      return {
        Operation: 'Network',
        Resource: 'sa_family=AF_INET sin_port=53',
        Data: `kfunc=UDP_SENDSKB domain=${Domain} daddr=10.0.2.3 qtype=A`,
        EventData: {
          Kfunc: 'UDP_SENDSKB',
          Domain,
          Daddr: '10.0.2.3',
          Qtype: 'A',
          Sa_family: 'AF_INET',
          Sin_port: '53',
        },
      };
    }
    case 5:
      return {
        Operation: 'Syscall',
        Resource: '',
        Data: 'syscall=SYS_SETUID userid=0',
        EventData: { Syscall: 'SYS_SETUID', Userid: '0' },
      };
    default:
      return {
        Operation: 'File',
        Resource: `${DIRECTORIES[index % DIRECTORIES.length]}m${index % 400}/file${index % 3000}.py`,
        Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC',
        EventData: { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: 'O_RDONLY|O_CLOEXEC' },
      };
  }
}

/** Policies of five rules each, a mix of actions and kinds; about one event in 100 meets one. */
export function samplePolicies(count: number): KubeArmorPolicy[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: `policy-${index}` },
    spec: {
      severity: 5,
      tags: ['NIST', 'MITRE'],
      message: `policy ${index}`,
      process: {
        matchPaths: [{ path: `/usr/bin/tool${index}` }, { execname: `name${index}` }],
      },
      file: {
        matchPaths: [{ path: `/etc/m${index}/file${index}.py`, readOnly: index % 3 === 0 }],
        matchDirectories: [
          { dir: `/data/db/m${index}/private/`, recursive: index % 2 === 0, fromSource: [{ path: '/usr/bin/curl' }] },
        ],
      },
      network: { matchDNSQueries: [{ domain: `blocked${index}.example.org` }] },
      action: index % 2 === 0 ? 'Block' : 'Audit',
    },
  }));
}
