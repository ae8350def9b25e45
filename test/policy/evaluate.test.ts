import test from 'ava';
import { compilePolicies, type Decision, type EvaluatorOptions } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import type { KubeArmorHostPolicy, KubeArmorPolicy, SecurityPolicy } from '#policy/types.ts';
import { capability, event, exec, HOST, hook, lookup, open, socket, syscall } from './raw-events.ts';

type Spec = KubeArmorPolicy['spec'];

function policy(spec: Spec, name = 'p'): KubeArmorPolicy {
  return { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: { name }, spec };
}

function hostPolicy(spec: KubeArmorHostPolicy['spec'], name = 'h'): KubeArmorHostPolicy {
  return { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorHostPolicy', metadata: { name }, spec };
}

/** `blocked p file.matchPaths[0]`, `audited posture`, `blocked? owner …`: the whole decision in a line. */
function said({ outcome, by, alsoAudited, ...rest }: Decision): string {
  const doubt = rest.certainty === 'uncertain' ? `? ${rest.unknown}` : '';
  const cause = by.kind === 'rule' ? `${by.rule.policy} ${by.rule.path.replace('spec.', '')}` : by.kind;
  const also = alsoAudited.map((rule) => `, also ${rule.policy}`).join('');
  return `${outcome}${doubt} ${cause}${also}`;
}

const decides = test.macro({
  exec(
    t,
    policies: readonly SecurityPolicy[],
    cases: readonly (readonly [SecurityEvent, string])[],
    options?: EvaluatorOptions,
  ) {
    const evaluator = compilePolicies(policies, options);
    for (const [given, expected] of cases) t.is(said(evaluator.evaluate(given)), expected, given.resource);
  },
  title: (behaviour = '') => behaviour,
});

const BLOCK = { posture: { file: 'block', network: 'block', capabilities: 'block' } } as const;
const NOTHING = 'allowed none';

test(
  'a path is matched exactly, by anybody',
  decides,
  [policy({ file: { matchPaths: [{ path: '/etc/shadow' }] }, action: 'Block' })],
  [
    [open('/etc/shadow'), 'blocked p file.matchPaths[0]'],
    [open('/etc/shadow-'), NOTHING],
    [hook('FILE_UNLINK', '/etc/shadow'), 'blocked p file.matchPaths[0]'],
  ],
);

test(
  'a flat directory holds its direct children, a recursive one everything below',
  decides,
  [
    policy({
      file: { matchDirectories: [{ dir: '/flat/' }, { dir: '/deep/', recursive: true }] },
      action: 'Block',
    }),
  ],
  [
    [open('/flat/a'), 'blocked p file.matchDirectories[0]'],
    [open('/flat/a/b'), NOTHING],
    [open('/flat'), 'blocked p file.matchDirectories[0]'],
    [open('/deep/a/b/c'), 'blocked p file.matchDirectories[1]'],
  ],
);

test(
  'a directory without its slash is none (§4.10)',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/data/sub', recursive: true }] }, action: 'Block' })],
  [[open('/data/sub/s.txt'), NOTHING]],
);

const deep = `/${'d'.repeat(30)}/${'e'.repeat(30)}/`;
test(
  'directories are looked for within the first 64 bytes of a path (§4.9)',
  decides,
  [
    policy({
      file: {
        matchDirectories: [
          { dir: deep, recursive: true },
          { dir: `${deep}f/`, recursive: true },
        ],
      },
      action: 'Block',
    }),
  ],
  [
    [open(`${deep}x`), 'blocked p file.matchDirectories[0]'],
    [open(`${deep}f/x`), 'blocked p file.matchDirectories[0]'],
  ],
);
test(
  'a directory beyond 64 bytes never matches',
  decides,
  [policy({ file: { matchDirectories: [{ dir: `${deep}f/`, recursive: true }] }, action: 'Block' })],
  [[open(`${deep}f/x`), NOTHING]],
);

const long = `/data/${'a'.repeat(214)}`;
test(
  'a path of 200 bytes or more never matches (§4.9)',
  decides,
  [policy({ file: { matchPaths: [{ path: long }, { path: long.slice(0, 150) }] }, action: 'Block' })],
  [
    [open(long), NOTHING],
    [open(long.slice(0, 150)), 'blocked p file.matchPaths[1]'],
  ],
);

test(
  'readOnly with Block lets reading pass, and refuses writing, creating and removing',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/etc/ssl/', recursive: true, readOnly: true }] }, action: 'Block' })],
  [
    [open('/etc/ssl/ca.pem'), 'allowed p file.matchDirectories[0]'],
    [open('/etc/ssl/ca.pem', 'O_WRONLY|O_APPEND'), 'blocked? later-write p file.matchDirectories[0]'],
    [open('/etc/ssl/new', 'O_WRONLY|O_CREAT'), 'blocked? creation p file.matchDirectories[0]'],
    [open('/etc/ssl/ca.pem', 'O_WRONLY|O_CREAT|O_TRUNC'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_PERMISSION', '/etc/ssl/ca.pem'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_MKDIR', '/etc/ssl/d'), 'blocked p file.matchDirectories[0]'],
  ],
);

test(
  'readOnly with Allow refuses writes, but neither mkdir nor unlink',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/etc/', recursive: true, readOnly: true }] }, action: 'Allow' })],
  [
    [hook('FILE_PERMISSION', '/etc/x'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_UNLINK', '/etc/x'), 'allowed p file.matchDirectories[0]'],
  ],
  BLOCK,
);

test(
  'an open of a path only, and the root directory, are not asked about',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/', recursive: true }] }, action: 'Block' })],
  [
    [open('/etc/x', 'O_PATH|O_CLOEXEC'), NOTHING],
    [open('/'), NOTHING],
    [open('/etc/x'), 'blocked p file.matchDirectories[0]'],
  ],
);

test(
  'fromSource of a file rule is the acting program',
  decides,
  [policy({ file: { matchPaths: [{ path: '/etc/shadow', fromSource: [{ path: '/bin/cat' }] }] }, action: 'Block' })],
  [
    [open('/etc/shadow'), 'blocked p file.matchPaths[0]'],
    [open('/etc/shadow', 'O_RDONLY', { ProcessName: '/bin/dd' }), NOTHING],
    [open('/etc/shadow', 'O_RDONLY', { ProcessName: '' }), 'blocked? source p file.matchPaths[0]'],
  ],
);

test(
  'fromSource of a process rule is the parent',
  decides,
  [
    policy({
      process: { matchPaths: [{ path: '/usr/bin/curl', fromSource: [{ path: '/bin/bash' }] }] },
      action: 'Block',
    }),
  ],
  [
    [exec('/usr/bin/curl x'), 'blocked p process.matchPaths[0]'],
    [exec('/usr/bin/curl x', { ParentProcessName: '/bin/dash' }), NOTHING],
    [exec('/usr/bin/curl x', { ParentProcessName: '' }), 'blocked? source p process.matchPaths[0]'],
  ],
);

test(
  'what a source may do comes before what everybody may',
  decides,
  [
    policy({
      process: {
        matchPaths: [
          { path: '/usr/bin/curl', action: 'Block' },
          { path: '/usr/bin/curl', fromSource: [{ path: '/bin/bash' }], action: 'Allow' },
        ],
        matchDirectories: [{ dir: '/opt/', recursive: true, fromSource: [{ path: '/bin/bash' }], action: 'Allow' }],
      },
      file: { matchDirectories: [] },
    }),
    policy({ process: { matchPaths: [{ path: '/opt/x' }] }, action: 'Block' }, 'q'),
  ],
  [
    [exec('/usr/bin/curl'), 'allowed p process.matchPaths[1]'],
    [exec('/usr/bin/curl', { ParentProcessName: '/bin/dash' }), 'blocked p process.matchPaths[0]'],
    [exec('/opt/x'), 'allowed p process.matchDirectories[0]'],
  ],
);

test(
  'of two policies about one path the one applied last wins',
  decides,
  [
    policy({ process: { matchPaths: [{ path: '/usr/bin/curl' }] }, action: 'Block' }, 'first'),
    policy({ process: { matchPaths: [{ path: '/usr/bin/curl' }] }, action: 'Allow' }, 'second'),
  ],
  [[exec('/usr/bin/curl'), 'allowed second process.matchPaths[0]']],
  BLOCK,
);

test(
  'execname is the file name wherever it lies, but never together with fromSource',
  decides,
  [
    policy({
      process: { matchPaths: [{ execname: 'chmod' }, { execname: 'chown', fromSource: [{ path: '/bin/bash' }] }] },
      action: 'Block',
    }),
  ],
  [
    [exec('/opt/chmod 600 /x'), 'blocked p process.matchPaths[0]'],
    [exec('/opt/chmod2'), NOTHING],
    [exec('/bin/chown x'), NOTHING],
  ],
);

test(
  'a rule names the real file: a link to busybox is busybox',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/wget' }] }, action: 'Block' })],
  [[exec('/bin/wget x', { ProcessName: '/bin/busybox' }), NOTHING]],
);

test(
  'an Allow rule makes an allow-list of its category, and posture decides about the rest',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/sh' }] }, action: 'Allow' })],
  [
    [exec('/bin/sh'), 'allowed p process.matchPaths[0]'],
    [exec('/bin/ls'), 'blocked posture'],
    [open('/etc/passwd'), NOTHING],
  ],
  BLOCK,
);
test(
  'posture audit reports what is not listed',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/sh' }] }, action: 'Allow' })],
  [[exec('/bin/ls'), 'audited posture']],
);
test(
  'posture allow is silent',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/sh' }] }, action: 'Allow' })],
  [[exec('/bin/ls'), NOTHING]],
  { posture: { file: 'allow' } },
);

test(
  'a program cannot start when its file may not be opened',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/lib/', recursive: true }] }, action: 'Allow' })],
  [[exec('/usr/bin/id'), 'blocked posture']],
  BLOCK,
);

test(
  'an Audit rule blocks nothing and grants nothing',
  decides,
  [
    policy({
      process: {
        matchPaths: [
          { path: '/bin/sh', action: 'Allow' },
          { path: '/bin/ls', action: 'Audit' },
        ],
      },
    }),
  ],
  [[exec('/bin/ls'), 'blocked posture']],
  BLOCK,
);

test(
  'several Audit rules: the first gives its name',
  decides,
  [
    policy({ file: { matchPaths: [{ path: '/etc/passwd' }] }, action: 'Audit' }, 'one'),
    policy({ file: { matchDirectories: [{ dir: '/etc/' }] }, action: 'Audit' }, 'two'),
  ],
  [[open('/etc/passwd'), 'audited one file.matchPaths[0], also two']],
);

test(
  'a path with a blank is enforced, but not audited: the feeder stops at the blank',
  decides,
  [
    policy({
      file: {
        matchPaths: [
          { path: '/data/my file', action: 'Block' },
          { path: '/data/our file', action: 'Audit' },
        ],
      },
    }),
  ],
  [
    [open('/data/my file'), 'blocked p file.matchPaths[0]'],
    [open('/data/our file'), NOTHING],
  ],
);

test(
  'patterns are not enforced under BPF-LSM, and audit only if Go can compile them',
  decides,
  [
    policy({
      file: {
        matchPatterns: [
          { pattern: '/home/*/x.txt', action: 'Block' },
          { pattern: '/etc/*.conf', action: 'Audit' },
          { pattern: '/var/**', action: 'Audit' },
        ],
      },
    }),
  ],
  [
    [open('/home/u/x.txt'), NOTHING],
    [open('/etc/a.conf'), 'audited p file.matchPatterns[1]'],
    [open('/var/log/x'), NOTHING],
  ],
);

test(
  'ownerOnly hangs on an owner that only the stdout JSON tells',
  decides,
  [policy({ file: { matchPaths: [{ path: '/home/u.txt', ownerOnly: true }] }, action: 'Block' })],
  [
    [open('/home/u.txt'), 'blocked? owner p file.matchPaths[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 1000, OID: 1000 }), 'allowed p file.matchPaths[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 1000, OID: 0 }), 'blocked p file.matchPaths[0]'],
  ],
);
test(
  'ownerOnly on a directory denies the owner as well (§0)',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/home/', recursive: true, ownerOnly: true }] }, action: 'Block' })],
  [
    [open('/home/u.txt', 'O_RDONLY', { UID: 1000, OID: 1000 }), 'blocked p file.matchDirectories[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 0, OID: 0 }), 'allowed p file.matchDirectories[0]'],
  ],
);

test(
  'pts: false refuses what has a terminal',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/sh', pts: false }] }, action: 'Block' })],
  [
    [exec('/bin/sh', { TTY: 'pts0' }), 'blocked p process.matchPaths[0]'],
    [exec('/bin/sh'), 'allowed p process.matchPaths[0]'],
  ],
);

test(
  'allowedArgs: other arguments are refused; a program without any is, too',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/ls', allowedArgs: ['-l', '-a', 'two words'] }] }, action: 'Block' })],
  [
    [exec('/bin/ls -l -a'), 'allowed p process.matchPaths[0]'],
    [exec('/bin/ls -R'), 'blocked? arguments p process.matchPaths[0]'],
    [exec('/bin/ls'), 'blocked p process.matchPaths[0]'],
  ],
);
test(
  'allowedArgs without blanks leave no doubt',
  decides,
  [policy({ process: { matchPaths: [{ path: '/bin/ls', allowedArgs: ['-l'] }] }, action: 'Block' })],
  [[exec('/bin/ls -R'), 'blocked p process.matchPaths[0]']],
);

test(
  'a socket is matched by type before protocol, whatever its family',
  decides,
  [policy({ network: { matchProtocols: [{ protocol: 'tcp' }, { protocol: 'raw' }] }, action: 'Block' })],
  [
    [socket('domain=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=HOPOPT'), 'blocked p network.matchProtocols[0]'],
    [socket('domain=AF_UNIX type=SOCK_STREAM protocol=HOPOPT'), 'blocked p network.matchProtocols[0]'],
    [socket('domain=AF_NETLINK type=SOCK_RAW protocol=HOPOPT'), 'blocked p network.matchProtocols[1]'],
    [socket('domain=AF_INET type=SOCK_DGRAM protocol=UDP'), NOTHING],
    [
      event({
        Operation: 'Network',
        Resource: 'remoteip=10.0.0.1 port=443 protocol=TCP',
        Data: 'kprobe=tcp_connect domain=AF_INET',
      }),
      'blocked p network.matchProtocols[0]',
    ],
    [
      event({
        Operation: 'Network',
        Resource: 'sa_family=AF_INET sin_port=9 sin_addr=10.0.2.3',
        Data: 'syscall=SYS_CONNECT fd=3',
      }),
      NOTHING,
    ],
  ],
);

test(
  'a comma list counts when it stands first in its section, and then all of them do',
  decides,
  [
    policy({ network: { matchProtocols: [{ protocol: 'udp, raw' }] }, action: 'Block' }),
    policy(
      {
        capabilities: { matchCapabilities: [{ capability: 'setuid' }, { capability: 'chown,net_raw' }] },
        action: 'Block',
      },
      'q',
    ),
  ],
  [
    [socket('domain=AF_INET type=SOCK_RAW protocol=ICMP'), 'blocked p network.matchProtocols[0]'],
    [capability('setuid'), 'blocked q capabilities.matchCapabilities[0]'],
    // "chown,net_raw" is no capability, so it is code 0, which happens to be chown.
    [capability('chown'), 'blocked q capabilities.matchCapabilities[1]'],
    [capability('net_raw'), NOTHING],
  ],
);

test(
  'an unknown or misspelt capability is chown (§4.10)',
  decides,
  [policy({ capabilities: { matchCapabilities: [{ capability: 'CAP_NET_RAW' }] }, action: 'Block' })],
  [
    [capability('chown'), 'blocked p capabilities.matchCapabilities[0]'],
    [capability('net_raw'), NOTHING],
  ],
);
test(
  'KubeArmor does not know sys_nice',
  decides,
  [policy({ capabilities: { matchCapabilities: [{ capability: 'sys_nice' }] }, action: 'Block' })],
  [
    [capability('sys_nice'), NOTHING],
    [capability('chown'), 'blocked p capabilities.matchCapabilities[0]'],
  ],
);
test(
  'an Audit rule for a capability is dead without an allow-list',
  decides,
  [policy({ capabilities: { matchCapabilities: [{ capability: 'net_raw' }] }, action: 'Audit' })],
  [[capability('net_raw'), NOTHING]],
);

test(
  'a domain holds for what is below it, in the case it is written in',
  decides,
  [policy({ network: { matchDNSQueries: [{ domain: '.evil.example.com' }] }, action: 'Block' })],
  [
    [
      lookup('evil.example.com', { Data: 'lsm=SOCKET_SENDMSG domain=evil.example.com' }),
      'blocked p network.matchDNSQueries[0]',
    ],
    [lookup('a.b.evil.example.com'), 'blocked? unconnected-dns p network.matchDNSQueries[0]'],
    [lookup('evil.example.com.cluster.local'), 'blocked? unconnected-dns p network.matchDNSQueries[0]'],
    [lookup('notevil.example.com'), NOTHING],
    [lookup('EVIL.example.com'), NOTHING],
  ],
);
test(
  'auditing a domain does not look at the case',
  decides,
  [policy({ network: { matchDNSQueries: [{ domain: 'watched.org' }] }, action: 'Audit' })],
  [[lookup('www.WATCHED.org'), 'audited p network.matchDNSQueries[0]']],
);

test(
  'syscall rules audit by the literal name, the last one gives its name',
  decides,
  [
    policy({ syscalls: { matchSyscalls: [{ syscall: ['unlink', 'setuid'] }] }, action: 'Block' }, 'one'),
    policy({ syscalls: { matchPaths: [{ path: '/data/', recursive: true, syscall: ['unlink'] }] } }, 'two'),
  ],
  [
    [syscall('UNLINK', { Resource: '/data/x' }), 'audited two syscalls.matchPaths[0], also one'],
    [syscall('UNLINK', { Resource: '/tmp/x' }), 'audited one syscalls.matchSyscalls[0]'],
    [syscall('UNLINKAT', { Resource: '/data/x' }), NOTHING],
  ],
);

test(
  'presets: shared memory, other processes, and what the exec preset cannot promise',
  decides,
  [
    policy({
      presets: ['filelessExec', 'protectEnv', 'protectProc', 'exec'].map((name) => ({
        name,
        action: 'Block' as const,
      })),
    }),
  ],
  [
    [exec('/dev/shm/x'), 'blocked p presets[0]'],
    [open('/proc/1/environ'), 'blocked p presets[1]'],
    [open('/proc/1/maps'), 'blocked p presets[2]'],
    [open('/proc/meminfo'), 'blocked p presets[2]'],
    [open('/proc/7/environ'), NOTHING],
    [exec('/bin/sh', { TTY: 'pts0', ExecEvent: { ExecID: '4061560385470' } }), 'blocked? exec-preset p presets[3]'],
    [exec('/bin/sh', { ExecEvent: { ExecID: '4061560385470' } }), NOTHING],
  ],
);

test(
  'an action KubeArmor does not know has no effect; only the policy may write it lower case',
  decides,
  [
    policy({
      process: { matchPaths: [{ path: '/a', action: 'block' as 'Block' }, { path: '/b' }] },
      action: 'block' as 'Block',
    }),
  ],
  [
    [exec('/a'), NOTHING],
    [exec('/b'), 'blocked p process.matchPaths[1]'],
  ],
);
test(
  'a policy without an action blocks',
  decides,
  [policy({ process: { matchPaths: [{ path: '/b' }] } })],
  [[exec('/b'), 'blocked p process.matchPaths[0]']],
);

test('severity, tags and message come from the rule, else the section, else the policy', (t) => {
  const given = policy({
    severity: 3,
    tags: ['spec'],
    message: 'spec',
    file: {
      severity: 5,
      tags: ['section'],
      matchPaths: [
        { path: '/a', severity: 7 },
        { path: '/b', message: 'rule' },
      ],
    },
  });
  const { rules } = compilePolicies([given]);
  t.like(rules[0], { severity: 7, tags: ['section'], message: 'spec', action: 'Block', section: 'file', target: '/a' });
  t.like(rules[1], { severity: 5, message: 'rule' });
});

test(
  'beyond 256 entries what is lost is chance, and the decision says so (§4.9)',
  decides,
  [
    policy({
      file: { matchPaths: Array.from({ length: 300 }, (_, index) => ({ path: `/f/${index}` })) },
      action: 'Block',
    }),
  ],
  [
    [open('/f/7'), 'blocked? rule-table-full p file.matchPaths[7]'],
    [open('/g'), NOTHING],
  ],
);

test('a policy with AppArmor text is enforced without ever being named', (t) => {
  const given = policy({ file: { matchPaths: [{ path: '/a' }] }, action: 'Block', apparmor: 'deny /x r,' });
  const { outcome, by, alert } = compilePolicies([given]).evaluate(open('/a'));
  t.deepEqual([outcome, by.kind, alert], ['blocked', 'rule', undefined]);
});

test(
  'host policies are for the host, container policies for containers',
  decides,
  [
    hostPolicy({
      nodeSelector: {},
      process: { matchPaths: [{ path: '/usr/bin/less' }] },
      capabilities: { matchCapabilities: [{ capability: 'sys_time' }] },
      action: 'Block',
    }),
    policy({ file: { matchPaths: [{ path: '/etc/shadow' }] }, action: 'Block' }),
  ],
  [
    [exec('/usr/bin/less', HOST), 'blocked h process.matchPaths[0]'],
    [exec('/usr/bin/less'), NOTHING],
    [open('/etc/shadow', 'O_RDONLY', HOST), NOTHING],
    // BPF-LSM has no capabilities of the host (§4.3).
    [capability('sys_time', HOST), NOTHING],
  ],
);

const usb = event({
  ...HOST,
  Operation: 'Device',
  Resource: 'USB MASS-STORAGE',
  Data: 'Class=8 SubClass=6 Protocol=80 Level=1 SysPath=/sys/x',
});
test(
  'of USB rules the most specific decides',
  decides,
  [
    hostPolicy({
      nodeSelector: {},
      device: {
        matchDevice: [
          { class: 'ALL', action: 'Block' },
          { class: 'MASS-STORAGE', subClass: 6, action: 'Audit' },
          { class: '0x08', action: 'Allow' },
        ],
      },
    }),
  ],
  [[usb, 'audited h device.matchDevice[1]']],
);

test(
  'without an LSM nothing is blocked; Audit rules and posture audit still speak',
  decides,
  [
    policy({
      file: {
        matchPaths: [
          { path: '/a', action: 'Block' },
          { path: '/b', action: 'Audit' },
        ],
      },
    }),
    policy({ process: { matchPaths: [{ path: '/bin/sh' }] }, action: 'Allow' }, 'q'),
  ],
  [
    [open('/a'), 'audited posture'],
    [open('/b'), 'audited p file.matchPaths[1]'],
    [exec('/bin/ls'), 'audited posture'],
  ],
  { enforcer: 'none' },
);

test(
  'under AppArmor denying wins, patterns work, and the order does not matter',
  decides,
  [
    policy({
      file: {
        matchPatterns: [{ pattern: '/home/**.key', action: 'Block' }],
        matchPaths: [
          { path: '/etc/x', action: 'Block' },
          { path: '/etc/x', action: 'Allow' },
        ],
        matchDirectories: [{ dir: '/srv/', recursive: true, readOnly: true, action: 'Block' }],
      },
      process: { matchDirectories: [{ dir: '/tmp/', recursive: true, action: 'Block' }] },
      network: {
        matchProtocols: [
          { protocol: 'raw', action: 'Block' },
          { protocol: 'tcp', action: 'Block' },
        ],
      },
    }),
  ],
  [
    [open('/home/u/.ssh/id.key'), 'blocked p file.matchPatterns[0]'],
    [open('/etc/x'), 'blocked p file.matchPaths[0]'],
    [open('/srv/a/b'), 'audited posture'],
    [open('/srv/a/b', 'O_WRONLY'), 'blocked p file.matchDirectories[0]'],
    [exec('/tmp/a/b'), 'blocked p process.matchDirectories[0]'],
    [
      exec('/tmp/a/b', { ParentProcessName: '/usr/sbin/runc' }),
      'blocked? started-by-runtime p process.matchDirectories[0]',
    ],
    [socket('domain=AF_INET type=SOCK_RAW protocol=ICMP'), 'blocked p network.matchProtocols[0]'],
    [socket('domain=AF_UNIX type=SOCK_STREAM protocol=HOPOPT'), NOTHING],
  ],
  { enforcer: 'apparmor' },
);

test(
  'under AppArmor an allow-list with posture block leaves what the base profile reads in doubt',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/app/', recursive: true }] }, action: 'Allow' })],
  [
    [open('/app/x'), 'allowed p file.matchDirectories[0]'],
    [open('/data/x'), 'blocked posture'],
    [open('/usr/lib/libc.so.6'), 'blocked? base-profile posture'],
  ],
  { enforcer: 'apparmor', ...BLOCK },
);

test(
  'under AppArmor a source has a profile of its own, which its children share',
  decides,
  [policy({ file: { matchPaths: [{ path: '/etc/shadow', fromSource: [{ path: '/bin/bash' }] }] }, action: 'Block' })],
  [
    [open('/etc/shadow', 'O_RDONLY', { ProcessName: '/bin/bash' }), 'blocked p file.matchPaths[0]'],
    [open('/etc/shadow'), 'blocked p file.matchPaths[0]'],
    [open('/etc/shadow', 'O_RDONLY', { ParentProcessName: '/bin/dash' }), NOTHING],
  ],
  { enforcer: 'apparmor' },
);

test(
  'events that no policy speaks of are allowed',
  decides,
  [policy({ file: { matchPaths: [{ path: '/a' }] } })],
  [
    [event({ Operation: 'AlertThreshold', Type: 'SystemEvent' }), NOTHING],
    [event({ Operation: 'NetworkFirewall', Resource: 'INGRESS' }), NOTHING],
  ],
);

test(
  'what failed for a reason of its own is not audited',
  decides,
  [policy({ network: { matchProtocols: [{ protocol: 'tcp' }] }, action: 'Audit' })],
  [
    [socket('domain=AF_INET type=SOCK_STREAM protocol=TCP'), 'audited p network.matchProtocols[0]'],
    [socket('domain=AF_INET type=SOCK_STREAM protocol=TCP', { Result: 'Too many open files' }), NOTHING],
  ],
);
