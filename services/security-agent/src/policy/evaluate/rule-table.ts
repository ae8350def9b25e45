import { ruleCapabilityCode } from './capability-code.ts';
import type {
  CapabilityMatch,
  DirectoryMatch,
  DnsMatch,
  ExecNameMatch,
  PathMatch,
  ProtocolMatch,
  Rule,
} from './rule.ts';
import {
  capabilityKey,
  fitsKey,
  PROTOCOLS,
  protocolKey,
  SOCKET_TYPES,
  socketTypeKey,
  truncatedKey,
} from './rule-key.ts';
import { ARGUMENTS, DENY, DIRECTORY, EXEC, HINT, OWNER, READ, RECURSIVE, TTY, WRITE } from './rule-mask.ts';

/** One entry: a mask for programs (and sockets, domains, capabilities) and one for files, and who wrote each last. */
export interface TableEntry {
  process: number;
  file: number;
  processRule?: Rule;
  fileRule?: Rule;
}

export type Entries = Map<string, TableEntry>;

/** Which categories are allow-lists: those with any Allow rule (§4.5). */
export interface Whitelists {
  process: boolean;
  file: boolean;
  network: boolean;
  dns: boolean;
  capabilities: boolean;
}

/** KubeArmor's rule map of one container, or of the host, as BPF-LSM has it (enforcer/bpflsm/rulesHandling.go). */
export interface RuleTable {
  readonly anySource: Entries;
  readonly bySource: ReadonlyMap<string, Entries>;
  readonly whitelists: Readonly<Whitelists>;
  /** Arguments allowed for a program, by `argumentsKey`. */
  readonly allowedArgs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Map entries in use. Those beyond 256 are lost, which of them is chance (§4.9). */
  readonly size: number;
}

export const TABLE_LIMIT = 256;

/** Kubernetes' search suffixes, which KubeArmor adds to every domain, on Docker hosts too (domaintoMap). */
const DOMAIN_SUFFIXES = ['', '.cluster.local', '.svc.cluster.local', '.domain.name'];
const CONTAINER_SUFFIX = '.container_namespace.svc.cluster.local';

type Side = 'process' | 'file';

/** Key of `allowedArgs`; source `''` is anybody. */
export const argumentsKey = (path: string, source: string): string => `${path}\n${source}`;

class TableBuilder {
  readonly anySource: Entries = new Map();
  readonly bySource = new Map<string, Entries>();
  readonly allowedArgs = new Map<string, Set<string>>();
  readonly whitelists: Whitelists = {
    process: false,
    file: false,
    network: false,
    dns: false,
    capabilities: false,
  };
  private readonly overlong = new Set<string>();

  /** The entry for a key, made when it is new; keys that can never match only count. */
  entry(path: string, source: string): TableEntry | undefined {
    if (!fitsKey(path) || !fitsKey(source)) {
      this.overlong.add(`${truncatedKey(path)}\n${truncatedKey(source)}`);
      return undefined;
    }
    const entries = this.entriesFor(source);
    let entry = entries.get(path);
    if (entry === undefined) {
      entry = { process: 0, file: 0 };
      entries.set(path, entry);
    }
    return entry;
  }

  put(side: Side, path: string, source: string, mask: number, rule: Rule): void {
    const entry = this.entry(path, source);
    if (entry === undefined) return;
    entry[side] = mask;
    entry[side === 'process' ? 'processRule' : 'fileRule'] = rule;
  }

  /** Sockets, domains and capabilities are written last and replace the whole value. */
  replace(path: string, source: string, mask: number, rule: Rule): void {
    const entry = this.entry(path, source);
    if (entry === undefined) return;
    entry.process = mask;
    entry.processRule = rule;
    entry.file = 0;
    delete entry.fileRule;
  }

  get size(): number {
    const entries = [this.anySource, ...this.bySource.values()].reduce((sum, { size }) => sum + size, 0);
    const whitelists = Object.values(this.whitelists).filter(Boolean).length;
    return entries + whitelists + this.overlong.size;
  }

  private entriesFor(source: string): Entries {
    if (source === '') return this.anySource;
    let entries = this.bySource.get(source);
    if (entries === undefined) {
      entries = new Map();
      this.bySource.set(source, entries);
    }
    return entries;
  }
}

/**
 * Builds the table. Later rules overwrite earlier ones on the same key, whichever policy they come from; only Allow and
 * Block rules are in it, and no patterns (§4.5, §4.9).
 *
 * @param namespaced true for container policies: their domains also match under Kubernetes' suffix of the namespace
 */
export function buildRuleTable(rules: readonly Rule[], namespaced: boolean): RuleTable {
  const table = new TableBuilder();
  const enforced = rules.filter(({ ref }) => ref.action === 'Allow' || ref.action === 'Block');
  for (const rule of enforced)
    if (rule.kind === 'path' || rule.kind === 'execname') putPath(table, rule);
    else if (rule.kind === 'directory') putDirectory(table, rule);
  // Within a policy the protocols come first, then what `all` stands for, then domains; capabilities after all policies.
  for (const policy of byPolicy(enforced)) {
    const protocols = policy.filter((rule) => rule.kind === 'protocol');
    for (const rule of protocols) putProtocol(table, rule);
    for (const [rule, source] of expandAll(protocols)) putEverySocketType(table, rule, source);
    for (const rule of policy) if (rule.kind === 'dns') putDomain(table, rule, namespaced);
  }
  for (const rule of enforced) if (rule.kind === 'capability') putCapability(table, rule);
  return table;
}

