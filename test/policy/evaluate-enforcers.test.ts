import test from 'ava';
import { compilePolicies } from '#policy/evaluate.ts';
import { BLOCK, decides, hostPolicy, NOTHING, policy } from './decides.ts';
import { capability, event, exec, HOST, open, socket } from './raw-events.ts';

const usb = event({
  ...HOST,
  Operation: 'Device',
  Resource: 'USB MASS-STORAGE',
  Data: 'Class=8 SubClass=6 Protocol=80 Level=1 SysPath=/sys/x',
});
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
