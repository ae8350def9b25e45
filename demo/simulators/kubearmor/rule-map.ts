import { CAPABILITIES } from './capabilities.ts';
import type { HostSpec, StoredPolicy } from './policy-shape.ts';

/**
 * The rules of one container as BPF-LSM sees them: one map from a path (and the acting program) to what may be done.
 * Independent of #policy/evaluate on purpose: what checks the agent must not share its mistakes. Facts: reference
 * /kubearmor.md §4.2, §4.5, §4.9, §4.10.
 */

export const DENY = 1;
export const WRITE = 2;
export const OWNER = 4;
export const DIRECTORY = 8;
export const RECURSIVE = 16;
/** An ancestor of a directory with rules: the walk along a path goes on. */
export const HINT = 32;
export const ARGUMENTS = 64;
export const TERMINAL = 128;

export type Posture = 'allow' | 'audit' | 'block';

export interface RuleTable {
  readonly rules: ReadonlyMap<string, number>;
  /** Whether any Allow rule makes the category a whitelist. */
  readonly whitelist: boolean;
}

export interface RuleMap {
  readonly process: RuleTable;
  readonly file: RuleTable;
  /** Keys are `type:1` and `protocol:6`. */
  readonly network: RuleTable;
  readonly dns: RuleTable;
  readonly capabilities: RuleTable;
  readonly allowedArguments: ReadonlyMap<string, readonly string[]>;
}

/** Keys are 200 bytes with an end mark; a longer path never equals what the kernel asks for (§4.9). */
const LONGEST = 199;
/** Entries of one container's map (§4.9); what does not fit is a line in a log. */
const MOST_ENTRIES = 256;

type Rules = StoredPolicy['spec'] | HostSpec;
interface Draft {
  readonly rules: Map<string, number>;
  whitelist: boolean;
}

export function ruleKey(path: string, source = ''): string {
  return `${path}\0${source}`;
}

/** The map for a container with these policies, in their order: a later rule for the same key wins (§4.5). */
export function compileRules(specs: readonly Rules[]): RuleMap {
  const tables = { process: draft(), file: draft(), network: draft(), dns: draft(), capabilities: draft() };
  const allowedArguments = new Map<string, readonly string[]>();
  for (const spec of specs) {
    addProcess(spec, tables.process, allowedArguments);
    addFile(spec, tables.file);
    addNetwork(spec, tables.network);
    addDns(spec, tables.dns);
    addCapabilities(spec, tables.capabilities);
  }
  let free = MOST_ENTRIES;
  for (const { rules, whitelist } of Object.values(tables)) {
    if (whitelist) free--;
    for (const key of rules.keys()) if (free-- <= 0) rules.delete(key);
  }
  return { ...tables, allowedArguments };
}

function draft(): Draft {
  return { rules: new Map(), whitelist: false };
}

/** What a rule asks for; anything but Allow and Block has no effect in the kernel. */
function enter(table: Draft, action: string | undefined, put: (deny: number) => void): void {
  if (action === 'Allow') table.whitelist = true;
  if (action === 'Allow' || action === 'Block') put(action === 'Block' ? DENY : 0);
}

function sourcesOf(rule: { readonly fromSource?: readonly { readonly path?: string | undefined }[] | undefined }) {
  return rule.fromSource?.map((source) => source.path ?? '') ?? [''];
}

function flags(rule: { readonly ownerOnly?: true | undefined; readonly pts?: boolean | undefined }): number {
  return (rule.ownerOnly ? OWNER : 0) | (rule.pts === false ? TERMINAL : 0);
}

function addProcess(spec: Rules, table: Draft, allowedArguments: Map<string, readonly string[]>): void {
  for (const rule of spec.process.matchPaths ?? []) {
    const mask = flags(rule) | (rule.allowedArgs ? ARGUMENTS : 0);
    for (const source of sourcesOf(rule)) {
      const key = ruleKey(rule.execname ?? rule.path ?? '', source);
      enter(table, rule.action, (deny) => table.rules.set(key, mask | deny));
      if (rule.allowedArgs) allowedArguments.set(key, rule.allowedArgs);
    }
  }
  for (const rule of spec.process.matchDirectories ?? []) {
    const mask = flags(rule) | (rule.recursive ? RECURSIVE : 0);
    for (const source of sourcesOf(rule)) {
      enter(table, rule.action, (deny) => addDirectory(table.rules, rule.dir, source, mask | deny));
    }
  }
}

function addFile(spec: Rules, table: Draft): void {
  for (const rule of spec.file.matchPaths ?? []) {
    const mask = flags(rule) | (rule.readOnly ? 0 : WRITE);
    for (const source of sourcesOf(rule)) {
      enter(table, rule.action, (deny) => table.rules.set(ruleKey(rule.path, source), mask | deny));
    }
  }
  for (const rule of spec.file.matchDirectories ?? []) {
    const mask = flags(rule) | (rule.readOnly ? 0 : WRITE) | (rule.recursive ? RECURSIVE : 0);
    for (const source of sourcesOf(rule)) {
      enter(table, rule.action, (deny) => addDirectory(table.rules, rule.dir, source, mask | deny));
    }
  }
}

