import { trimDots } from '../trim-dots.ts';

/**
 * Keys of KubeArmor's rule map: a path of 200 bytes and a source of 200 bytes (BPF/shared.h). The kernel reads at most
 * 199 bytes of a real path and a terminating zero; a rule's path fills all 200, so one that long never matches.
 */

/** Entries that the map has, for each container and for the host. */
export const BPF_MAP_ENTRIES = 256;
const KEY_BYTES = 200;
/** Bytes of a real path that the kernel looks up; a rule's path or source of more never matches. */
export const PATH_BYTES = KEY_BYTES - 1;
/** Directories are looked for at the slashes within the first 64 bytes (shared.h, enforcer.bpf.c: `i < 64`). */
export const DIRECTORY_BYTES = 64;

/** Bytes of a DNS name that are looked up (enforcer.bpf.c). */
export const DOMAIN_BYTES = 63;

const LONGEST_CHARACTER = 3;

/** Whether a rule's path can match at all: shorter than the key. */
export function fitsKey(path: string): boolean {
  return path.length * LONGEST_CHARACTER < KEY_BYTES || Buffer.byteLength(path) < KEY_BYTES;
}

/** A rule's path as the map holds it: its first 200 bytes. Long paths that differ only behind them share an entry. */
export function truncatedKey(path: string): string {
  return Buffer.from(path).subarray(0, KEY_BYTES).toString('latin1');
}

/** What a directory takes of the map (rulesHandling.go: dirtoMap). */
export interface DirectoryKeys {
  /** The directory as the kernel names it when it is opened itself: without its final slash. */
  readonly asFile: string;
  /** Every directory above it, as a hint to look further down, those left out that share a key with what is longer. */
  readonly above: readonly string[];
}

/** The keys of a directory, besides its own name. Ten thousand slashes are no more work than the key has bytes. */
export function directoryKeys(directory: string): DirectoryKeys {
  const last = directory.lastIndexOf('/');
  const above: string[] = [];
  for (let at = directory.indexOf('/'); at >= 0 && at < last && at < KEY_BYTES; at = directory.indexOf('/', at + 1))
    above.push(directory.slice(0, at + 1));
  return { asFile: last < 0 ? '' : directory.slice(0, last), above };
}

/** A real path as the kernel looks it up: cut at 199 bytes. */
export function kernelPath(path: string): string {
  if (path.length * LONGEST_CHARACTER <= PATH_BYTES) return path;
  const bytes = Buffer.from(path);
  return bytes.length <= PATH_BYTES ? path : bytes.subarray(0, PATH_BYTES).toString();
}

/** How many characters of a path lie within the bytes in which directories are looked for. */
export function directoryReach(path: string): number {
  if (path.length * LONGEST_CHARACTER <= DIRECTORY_BYTES) return path.length;
  let bytes = 0;
  let index = 0;
  for (; index < path.length && bytes < DIRECTORY_BYTES; index++) {
    const code = path.charCodeAt(index);
    // A pair of surrogates is four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : LONGEST_CHARACTER;
  }
  return index;
}

/** Socket types and IP protocols by the names rules use (rulesHandling.go: netType, protocols). */
export const SOCKET_TYPES: Readonly<Record<string, number>> = {
  STREAM: 1,
  DGRAM: 2,
  RAW: 3,
  RDM: 4,
  SEQPACKET: 5,
  DCCP: 6,
  PACKET: 10,
};

export const PROTOCOLS: Readonly<Record<string, number>> = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 };

/** Network and capability rules share the map with paths; their first byte is no character a path begins with. */
export const socketTypeKey = (type: number): string => `\u0002${String.fromCharCode(type)}`;
export const protocolKey = (protocol: number): string => `\u0003${String.fromCharCode(protocol)}`;
export const capabilityKey = (code: number): string => `\u00c8${String.fromCharCode(code)}`;

/**
 * The key of a protocol rule. A name that KubeArmor does not know leaves it empty: no socket has that one, but it takes
 * its place in the map, and an Allow whitelists. `all` is such a name; it stands for every socket type besides.
 */
export function protocolRuleKey(protocol: string): string {
  const name = protocol.toUpperCase();
  const number = PROTOCOLS[name];
  if (number !== undefined) return protocolKey(number);
  const type = SOCKET_TYPES[name];
  return type === undefined ? '' : socketTypeKey(type);
}

export function isEveryProtocol(protocol: string): boolean {
  return protocol.toUpperCase() === 'ALL';
}

/** What `all` stands for. */
export const EVERY_SOCKET_TYPE: readonly string[] = Object.values(SOCKET_TYPES).map(socketTypeKey);

/** Kubernetes' search suffixes, which KubeArmor adds to every domain, on Docker hosts too (domaintoMap). */
const DOMAIN_SUFFIXES = ['', '.cluster.local', '.svc.cluster.local', '.domain.name'];
const CONTAINER_SUFFIX = '.container_namespace.svc.cluster.local';

/**
 * The keys of a domain rule.
 *
 * @param namespaced true for container policies: their domains also match under Kubernetes' suffix of the namespace
 */
export function domainKeys(domain: string, namespaced: boolean): string[] {
  const name = trimDots(domain);
  return (namespaced ? [...DOMAIN_SUFFIXES, CONTAINER_SUFFIX] : DOMAIN_SUFFIXES).map((suffix) => name + suffix);
}
