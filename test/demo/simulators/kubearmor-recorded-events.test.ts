import type { ExecutionContext } from 'ava';
import type { KubeArmorOptions } from '#demo/simulators/kubearmor/settings.ts';
import { readLines, recordedCalls, recordedTest } from './kubearmor/captures.ts';
import { differences, gists } from './kubearmor/compare.ts';
import { kt, type Lab, openLab } from './kubearmor/lab.ts';

/**
 * What a real KubeArmor sent while the commands in <scenario>.txt ran, against what the simulator sends when simulated
 * programs do the same. Nothing may be missing, and nothing more may come.
 */
interface Scenario {
  readonly name: string;
  readonly options?: KubeArmorOptions;
  /** Recorded policy calls, by their numbers, made after the container `ha` started. */
  readonly calls?: readonly (readonly [from: number, to: number])[];
  /** Instead of that. */
  readonly prepare?: (lab: Lab) => Promise<void>;
  readonly run: (lab: Lab) => void;
}

async function make(lab: Lab, from: number, to: number): Promise<void> {
  for (const call of recordedCalls().slice(from - 1, to)) await lab.call(call);
}

/** The policies of u01 to u16 (lines 46 to 64, and what was changed in between). */
const USE_CASES = [[46, 66]] as const;
const CERTS = '/etc/ssl/certs';
const under = (posture: 'audit' | 'block'): KubeArmorOptions => ({
  postures: { file: posture, network: posture, capabilities: posture },
});

