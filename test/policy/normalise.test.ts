import test from 'ava';
import fc from 'fast-check';
import { normalise } from '#policy/normalise.ts';
import { event, exec, HOST, hook, lookup, open, type Raw, raw, socket } from './raw-events.ts';
import { eventsOf, lines, missingRuns, runs } from './recorded-runs.ts';

/** The same event as stdout JSON spells it. */
function stdout(facts: Raw): Raw {
  const names: Readonly<Record<string, string>> = {
    HostPID: 'hostPid',
    HostPPID: 'hostPPid',
    NodeID: 'nodeID',
    ContainerID: 'containerID',
    ATags: 'atags',
    TTY: 'tty',
    PID: 'pid',
    PPID: 'ppid',
    UID: 'uid',
    OID: 'oid',
  };
  const spell = (name: string): string => names[name] ?? name.charAt(0).toLowerCase() + name.slice(1);
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [spell(name), name === 'Timestamp' ? Number(value) : value]),
  );
}

test('both spellings give the same event', (t) => {
  for (const facts of [
    raw({ Resource: '/etc/passwd', Data: 'syscall=SYS_OPENAT flags=O_RDONLY', Type: 'ContainerLog' }),
    raw({
      Type: 'MatchedPolicy',
      PolicyName: 'p',
      Severity: '5',
      ATags: ['A'],
      Tags: 'A',
      Message: 'm',
      Action: 'Block',
      Enforcer: 'BPFLSM',
      Result: 'Permission denied',
    }),
    raw({ ...HOST, Operation: 'Process', Resource: '/bin/ls -l', Data: 'syscall=SYS_EXECVE' }),
  ]) {
    t.deepEqual(normalise(stdout(facts)), normalise(facts));
  }
});

test('an alert has its verdict, with the severity as a number; a log has none', (t) => {
  const facts = {
    PolicyName: 'p',
    Severity: '5',
    Tags: 'NIST,PCI_DSS',
    Message: 'm',
    Action: 'Audit',
    Enforcer: 'eBPF Monitor',
  };
  const alert = event({ Type: 'MatchedPolicy', ...facts });
  t.like(alert, {
    origin: 'alert',
    policyName: 'p',
    severity: 5,
    message: 'm',
    action: 'Audit',
    enforcer: 'eBPF Monitor',
  });
  t.deepEqual(alert.tags, ['NIST', 'PCI_DSS']);
  const log = event({ Type: 'ContainerLog', ...facts });
  t.is(log.origin, 'log');
  t.is(log.policyName, undefined);
  t.is(event({ Type: 'MatchedPolicy', Severity: '' }).severity, undefined);
});

test('time is read to the microsecond, from Timestamp if need be', (t) => {
  t.is(event({}).timeMicros, 1_795_476_079_964_159);
  t.is(event({ UpdatedTime: '2026-11-23T23:59:60.000001Z' }).timeMicros, 1_795_478_400_000_001);
  t.is(event({ UpdatedTime: 'yesterday' }).timeMicros, 1_795_476_079_000_000);
  t.is(event({ UpdatedTime: '2026-11-24T01:21:19+02:00' }).timeMicros, 1_795_476_079_000_000);
  t.deepEqual(normalise(raw({ UpdatedTime: '', Timestamp: '0' })), { kind: 'rejected', reason: 'no-time' });
});

test('what is no event is rejected with the reason', (t) => {
  for (const value of [undefined, null, 7, 'x', [], [raw({})]]) {
    t.deepEqual(normalise(value), { kind: 'rejected', reason: 'not-an-object' });
  }
  for (const value of [{}, { Level: 'INFO', Message: 'm', Type: 'Message' }, { Operation: 7 }, { timestamp: 1 }]) {
    t.deepEqual(normalise(value), { kind: 'rejected', reason: 'not-an-event' });
  }
});

