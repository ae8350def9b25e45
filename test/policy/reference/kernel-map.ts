/**
 * The kernel side of KubeArmor's BPF-LSM, byte by byte and without any index: a list of entries with 400-byte keys,
 * walked as the programs in BPF/ walk their map. Slow on purpose: the compiled evaluator is compared with it.
 */

import type { Rule } from '#policy/evaluate/rule.ts';

export const EXEC = 1;
export const WRITE = 2;
export const READ = 4;
export const OWNER = 8;
export const DIR = 16;
export const RECURSIVE = 32;
export const HINT = 64;
export const DENY = 128;
export const PTS = 512;
export const SIZE = 200;

export interface Entry {
  readonly key: Buffer;
  mask: [number, number];
}

export interface KernelMap {
  readonly entries: Entry[];
  readonly processList: boolean;
  readonly fileList: boolean;
  readonly networkList: boolean;
  readonly dnsList: boolean;
  readonly capabilityList: boolean;
}

/** As Go's copy into a [200]byte: no terminator when it is full. */
function goKey(path: string, source: string): Buffer {
  const key = Buffer.alloc(2 * SIZE);
  Buffer.from(path, 'utf8').copy(key, 0, 0, SIZE);
  Buffer.from(source, 'utf8').copy(key, SIZE, 0, SIZE);
  return key;
}

/** As bpf_probe_read_str into 200 bytes: 199 and a zero. */
export function kernelKey(path: Buffer, source: Buffer): Buffer {
  const key = Buffer.alloc(2 * SIZE);
  path.copy(key, 0, 0, SIZE - 1);
  source.copy(key, SIZE, 0, SIZE - 1);
  return key;
}

export function get(entries: readonly Entry[], key: Buffer): Entry | undefined {
  return entries.find((entry) => entry.key.equals(key));
}

function put(entries: Entry[], key: Buffer, mask: [number, number]): void {
  const known = get(entries, key);
  if (known === undefined) entries.push({ key, mask });
  else known.mask = mask;
}

const TYPES: Record<string, number> = { STREAM: 1, DGRAM: 2, RAW: 3, RDM: 4, SEQPACKET: 5, DCCP: 6, PACKET: 10 };
const NUMBERS: Record<string, number> = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 };
export const CAPABILITIES: Record<string, number> = { CHOWN: 0, NET_RAW: 13, SYS_ADMIN: 21, SETUID: 7 };

function bytes(...codes: number[]): string {
  return String.fromCharCode(...codes);
}

