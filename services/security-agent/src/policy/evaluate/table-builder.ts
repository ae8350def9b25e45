import type { Rule } from './rule.ts';
import { fitsKey, truncatedKey } from './rule-key.ts';
import { DENY } from './rule-mask.ts';

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

export type Side = 'process' | 'file';

/** The map while it is filled, with what overwrites what (rulesHandling.go). */
export class TableBuilder {
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

/** The sources under which a rule is entered; `''` is anybody. */
export function sourcesFor(rule: { readonly sources?: readonly string[] }): readonly string[] {
  return rule.sources ?? [''];
}

/** DENY for a Block rule. */
export function deniesMask(rule: Rule): number {
  return rule.ref.action === 'Block' ? DENY : 0;
}
