import type { DnsQuery, NetworkPeer } from './event.ts';
import type { EventData } from './normalise-data.ts';

/** IP protocol numbers by the names KubeArmor prints (monitor/syscallParser.go); only those a rule can name, and 0. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['HOPOPT', 0],
  ['ICMP', 1],
  ['TCP', 6],
  ['TCPv6', 6],
  ['UDP', 17],
  ['UDPv6', 17],
  ['IPv6-ICMP', 58],
  ['SCTP', 132],
]);

/** What protocol 0 means for an internet socket of each type. */
const DEFAULT_PROTOCOLS: Readonly<Record<string, string>> = {
  SOCK_STREAM: 'tcp',
  SOCK_DGRAM: 'udp',
  SOCK_SEQPACKET: 'sctp',
  SOCK_RAW: 'raw',
};

const DIRECTIONS: Readonly<Record<string, NonNullable<NetworkPeer['direction']>>> = {
  SYS_SOCKET: 'create',
  SOCKET_CREATE: 'create',
  SYS_CONNECT: 'connect',
  SOCKET_CONNECT: 'connect',
  tcp_connect: 'connect',
  SYS_ACCEPT: 'accept',
  SOCKET_ACCEPT: 'accept',
  tcp_accept: 'accept',
  SYS_BIND: 'bind',
  SYS_LISTEN: 'listen',
  SOCKET_SENDMSG: 'send',
  UDP_SENDMSG: 'send',
  UDP_SENDSKB: 'send',
};

const MAPPED_PREFIX = '::ffff:';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * `Domain` names an address family in most network events and the queried name in those about DNS; only the probe that
 * reported it tells them apart (reference/kubearmor.md §5.2). The `Resource` of an attributed DNS event is the rule's
 * domain, not the queried one.
 */
export function dnsOf(pairs: EventData): DnsQuery | undefined {
  if (pairs.Kfunc === undefined && pairs.Lsm !== 'SOCKET_SENDMSG') return undefined;
  const domain = pairs.Domain;
  if (domain === undefined) return undefined;
  const type = pairs.Qtype;
  return type === undefined || type === '' ? { domain } : { domain, type };
}

/** Address, family, protocol and direction of a network event. */
export function networkOf(pairs: EventData, dns: DnsQuery | undefined): NetworkPeer {
  const peer: Mutable<NetworkPeer> = {};
  const address = pairs.Remoteip ?? pairs.Sin_addr ?? pairs.Daddr ?? pairs.Sun_path;
  if (address !== undefined && address !== '') peer.address = plainAddress(address);
  const port = Number(pairs.Port ?? pairs.Sin_port);
  if (Number.isInteger(port)) peer.port = port;
  const family = dns === undefined ? (pairs.Domain ?? pairs.Sa_family) : pairs.Sa_family;
  if (family !== undefined && family !== '') peer.family = family;
  const direction = DIRECTIONS[pairs.Lsm ?? pairs.Syscall ?? pairs.Kprobe ?? pairs.Kfunc ?? ''];
  if (direction !== undefined) peer.direction = direction;
  addProtocol(peer, pairs);
  if (dns !== undefined) peer.protocol = 'udp';
  return peer;
}

function addProtocol(peer: Mutable<NetworkPeer>, pairs: EventData): void {
  const type = pairs.Type?.split('|', 1)[0];
  if (type !== undefined && type !== '') peer.socketType = type;
  const name = pairs.Protocol;
  const number = name === undefined ? undefined : protocolNumber(name);
  if (number !== undefined) peer.protocolNumber = number;
  const protocol = protocolName(name, number, peer);
  if (protocol !== undefined) peer.protocol = protocol;
}

function protocolNumber(name: string): number | undefined {
  return PROTOCOL_NUMBERS.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
}

function protocolName(name: string | undefined, number: number | undefined, peer: NetworkPeer): string | undefined {
  if (number === 6) return 'tcp';
  if (number === 17) return 'udp';
  if (number === 58) return 'icmpv6';
  if (number !== undefined && number !== 0) return name?.toLowerCase();
  if (number === undefined && name !== undefined) return name.toLowerCase();
  const internet = peer.family === undefined || peer.family.startsWith('AF_INET');
  return internet && peer.socketType !== undefined ? DEFAULT_PROTOCOLS[peer.socketType] : undefined;
}

/** KubeArmor prints an IPv4-mapped IPv6 address as IPv4; other sources do not. */
function plainAddress(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.') ? address.slice(MAPPED_PREFIX.length) : address;
}