/**
 * A directory is entered three times: by its name as a file, by its name with the slash, and each ancestor as a hint.
 * Without its final slash the first entry is its parent, and the second never matches a file (§4.10).
 */
function addDirectory(rules: Map<string, number>, directory: string, source: string, mask: number): void {
  const parts = directory.split('/');
  rules.set(ruleKey(parts.slice(0, -1).join('/'), source), mask);
  const key = ruleKey(directory, source);
  const wasHint = (rules.get(key) ?? 0) & HINT;
  let entered = mask | DIRECTORY | wasHint;
  rules.set(key, entered);
  for (let count = 1; count < parts.length - 1; count++) {
    const hint = ruleKey(`${parts.slice(0, count).join('/')}/`, source);
    const before = rules.get(hint) ?? 0;
    entered = (before & DIRECTORY ? before : entered & ~DIRECTORY) | HINT;
    rules.set(hint, entered);
  }
}

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

function addNetwork(spec: Rules, table: Draft): void {
  const rules = spec.network.matchProtocols ?? [];
  for (const rule of rules) {
    const key = socketKey(rule.protocol.toUpperCase());
    for (const source of sourcesOf(rule)) {
      enter(table, rule.action, (deny) => table.rules.set(ruleKey(key, source), flags(rule) | deny));
    }
  }
  // `all` stands for every type of socket, behind all other rules of its policy: so it overrules them.
  const everything = rules.filter(({ protocol }) => protocol.toUpperCase() === 'ALL');
  const anySource = everything.filter(({ fromSource }) => fromSource === undefined);
  const withSource = everything.filter(({ fromSource }) => fromSource !== undefined);
  const allows = withSource.filter((rule) => rule.action === 'Allow');
  for (const rule of [...firstOfEach(anySource), ...allows, ...withSource.filter((each) => each.action === 'Block')]) {
    for (const source of sourcesOf(rule)) {
      for (const type of Object.values(SOCKET_TYPES)) {
        enter(table, rule.action, (deny) => table.rules.set(ruleKey(`type:${type}`, source), deny));
      }
    }
  }
}

/** The first that allows and the first that blocks, in their order. */
function firstOfEach<R extends { readonly action?: string | undefined }>(rules: readonly R[]): readonly R[] {
  return rules.filter((rule, index) => rules.findIndex(({ action }) => action === rule.action) === index);
}

/** An unknown protocol is a key that no socket has; it still makes a whitelist (§4.10). So does `all`, by itself. */
function socketKey(protocol: string): string {
  if (PROTOCOLS[protocol] !== undefined) return `protocol:${PROTOCOLS[protocol]}`;
  return `type:${SOCKET_TYPES[protocol] ?? 'unknown'}`;
}

/** Suffixes that a resolver in a cluster would add; matched everywhere (§4.9). */
const SEARCH_SUFFIXES = [
  '',
  '.cluster.local',
  '.svc.cluster.local',
  '.domain.name',
  '.container_namespace.svc.cluster.local',
];

function addDns(spec: Rules, table: Draft): void {
  for (const rule of spec.network.matchDNSQueries ?? []) {
    const domain = rule.domain.replace(/^\.+|\.+$/g, '');
    for (const source of sourcesOf(rule)) {
      for (const suffix of SEARCH_SUFFIXES) {
        enter(table, rule.action, (deny) => table.rules.set(ruleKey(domain + suffix, source), deny));
      }
    }
  }
}

function addCapabilities(spec: Rules, table: Draft): void {
  for (const rule of spec.capabilities.matchCapabilities ?? []) {
    const name = rule.capability.toUpperCase();
    // Upper case "CAP_X" is not seen as having its prefix: it becomes CAP_CAP_X, which is not known, which is 0, CHOWN.
    const code = CAPABILITIES[rule.capability.includes('cap_') ? name : `CAP_${name}`] ?? 0;
    for (const source of sourcesOf(rule)) {
      enter(table, rule.action, (deny) => table.rules.set(ruleKey(String(code), source), deny));
    }
  }
}

/** The rule that the kernel finds for a path, or undefined: the walk of §4.5 for one acting program, or for any. */
export function lookUpPath(table: RuleTable, path: string, source: string): number | undefined {
  if (path.length > LONGEST) return undefined;
  const exact = table.rules.get(ruleKey(path, source));
  return exact ?? lookUpDirectory(table, path, source);
}

/** Slashes beyond this place are not looked at (§4.9). */
const DEEPEST_SLASH = 64;

export function lookUpDirectory(table: RuleTable, path: string, source: string): number | undefined {
  let recursive: number | undefined;
  let last: number | undefined;
  for (let at = 0; at < Math.min(path.length, DEEPEST_SLASH); at++) {
    if (path[at] !== '/') continue;
    const mask = table.rules.get(ruleKey(path.slice(0, at + 1), source));
    last = mask !== undefined && mask & DIRECTORY ? mask : undefined;
    if (mask === undefined) break;
    if (last === undefined || !(mask & RECURSIVE)) continue;
    recursive = mask;
    if (!(mask & HINT)) return mask;
  }
  return recursive ?? last;
}
