/** Policies and events drawn from a small world, so that they often meet: shared paths, sources, names and domains. */
import fc from 'fast-check';
import type { Posture } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import type { KubeArmorPolicy } from '#policy/types.ts';

const LONG = 'l'.repeat(30);
const segment = fc.constantFrom('a', 'b', 'etc', 'ä', LONG, 'x.txt', 'two words');
const directory = fc.array(segment, { maxLength: 7 }).map((parts) => `/${parts.map((part) => `${part}/`).join('')}`);
const file = fc.tuple(directory, segment).map(([parent, name]) => parent + name);
const program = fc.constantFrom('/bin/sh', '/a/b/sh', '/etc/sh', '/usr/bin/curl', `/a/${LONG}/curl`);
const source = fc.constantFrom('/bin/sh', '/usr/bin/curl', '/a/b/sh');
const action = fc.constantFrom('Allow', 'Audit', 'Block', 'Deny');
const domain = fc.constantFrom('example.com', 'a.example.com', 'Example.com', 'com', '.example.com.', 'other.org');
const protocol = fc.constantFrom('tcp', 'TCP', 'udp', 'raw', 'icmp', 'stream', 'dgram', 'all', 'nonsense', 'tcp, udp');
const capability = fc.constantFrom('net_raw', 'chown', 'CAP_NET_RAW', 'cap_sys_admin', 'setuid', 'nonsense');

const sources = {
  fromSource: fc.array(
    source.map((path) => ({ path })),
    { maxLength: 2 },
  ),
};
const verdict = { action, severity: fc.integer({ min: 1, max: 10 }) };
const guards = { ownerOnly: fc.boolean(), pts: fc.boolean() };
const optional = { requiredKeys: [] };

function rules<T>(shape: Record<string, fc.Arbitrary<unknown>>, key: string): fc.Arbitrary<readonly T[]> {
  const required = fc.record(shape, { requiredKeys: [key, 'action'] });
  return fc.array(required, { maxLength: 3 }) as fc.Arbitrary<readonly T[]>;
}

const objectPaths = fc.oneof(
  file,
  program,
  directory.map((path) => (path === '/' ? '/a' : path.slice(0, -1))),
);
const directories = fc.oneof({ weight: 6, arbitrary: directory }, { weight: 1, arbitrary: file });

const spec = fc.record(
  {
    process: fc.record(
      {
        matchPaths: rules({ path: fc.oneof(program, file), ...sources, ...guards, ...verdict }, 'path'),
        matchDirectories: rules(
          { dir: directories, recursive: fc.boolean(), ...sources, ...guards, ...verdict },
          'dir',
        ),
        matchPatterns: rules({ pattern: fc.constantFrom('/bin/*', '/a/*/sh', '/**/sh'), ...verdict }, 'pattern'),
      },
      optional,
    ),
    file: fc.record(
      {
        matchPaths: rules({ path: objectPaths, readOnly: fc.boolean(), ...sources, ...guards, ...verdict }, 'path'),
        matchDirectories: rules(
          {
            dir: directories,
            recursive: fc.boolean(),
            readOnly: fc.boolean(),
            ...sources,
            pts: fc.boolean(),
            ...verdict,
          },
          'dir',
        ),
        matchPatterns: rules({ pattern: fc.constantFrom('/etc/*', '/a/*/x.txt', '*'), ...verdict }, 'pattern'),
      },
      optional,
    ),
    network: fc.record(
      {
        matchProtocols: rules({ protocol, ...sources, pts: fc.boolean(), ...verdict }, 'protocol'),
        matchDNSQueries: rules({ domain, ...sources, ...verdict }, 'domain'),
      },
      optional,
    ),
    capabilities: fc.record(
      { matchCapabilities: rules({ capability, ...sources, ...verdict }, 'capability') },
      optional,
    ),
  },
  optional,
);

/** Up to four policies with distinct names; also with an execname rule, which needs its own shape. */
export const policies: fc.Arbitrary<KubeArmorPolicy[]> = fc
  .array(fc.tuple(spec, fc.constantFrom(undefined, 'sh', 'curl'), action), { maxLength: 4 })
  .map((specs) =>
    specs.map(([given, execname, named], index) => {
      const process = given.process ?? {};
      const matchPaths = [
        ...(process.matchPaths ?? []),
        ...(execname === undefined ? [] : [{ execname, action: named }]),
      ];
      return {
        apiVersion: 'security.kubearmor.com/v1',
        kind: 'KubeArmorPolicy',
        metadata: { name: `p${index}` },
        spec: { ...given, process: { ...process, matchPaths } },
      } as KubeArmorPolicy;
    }),
  );

