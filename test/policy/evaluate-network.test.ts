import test from 'ava';
import { decides, NOTHING, policy } from './decides.ts';
import { capability, event, lookup, socket, syscall } from './raw-events.ts';

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
  'what failed for a reason of its own is not audited',
  decides,
  [policy({ network: { matchProtocols: [{ protocol: 'tcp' }] }, action: 'Audit' })],
  [
    [socket('domain=AF_INET type=SOCK_STREAM protocol=TCP'), 'audited p network.matchProtocols[0]'],
    [socket('domain=AF_INET type=SOCK_STREAM protocol=TCP', { Result: 'Too many open files' }), NOTHING],
  ],
);
