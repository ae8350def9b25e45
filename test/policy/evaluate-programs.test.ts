import test from 'ava';
import { BLOCK, decides, NOTHING, policy } from './decides.ts';
import { event, exec, open } from './raw-events.ts';

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
    [exec('memfd:x'), 'blocked p presets[0]'],
    [exec('/proc/self/fd/4'), 'blocked? memory-file p presets[0]'],
    [open('/proc/1/environ'), 'blocked p presets[1]'],
    [open('/proc/1/maps'), 'blocked p presets[2]'],
    [open('/proc/meminfo'), 'blocked p presets[2]'],
    [open('/proc/7/environ'), NOTHING],
    [exec('/bin/sh', { TTY: 'pts0', ExecEvent: { ExecID: '4061560385470' } }), 'blocked? exec-preset p presets[3]'],
    [exec('/bin/sh', { ExecEvent: { ExecID: '4061560385470' } }), NOTHING],
    [
      event({ Type: 'MatchedPolicy', Resource: '/bin/cat', Enforcer: 'PRESET-ProtectEnvPreset' }),
      'blocked p presets[1]',
    ],
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