const posture = fc.constantFrom('audit', 'block', 'allow' as const);
export const postures: fc.Arbitrary<Posture> = fc.record({
  file: posture,
  network: posture,
  capabilities: posture,
}) as fc.Arbitrary<Posture>;

const actor = fc.record({
  executable: program,
  parentExecutable: program,
  uid: fc.constantFrom(0, 1000),
  tty: fc.constantFrom('', 'pts0'),
});

type Actor = Pick<SecurityEvent['actor'], 'executable' | 'parentExecutable' | 'uid' | 'tty'>;

function event(category: SecurityEvent['category'], by: Actor, facts: Partial<SecurityEvent>): SecurityEvent {
  return {
    origin: 'log',
    category,
    timeMicros: 0,
    host: 'edge-1',
    nodeId: '',
    container: { id: 'c', name: 'ha', image: 'test:1' },
    actor: { ...by, commandLine: `${by.executable} -v`, pid: 7, ppid: 1, hostPid: 70, hostPpid: 10, cwd: '/' },
    resource: '',
    data: '',
    eventData: {},
    denied: false,
    result: 'Passed',
    tags: [],
    ...facts,
  };
}

export const execs = fc
  .tuple(actor, fc.oneof(program, file))
  .map(([by, path]) =>
    event(
      'process',
      { ...by, executable: path },
      { resource: `${path} -v`, path, args: ['-v'], syscall: 'execve', data: 'syscall=SYS_EXECVE', ownerUid: 0 },
    ),
  );

/** Nobody but root owns what he opens: for others it depends on the file system, which the model does not have. */
const owners = fc.constantFrom(0, 2000);

const READS = 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC';
export const reads = fc.tuple(actor, objectPaths, owners).map(([by, path, ownerUid]) =>
  event('file', by, {
    resource: path,
    path,
    ownerUid,
    write: false,
    syscall: 'openat',
    data: READS,
    eventData: { Syscall: 'SYS_OPENAT', Flags: 'O_RDONLY|O_CLOEXEC' },
  }),
);

export const hooks = fc
  .tuple(actor, objectPaths, fc.constantFrom('FILE_OPEN', 'FILE_PERMISSION', 'FILE_MKDIR'), owners)
  .map(([by, path, lsm, ownerUid]) => event('file', by, { resource: path, path, ownerUid, lsm, data: `lsm=${lsm}` }));

const SOCKETS = [
  { type: 1, protocol: 0, text: 'type=SOCK_STREAM protocol=HOPOPT' },
  { type: 1, protocol: 6, text: 'type=SOCK_STREAM|SOCK_CLOEXEC protocol=TCP' },
  { type: 2, protocol: 0, text: 'type=SOCK_DGRAM protocol=HOPOPT' },
  { type: 3, protocol: 1, text: 'type=SOCK_RAW protocol=ICMP' },
  { type: 3, protocol: 0, text: 'type=SOCK_RAW protocol=HOPOPT' },
  { type: 5, protocol: 0, text: 'type=SOCK_SEQPACKET protocol=HOPOPT' },
] as const;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  5: 'SOCK_SEQPACKET',
};

export const sockets = fc.tuple(actor, fc.constantFrom(...SOCKETS)).map(([by, { type, protocol: number, text }]) => {
  const network = { socketType: TYPE_NAMES[type] ?? '', protocolNumber: number, family: 'AF_INET' };
  return event('network', by, {
    resource: `domain=AF_INET ${text}`,
    network,
    syscall: 'socket',
    data: 'syscall=SYS_SOCKET',
  });
});

const queries = fc.constantFrom(
  'example.com',
  'www.a.example.com',
  'EXAMPLE.com',
  'org',
  'other.org.cluster.local',
  '',
);
export const lookups = fc.tuple(actor, queries).map(([by, name]) =>
  event('dns', by, {
    resource: name,
    dns: { domain: name },
    lsm: 'SOCKET_SENDMSG',
    data: `lsm=SOCKET_SENDMSG domain=${name}`,
    network: { protocol: 'udp' },
  }),
);

export const capabilities = fc
  .tuple(actor, fc.constantFrom('net_raw', 'chown', 'sys_admin', 'setuid'))
  .map(([by, name]) =>
    event('capabilities', by, {
      resource: `CAP_${name.toUpperCase()}`,
      capability: name,
      lsm: 'CAPABLE',
      data: `lsm=CAPABLE CAP_${name.toUpperCase()}`,
    }),
  );