test('EventData is read before Data, and Data where there is none', (t) => {
  const data = 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY';
  t.is(event({ Data: data, EventData: { Syscall: 'SYS_UNLINK' } }).syscall, 'unlink');
  t.is(event({ Data: data, EventData: {} }).syscall, 'openat');
  t.is(event({ Data: data, EventData: null }).syscall, 'openat');
  t.deepEqual(event({ Data: data, EventData: { Syscall: 'SYS_OPENAT', Odd: 7 } }).eventData, { Syscall: 'SYS_OPENAT' });
});

test('Domain is an address family, except where a name was queried', (t) => {
  const stream = socket('domain=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=HOPOPT');
  t.is(stream.category, 'network');
  t.deepEqual(stream.network, {
    family: 'AF_INET',
    direction: 'create',
    socketType: 'SOCK_STREAM',
    protocolNumber: 0,
    protocol: 'tcp',
  });
  const query = lookup('evil.example.com');
  t.is(query.category, 'dns');
  t.deepEqual(query.dns, { domain: 'evil.example.com', type: 'A' });
  t.like(query.network, { address: '10.0.2.3', family: 'AF_INET', direction: 'send', protocol: 'udp' });
  const blocked = event({
    Operation: 'Network',
    Resource: 'evil.example.com',
    Data: 'lsm=SOCKET_SENDMSG domain=sub.evil.example.com',
  });
  t.deepEqual(blocked.dns, { domain: 'sub.evil.example.com' });
  t.is(blocked.network?.family, undefined);
});

test('peers of every family', (t) => {
  const peer = (resource: string, data: string) =>
    event({ Operation: 'Network', Resource: resource, Data: data }).network;
  t.like(peer('remoteip=1.2.3.4 port=443 protocol=TCP', 'kprobe=tcp_connect domain=AF_INET'), {
    address: '1.2.3.4',
    port: 443,
    protocol: 'tcp',
    direction: 'connect',
    family: 'AF_INET',
  });
  t.like(peer('remoteip=::ffff:172.17.0.2 port=2375 protocol=TCPv6', 'kprobe=tcp_accept domain=AF_INET6'), {
    address: '172.17.0.2',
    protocol: 'tcp',
    direction: 'accept',
    family: 'AF_INET6',
  });
  t.like(peer('sin_addr=2001:db8::1 sa_family=AF_INET6 sin_port=53', 'syscall=SYS_CONNECT fd=3'), {
    address: '2001:db8::1',
    port: 53,
  });
  t.like(peer('sa_family=AF_UNIX sun_path=/var/run/docker.sock', 'syscall=SYS_CONNECT fd=9'), {
    address: '/var/run/docker.sock',
  });
  t.is(socket('domain=AF_UNIX type=SOCK_STREAM protocol=HOPOPT').network?.protocol, undefined);
  t.is(socket('domain=AF_INET6 type=SOCK_RAW protocol=IPv6-ICMP').network?.protocol, 'icmpv6');
  t.is(socket('domain=AF_NETLINK type=SOCK_RAW protocol=HOPOPT').network?.protocol, undefined);
});

test('a path may have blanks, a command has arguments', (t) => {
  t.is(open('/data/my file').path, '/data/my file');
  const listing = exec('/bin/ls -l /tmp');
  t.deepEqual([listing.path, listing.args], ['/bin/ls', ['-l', '/tmp']]);
  const spaced = exec('/opt/my tool -v', { ProcessName: '/opt/my tool' });
  t.deepEqual([spaced.path, spaced.args], ['/opt/my tool', ['-v']]);
  const link = exec('/bin/cat /etc/passwd', { ProcessName: '/bin/busybox' });
  t.deepEqual([link.path, link.args], ['/bin/busybox', ['/etc/passwd']]);
  const unknown = exec('/tmp/x -v', { ProcessName: '' });
  t.deepEqual([unknown.path, unknown.args], ['/tmp/x', ['-v']]);
});

test("a denial's command line may be the caller's: then the arguments are unknown", (t) => {
  const denied = hook('SECURITY_BPRM_CHECK', '/bin/sh -c ln /usr/bin/x /opt/x; /opt/x 600 /y', {
    Operation: 'Process',
    ProcessName: '/opt/x',
  });
  t.deepEqual([denied.path, denied.args], ['/opt/x', undefined]);
});