export function kernelMap(rules: readonly Rule[]): KernelMap {
  const lists: { process: Entry[]; file: Entry[]; network: Entry[] } = { process: [], file: [], network: [] };
  const seen = { process: false, file: false, protocol: false, dns: false, capability: false };
  const networkRules = rules.filter(({ kind }) => kind === 'protocol' || kind === 'dns');
  for (const rule of rules) {
    const { action } = rule.ref;
    if (action !== 'Allow' && action !== 'Block') continue;
    const deny = action === 'Block' ? DENY : 0;
    if (rule.kind === 'path' || rule.kind === 'execname') {
      const side = rule.operation;
      const readOnly = rule.kind === 'path' && rule.readOnly;
      let mask = (side === 'process' ? EXEC : READ | (readOnly ? 0 : WRITE)) | deny;
      if (rule.ownerOnly) mask |= OWNER;
      if (rule.onlyWithTty) mask |= PTS;
      for (const source of rule.sources ?? ['']) {
        put(lists[side], goKey(rule.kind === 'path' ? rule.path : rule.name, source), pair(side, mask));
      }
      if (action === 'Allow') seen[side] = true;
    } else if (rule.kind === 'directory') {
      const side = rule.operation;
      let mask = (side === 'process' ? EXEC : READ | (rule.readOnly ? 0 : WRITE)) | deny;
      if (rule.ownerOnly) mask |= OWNER;
      if (rule.onlyWithTty) mask |= PTS;
      if (rule.recursive) mask |= RECURSIVE;
      for (const source of rule.sources ?? ['']) dirToMap(lists[side], side, rule.directory, source, mask);
      if (action === 'Allow') seen[side] = true;
    } else if (rule.kind === 'capability') {
      for (const source of rule.sources ?? ['']) {
        const name = rule.capability.includes('cap_') ? rule.capability : `cap_${rule.capability}`;
        const code = CAPABILITIES[name.toUpperCase().replace(/^CAP_/, '')] ?? 0;
        const key = goKey('', source);
        key[0] = 200;
        key[1] = code;
        put(lists.network, key, [deny, 0]);
      }
      if (action === 'Allow') seen.capability = true;
    }
  }
  for (const policy of new Set(networkRules.map(({ ref }) => ref.policy))) {
    const own = networkRules.filter(({ ref }) => ref.policy === policy);
    const protocols = own.filter((rule) => rule.kind === 'protocol');
    const expanded = protocols.map((rule) => ({
      protocol: rule.protocol,
      action: rule.ref.action,
      sources: rule.sources ?? [''],
      tty: rule.onlyWithTty,
    }));
    const push = (action: string, sources: readonly string[]): void => {
      for (const protocol of Object.keys(TYPES)) expanded.push({ protocol, action, sources: [...sources], tty: false });
    };
    const done = new Set<string>();
    const sourced: Record<string, string[]> = { Allow: [], Block: [] };
    for (const rule of protocols) {
      if (rule.protocol.toUpperCase() !== 'ALL') continue;
      const { action } = rule.ref;
      if (rule.sources !== undefined) sourced[action]?.push(...rule.sources);
      else if ((action === 'Allow' || action === 'Block') && !done.has(action)) {
        done.add(action);
        push(action, ['']);
      }
    }
    for (const [action, sources] of Object.entries(sourced)) if (sources.length > 0) push(action, sources);
    for (const { protocol, action, sources, tty } of expanded) {
      if (action !== 'Allow' && action !== 'Block') continue;
      const name = protocol.toUpperCase();
      for (const source of sources) {
        const key = goKey('', source);
        if (NUMBERS[name] !== undefined) key.write(bytes(3, NUMBERS[name]), 0, 'latin1');
        else if (TYPES[name] !== undefined) key.write(bytes(2, TYPES[name]), 0, 'latin1');
        put(lists.network, key, [(action === 'Block' ? DENY : 0) | (tty ? PTS : 0), 0]);
      }
      if (action === 'Allow') seen.protocol = true;
    }
    for (const rule of own) {
      if (rule.kind !== 'dns') continue;
      const { action } = rule.ref;
      if (action !== 'Allow' && action !== 'Block') continue;
      const domain = rule.domain.replace(/^\.+/, '').replace(/\.+$/, '');
      for (const source of rule.sources ?? ['']) {
        for (const suffix of [
          '',
          '.cluster.local',
          '.svc.cluster.local',
          '.domain.name',
          '.container_namespace.svc.cluster.local',
        ]) {
          put(lists.network, goKey(domain + suffix, source), [action === 'Block' ? DENY : 0, 0]);
        }
      }
      if (action === 'Allow') seen.dns = true;
    }
  }
  const entries: Entry[] = [];
  for (const { key, mask } of lists.process) put(entries, key, [mask[0], 0]);
  for (const { key, mask } of lists.file) {
    const process = get(lists.process, key);
    put(entries, key, [process?.mask[0] ?? 0, mask[1]]);
  }
  for (const { key, mask } of lists.network) put(entries, key, mask);
  return {
    entries,
    processList: seen.process,
    fileList: seen.file,
    networkList: seen.protocol,
    dnsList: seen.dns,
    capabilityList: seen.capability,
  };
}

function pair(side: 'process' | 'file', mask: number): [number, number] {
  return side === 'process' ? [mask, 0] : [0, mask];
}

function dirToMap(list: Entry[], side: 'process' | 'file', directory: string, source: string, given: number): void {
  const index = side === 'process' ? 0 : 1;
  const parts = directory.split('/');
  let mask = given;
  put(list, goKey(parts.slice(0, -1).join('/'), source), pair(side, mask));
  mask |= DIR;
  const own = get(list, goKey(directory, source));
  if (own !== undefined && own.mask[index] & HINT) mask |= HINT;
  put(list, goKey(directory, source), pair(side, mask));
  for (let i = 1; i < parts.length - 1; i++) {
    mask = (mask & ~DIR) | HINT;
    const key = goKey(`${parts.slice(0, i).join('/')}/`, source);
    const old = get(list, key);
    if (old !== undefined && old.mask[index] & DIR) mask = old.mask[index] | HINT;
    put(list, key, pair(side, mask));
  }
}