const read = (path: string) => (lab: Lab) => lab.exec('ha', `/bin/cat ${path}`, (cat) => cat.open(path));
const provoke =
  (...lines: readonly string[]) =>
  (lab: Lab) => {
    for (const line of lines) kt(lab, 'ha', line);
  };

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'x01a-policy-after',
    calls: [[1, 3]],
    run(lab) {
      lab.exec('ha', '/usr/bin/hwget x');
      read('/data/secret.txt')(lab);
      read('/etc/passwd')(lab);
      lab.exec('ha', '/usr/bin/hid');
      lab.exec('ha', '/bin/wget --help');
      lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/usr/bin/wget', 'x']));
    },
  },
  {
    name: 'x02-policy-first',
    async prepare(lab) {
      await make(lab, 1, 3);
      await lab.workload('ha');
    },
    run(lab) {
      lab.exec('ha', '/usr/bin/hwget x');
      read('/data/secret.txt')(lab);
      read('/etc/passwd')(lab);
      lab.exec('ha', '/usr/bin/hid');
      lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/usr/bin/wget', 'x']));
    },
  },
  {
    // Deleted and added again while it runs: still unattributed.
    name: 'x02c-readd-2',
    async prepare(lab) {
      await make(lab, 1, 3);
      await lab.workload('ha');
      await make(lab, 132, 137);
    },
    run: read('/data/secret.txt'),
  },
  {
    name: 'x04b-apparmor',
    options: { lsm: 'apparmor' },
    async prepare(lab) {
      await make(lab, 107, 108);
      await lab.workload('agid9-web', 'web', { apparmorProfile: 'kubearmor_web' });
    },
    run(lab) {
      lab.exec('agid9-web', '/usr/bin/hwget');
      for (const path of ['/data/secret.txt', '/etc/passwd']) {
        lab.exec('agid9-web', `/bin/cat ${path}`, (cat) => cat.open(path));
      }
      for (const line of ['read /home/user/u.txt', 'raw', 'chown /data/sub/s.txt']) kt(lab, 'agid9-web', line);
    },
  },
  {
    name: 'x05-lsm-none',
    options: { lsm: 'none' },
    calls: [[101, 104]],
    run(lab) {
      lab.exec('ha', '/usr/bin/hwget x');
      for (const path of ['/data/secret.txt', '/etc/passwd', '/etc/group']) read(path)(lab);
      for (const name of ['hid', 'hls']) lab.exec('ha', `/usr/bin/${name}`);
    },
  },
  {
    name: 'x07-validation',
    calls: [[13, 31]],
    run(lab) {
      provoke('chown /home/user/u.txt', 'raw', 'read /data/sub/s.txt', 'read /home/user/u.txt', 'tcp 127.0.0.1:1')(lab);
      const commands = ['hid', 'hls /opt', 'hcat /etc/group', 'hps', 'hnc', 'htar', 'hcurl', 'hchmod'];
      for (const command of commands) lab.exec('ha', `/usr/bin/${command}`);
    },
  },
  { name: 'x10-throttle', calls: USE_CASES, run: provoke('flood /data/sub/s.txt 40') },
  {
    name: 'x13-posture-block-file',
    options: under('block'),
    calls: [[109, 109]],
    run(lab) {
      provoke('read /etc/passwd', 'write /tmp/a')(lab);
      read('/data/secret.txt')(lab);
      read('/etc/passwd')(lab);
      lab.exec('ha', '/usr/bin/hid');
    },
  },
  {
    name: 'x13-posture-block-process',
    options: under('block'),
    calls: [[111, 111]],
    run(lab) {
      lab.exec('ha', '/usr/bin/hid');
      read('/data/secret.txt')(lab);
      provoke('write /tmp/a', 'tcp 127.0.0.1:1')(lab);
    },
  },
  {
    name: 'x13-posture-block-net-cap',
    options: under('block'),
    calls: [[113, 113]],
    run: provoke('tcp 127.0.0.1:1', 'udp 10.0.2.3:9', 'raw', 'chown /data/sub/s.txt'),
  },
  {
    name: 'x13-posture-audit-process',
    calls: [[119, 122]],
    run(lab) {
      lab.exec('ha', '/usr/bin/hid');
      read('/data/sub/s.txt')(lab);
      lab.exec('ha', '/usr/bin/hls');
    },
  },
  {
    name: 'x13-posture-audit-net-cap',
    calls: [[124, 124]],
    run: provoke('tcp 127.0.0.1:1', 'udp 10.0.2.3:9', 'raw', 'chown /data/sub/s.txt'),
  },
  {
    name: 'x18-checks',
    calls: [
      [119, 121],
      [126, 127],
    ],
    run(lab) {
      lab.exec('ha', '/usr/bin/hwget x');
      read('/data/secret.txt')(lab);
      provoke(`rename ${CERTS}/ca.pem ${CERTS}/y.pem`, `rename ${CERTS}/ca.pem /tmp/y.pem`)(lab);
      lab.exec('ha', '/bin/cp /data/sub/s.txt /tmp/zz', (cp) => {
        cp.open('/data/sub/s.txt');
        cp.open('/tmp/zz', 'O_WRONLY|O_CREAT|O_TRUNC');
      });
      provoke(`rename /tmp/zz ${CERTS}/zz`)(lab);
      lab.exec('ha', `/bin/ls ${CERTS}`, (ls) => ls.open(CERTS, 'O_RDONLY|O_NONBLOCK|O_DIRECTORY|O_CLOEXEC'));
      kt(lab, 'ha', 'read /home/user/u.txt', { uid: 1000 });
      kt(lab, 'ha', 'read /home/user/u.txt');
      lab.exec('ha', '/bin/sh -c id', undefined, { tty: 'pts0' });
      lab.exec('ha', '/bin/id');
    },
  },
  {
    name: 'u01-net-tcp-fromsource',
    calls: USE_CASES,
    run(lab) {
      lab.exec('ha', '/usr/bin/nc -w1 127.0.0.1 1', (nc) => {
        nc.socket();
        nc.connect('127.0.0.1', 1, 'TCP', 'Connection refused');
      });
      lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/usr/bin/hnc', '-w1']));
      lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/usr/bin/hnc', '-w', '1'], { fork: false }).program?.socket());
      provoke('tcp 127.0.0.1:1')(lab);
    },
  },
  {
    name: 'u02-net-raw',
    calls: USE_CASES,
    run(lab) {
      provoke('raw')(lab);
      lab.exec('ha', '/bin/ping -c1 127.0.0.1', (ping) => ping.socket({ type: 'RAW', protocol: 'ICMP' }));
    },
  },
  { name: 'u03-net-udp', calls: USE_CASES, run: provoke('udp 10.0.2.3:9') },
  {
    name: 'u04-dns',
    calls: USE_CASES,
    run(lab) {
      for (const domain of ['evil.example.com', 'sub.evil.example.com', 'good.example.com', 'watched.example.org']) {
        provoke(`dns 10.0.2.3:53 ${domain}`)(lab);
      }
      provoke('dnssendto 10.0.2.3:53 evil.example.com')(lab);
      lab.exec('ha', '/bin/nslookup evil.example.com 10.0.2.3', (nslookup) => {
        nslookup.socket({ type: 'DGRAM' });
        nslookup.bind('0.0.0.0', 0);
        nslookup.connect('10.0.2.3', 53, 'UDP');
        nslookup.resolve('evil.example.com', '10.0.2.3');
      });
    },
  },
  {
    name: 'u06-certs-readonly',
    calls: USE_CASES,
    run: provoke(
      `read ${CERTS}/ca.pem`,
      `append ${CERTS}/ca.pem`,
      `write ${CERTS}/new.pem`,
      `rm ${CERTS}/ca.pem`,
      `rename ${CERTS}/ca.pem ${CERTS}/x.pem`,
      `symlink /tmp/x ${CERTS}/l`,
      `link /data/secret.txt ${CERTS}/h`,
      `chmod ${CERTS}/ca.pem`,
      `trunc ${CERTS}/ca.pem`,
      `mkdir ${CERTS}/d`,
      'rename /etc/ssl /etc/ssl2',
    ),
  },
  {
    name: 'u07-dir-nonrecursive',
    calls: USE_CASES,
    run: provoke('read /data/sub/s.txt', 'read /data/sub/deep/d.txt', 'write /data/sub/new'),
  },
  {
    name: 'u10-exec-from-tmp',
    calls: USE_CASES,
    run(lab) {
      lab.exec('ha', '/tmp/kt caps');
      lab.exec('ha', '/bin/sh -c …', (sh) => {
        sh.open('/tmp/x.sh', 'O_WRONLY|O_CREAT|O_TRUNC');
        sh.exec(['/tmp/x.sh']);
        sh.exec(['/bin/sh', '/tmp/x.sh']).program?.open('/tmp/x.sh', 'O_RDONLY|O_CLOEXEC');
      });
    },
  },
  {
    name: 'u12-setuid-binary',
    calls: USE_CASES,
    run: (lab) => lab.exec('ha', '/usr/bin/suid-id', undefined, { uid: 1000 }),
  },
  {
    name: 'u13-symlink-applet',
    calls: USE_CASES,
    run(lab) {
      lab.exec('ha', '/bin/wget -T1 http://127.0.0.1:1/');
      lab.exec('ha', '/bin/ls -la /bin/wget');
    },
  },
  {
    name: 'u14-execname',
    calls: USE_CASES,
    run(lab) {
      lab.exec('ha', '/usr/bin/hchmod 600 /data/secret.txt');
      lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/opt/hchmod', '600', '/x']));
    },
  },
  {
    name: 'u16-syscalls',
    calls: [[46, 68]],
    run: (lab) => {
      const lines = ['mount /tmp', 'umount /tmp', 'ptrace 1', 'write /data/del', 'rm /data/del', 'mkdir /data/dd'];
      lines.push('rmdir /data/dd', 'chmod /data/secret.txt', 'chown /data/secret.txt', 'setuid 1000', 'setgid 1000');
      provoke(...lines, 'insmod')(lab);
      lab.exec('ha', '/bin/insmod /lib/modules/x.ko');
    },
  },
  {
    name: 'u18-docker-exec-tty',
    calls: USE_CASES,
    run: (lab) => lab.exec('ha', '/bin/sh -c …', (sh) => sh.exec(['/usr/bin/apt', 'update']), { tty: 'pts0' }),
  },
];

async function replay(t: ExecutionContext, scenario: Scenario): Promise<void> {
  const lab = await openLab(t, scenario.options);
  if (scenario.prepare === undefined) {
    await lab.workload('ha');
    for (const [from, to] of scenario.calls ?? []) await make(lab, from, to);
  } else {
    await scenario.prepare(lab);
  }
  await lab.arrived();
  lab.forget();
  scenario.run(lab);
  await lab.arrived();
  const recorded = gists(readLines(`${scenario.name}.alerts.ndjson`), readLines(`${scenario.name}.logs.ndjson`));
  const { missing, extra } = differences(recorded, gists(lab.alerts, lab.logs));
  t.deepEqual({ missing, extra }, { missing: [], extra: [] });
}

for (const scenario of SCENARIOS) recordedTest(`as recorded: ${scenario.name}`, (t) => replay(t, scenario));

recordedTest('the recordings are not empty', (t) => {
  for (const { name } of SCENARIOS) {
    t.true([...readLines(`${name}.alerts.ndjson`), ...readLines(`${name}.logs.ndjson`)].length > 0, name);
  }
});