test('ptrace is about the traced program and starts none', (t) => {
  const traced = event({
    Operation: 'Process',
    ProcessName: '/bin/gdb',
    Resource: '/bin/busybox',
    Data: 'syscall=SYS_PTRACE request=PTRACE_ATTACH pid=1',
  });
  t.deepEqual([traced.path, traced.args, traced.actor.executable], ['/bin/busybox', undefined, '/bin/gdb']);
});

test('whether an access writes, as far as the event tells', (t) => {
  t.is(open('/x').write, false);
  t.is(open('/x', 'O_RDONLY|O_CREAT').write, true);
  t.is(open('/x', 'O_RDWR').write, true);
  t.is(hook('FILE_OPEN', '/x').write, undefined);
  t.is(hook('FILE_CHMOD', '/x').write, true);
  t.is(event({ Resource: '/x', Data: 'syscall=SYS_UNLINKAT flags=' }).write, true);
});

test('the owner is known from opens in stdout JSON alone', (t) => {
  t.is(open('/x').ownerUid, undefined);
  t.is(open('/x', 'O_RDONLY', { OID: 1000 }).ownerUid, 1000);
  t.is(hook('FILE_OPEN', '/x', { OID: 0 }).ownerUid, undefined);
});

test('capabilities, throttling, devices, host events, processes from outside', (t) => {
  t.is(
    event({ Operation: 'Capabilities', Resource: 'CAP_NET_RAW', Data: 'lsm=CAPABLE CAP_NET_RAW' }).capability,
    'net_raw',
  );
  const throttled = event({
    Operation: 'AlertThreshold',
    Type: 'SystemEvent',
    MaxAlertsPerSec: 10,
    DroppingAlertsInterval: 30,
  });
  t.is(throttled.category, 'throttle');
  t.deepEqual(throttled.throttle, { maxAlertsPerSecond: 10, silentSeconds: 30 });
  const usb = event({
    ...HOST,
    Operation: 'Device',
    Resource: 'USB MASS-STORAGE',
    Data: 'Class=8 SubClass=6 Protocol=80 Level=1',
  });
  t.deepEqual(usb.device, { class: 8, subClass: 6, protocol: 80, level: 1 });
  t.is(usb.container, undefined);
  t.is(exec('/bin/sh', { ExecEvent: { ExecID: '4061560385470' } }).actor.execId, '4061560385470');
  t.is(exec('/bin/sh').actor.execId, undefined);
  t.is(event({ Operation: 'NetworkFirewall' }).category, 'other');
});

test('never throws, whatever the fields hold', (t) => {
  const keys = [
    ...Object.keys(raw({})),
    ...Object.keys(stdout(raw({}))),
    'ATags',
    'OID',
    'oid',
    'Severity',
    '__proto__',
  ];
  const field = fc.constantFrom(...keys);
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom('Process', 'File', 'Network', 'Syscall', 'Device', 'Capabilities', 'AlertThreshold'),
    fc.string().map((text) => `syscall=SYS_${text} lsm=${text} domain=${text} =x =`),
  );
  const garbage = fc.dictionary(field, value, { maxKeys: 12 });
  t.notThrows(() =>
    fc.assert(
      fc.property(garbage, fc.boolean(), (given, complete) => {
        const outcome = normalise(complete ? { ...raw({}), ...given } : given);
        if (outcome.kind === 'event') JSON.stringify(outcome.event);
      }),
      { numRuns: 3000 },
    ),
  );
});

if (missingRuns === undefined) {
  test('every recorded event is one', (t) => {
    for (const run of runs())
      for (const stream of ['alerts', 'logs'] as const) t.notThrows(() => eventsOf(run.name, stream));
    for (const line of lines('stdout-json.ndjson')) t.is(normalise(JSON.parse(line)).kind, 'event');
  });
} else {
  test.skip(`every recorded event is one (${missingRuns})`, () => {});
}
