import type { PostureAction } from './decision.ts';
import { capabilityKey, DOMAIN_BYTES, kernelPath, protocolKey, SOCKET_TYPES, socketTypeKey } from './rule-key.ts';
import { DENY, TTY } from './rule-mask.ts';
import type { RuleTable, TableEntry } from './rule-table.ts';
import { denied, passed, strictest, unlisted, type Verdict } from './verdict.ts';

const STREAM = 1;
const DGRAM = 2;
const SEQPACKET = 5;
const TCP = 6;
const UDP = 17;
const SCTP = 132;

export interface SocketAccess {
  /** SOCK_STREAM is 1, and so on; absent where the event only names the protocol. */
  readonly type?: number;
  /** IP protocol as given to socket(); absent where the event only names the type. */
  readonly protocol?: number;
  /** Executable of the acting process; empty when unknown. */
  readonly source: string;
  readonly tty: boolean;
}

/**
 * enforcer.bpf.c, match_net_rules: type and source, protocol and source, type, protocol. The address family plays no
 * part: a unix stream socket counts as tcp, a netlink one as raw.
 */
export function judgeSocket(table: RuleTable, socket: SocketAccess, posture: PostureAction): Verdict {
  const keys = socketKeys(socket);
  return judgeKeys(table, [...keys.keys()], socket.source, (entry, key) => {
    const printed = keys.get(key);
    const told = printed === undefined ? {} : { socket: printed };
    if (entry === undefined) return { ...unlisted(table.whitelists.network, posture), ...told };
    const { process: mask, processRule: rule } = entry;
    if (mask & DENY && (!(mask & TTY) || socket.tty)) return { ...denied(rule), ...told };
    if (!table.whitelists.network || posture !== 'block') return passed(rule);
    return { ...(mask & TTY && socket.tty ? denied(rule) : passed(rule, true)), ...told };
  });
}

/** Keys in the order in which they are looked up, with what the hook's event prints for each (bpflsm/enforcer.go). */
function socketKeys({ type, protocol }: SocketAccess): ReadonlyMap<string, string> {
  const number = protocolOf(type, protocol);
  const keys = new Map<string, string>();
  if (type !== undefined) keys.set(socketTypeKey(type), `type=${typeName(type)}`);
  if (number !== undefined) keys.set(protocolKey(number), PRINTED_PROTOCOLS[number] ?? String(number));
  return keys;
}

function typeName(type: number): string {
  const name = Object.keys(SOCKET_TYPES).find((each) => SOCKET_TYPES[each] === type);
  return `SOCK_${name ?? type}`;
}

const PRINTED_PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'HOPOPT',
  1: 'protocol=ICMP type=SOCK_RAW',
  6: 'protocol=TCP type=SOCK_STREAM',
  17: 'protocol=UDP type=SOCK_DGRAM',
  58: 'protocol=IPv6-ICMP type=SOCK_RAW',
  132: 'protocol=SCTP type=SOCK_STREAM|SOCK_SEQPACKET',
};

/** Protocol 0 is the type's own. */
function protocolOf(type: number | undefined, protocol: number | undefined): number | undefined {
  if (protocol !== 0) return protocol;
  if (type === STREAM) return TCP;
  if (type === DGRAM) return UDP;
  return type === SEQPACKET ? SCTP : 0;
}

/** enforcer.bpf.c, enforce_cap. */
export function judgeCapability(table: RuleTable, code: number, source: string, posture: PostureAction): Verdict {
  return judgeKeys(table, [capabilityKey(code)], source, (entry) => {
    if (entry === undefined) return unlisted(table.whitelists.capabilities, posture);
    return entry.process & DENY ? denied(entry.processRule) : passed(entry.processRule);
  });
}

const MAX_LABELS = 10;

/**
 * enforcer.bpf.c, match_dns_rules: the name, then each of its parents, first for the source. Letters are compared as
 * they are; a name is cut at 63 characters; ten labels are cut off at most.
 */
export function judgeDns(table: RuleTable, domain: string, source: string, posture: PostureAction): Verdict {
  const names = [...parentDomains(domain.slice(0, DOMAIN_BYTES))];
  return judgeKeys(table, names, source, (entry) => {
    if (entry?.process !== undefined && entry.process & DENY) return denied(entry.processRule);
    const { dns } = table.whitelists;
    if (entry === undefined) return unlisted(dns, posture);
    // On an allow-list every query is told to user space, those that are listed, too.
    return passed(entry.processRule, dns);
  });
}

function* parentDomains(domain: string): Generator<string> {
  let name = domain;
  yield name;
  for (let label = 0; label < MAX_LABELS; label++) {
    const dot = name.indexOf('.');
    if (dot < 0) return;
    name = name.slice(dot + 1);
    yield name;
  }
}

/** Looks the keys up, first for the source, then for anybody; an unknown source may be any. */
function judgeKeys(
  table: RuleTable,
  keys: readonly string[],
  source: string,
  judge: (entry: TableEntry | undefined, key: string) => Verdict,
): Verdict {
  const unsourced = judgeFirst(table.anySource, keys, judge) ?? judge(undefined, keys.at(-1) ?? '');
  if (source !== '') return judgeFirst(table.bySource.get(kernelPath(source)), keys, judge) ?? unsourced;
  return [...table.bySource.values()]
    .flatMap((other) => judgeFirst(other, keys, judge) ?? [])
    .reduce((known, alternative) => strictest(known, alternative, 'source'), unsourced);
}

function judgeFirst(
  entries: ReadonlyMap<string, TableEntry> | undefined,
  keys: readonly string[],
  judge: (entry: TableEntry, key: string) => Verdict,
): Verdict | undefined {
  for (const key of keys) {
    const entry = entries?.get(key);
    if (entry !== undefined) return judge(entry, key);
  }
  return undefined;
}