function* byPolicy(rules: readonly Rule[]): Generator<Rule[]> {
  let current: Rule[] = [];
  for (const rule of rules) {
    if (current[0] !== undefined && current[0].ref.policy !== rule.ref.policy) {
      yield current;
      current = [];
    }
    current.push(rule);
  }
  yield current;
}

function sourcesFor(rule: { readonly sources?: readonly string[] }): readonly string[] {
  return rule.sources ?? [''];
}

function denies(rule: Rule): number {
  return rule.ref.action === 'Block' ? DENY : 0;
}

function putPath(table: TableBuilder, rule: PathMatch | ExecNameMatch): void {
  const key = rule.kind === 'execname' ? rule.name : rule.path;
  const mask = objectMask(rule) | denies(rule);
  for (const source of sourcesFor(rule)) {
    table.put(rule.operation, key, source, mask, rule);
    if (rule.operation === 'process' && rule.allowedArgs.length > 0) {
      table.allowedArgs.set(argumentsKey(key, source), new Set(rule.allowedArgs));
    }
  }
  if (rule.ref.action === 'Allow') table.whitelists[rule.operation] = true;
}

function objectMask(rule: PathMatch | ExecNameMatch | DirectoryMatch): number {
  const owner = rule.ownerOnly ? OWNER : 0;
  const tty = rule.onlyWithTty ? TTY : 0;
  const recursive = rule.kind === 'directory' && rule.recursive ? RECURSIVE : 0;
  if (rule.operation === 'process') {
    const args = rule.kind !== 'directory' && rule.allowedArgs.length > 0 ? ARGUMENTS : 0;
    return EXEC | owner | tty | recursive | args;
  }
  return READ | (rule.readOnly ? 0 : WRITE) | owner | tty | recursive;
}

/** The directory as a file, as a directory, and a hint for each of its parents (dirtoMap). */
function putDirectory(table: TableBuilder, rule: DirectoryMatch): void {
  const side = rule.operation;
  const mask = objectMask(rule) | denies(rule);
  const parts = rule.directory.split('/');
  for (const source of sourcesFor(rule)) {
    table.put(side, parts.slice(0, -1).join('/'), source, mask, rule);
    const own = table.entry(rule.directory, source);
    const wasHint = own === undefined ? 0 : own[side] & HINT;
    table.put(side, rule.directory, source, mask | DIRECTORY | wasHint, rule);
    for (let depth = 1; depth < parts.length - 1; depth++) {
      putHint(table, `${parts.slice(0, depth).join('/')}/`, source, mask, rule);
    }
  }
  if (rule.ref.action === 'Allow') table.whitelists[side] = true;
}

function putHint(table: TableBuilder, parent: string, source: string, mask: number, rule: DirectoryMatch): void {
  const entry = table.entry(parent, source);
  if (entry === undefined) return;
  if (entry[rule.operation] & DIRECTORY) entry[rule.operation] |= HINT;
  else entry[rule.operation] = (mask & ~DIRECTORY) | HINT;
}

function putProtocol(table: TableBuilder, rule: ProtocolMatch): void {
  const mask = (rule.onlyWithTty ? TTY : 0) | denies(rule);
  for (const source of sourcesFor(rule)) table.replace(protocolRuleKey(rule.protocol), source, mask, rule);
  if (rule.ref.action === 'Allow') table.whitelists.network = true;
}

/** A protocol KubeArmor does not know leaves the key empty: no socket has that one, but an Allow still whitelists. */
function protocolRuleKey(protocol: string): string {
  const name = protocol.toUpperCase();
  const number = PROTOCOLS[name];
  if (number !== undefined) return protocolKey(number);
  const type = SOCKET_TYPES[name];
  return type === undefined ? '' : socketTypeKey(type);
}

/**
 * `all` stands for every socket type, without the rule's pts; sources are gathered, Allow before Block
 * (rulesHelper.go: handleAllNetworkRule).
 */
function expandAll(protocols: readonly ProtocolMatch[]): (readonly [ProtocolMatch, string])[] {
  const all = protocols.filter(({ protocol }) => protocol.toUpperCase() === 'ALL');
  const first = (action: string, sources: boolean) =>
    all.filter(({ ref, sources: from }) => ref.action === action && (from !== undefined) === sources);
  const unsourced = all.filter(
    (rule, index) =>
      rule.sources === undefined &&
      all.findIndex(({ ref, sources }) => sources === undefined && ref.action === rule.ref.action) === index,
  );
  const sourced = [...first('Allow', true), ...first('Block', true)];
  return [
    ...unsourced.map((rule) => [rule, ''] as const),
    ...sourced.flatMap((rule) => sourcesFor(rule).map((source) => [rule, source] as const)),
  ];
}

function putEverySocketType(table: TableBuilder, rule: ProtocolMatch, source: string): void {
  for (const type of Object.values(SOCKET_TYPES)) table.replace(socketTypeKey(type), source, denies(rule), rule);
}

function putDomain(table: TableBuilder, rule: DnsMatch, namespaced: boolean): void {
  const domain = rule.domain.replace(/^\.+|\.+$/g, '');
  const suffixes = namespaced ? [...DOMAIN_SUFFIXES, CONTAINER_SUFFIX] : DOMAIN_SUFFIXES;
  for (const source of sourcesFor(rule)) {
    for (const suffix of suffixes) table.replace(domain + suffix, source, denies(rule), rule);
  }
  if (rule.ref.action === 'Allow') table.whitelists.dns = true;
}

function putCapability(table: TableBuilder, rule: CapabilityMatch): void {
  const key = capabilityKey(ruleCapabilityCode(rule.capability));
  for (const source of sourcesFor(rule)) table.replace(key, source, denies(rule), rule);
  if (rule.ref.action === 'Allow') table.whitelists.capabilities = true;
}
