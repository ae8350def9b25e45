import { ruleCapabilityCode } from './capability-code.ts';
import type { CapabilityMatch, DirectoryMatch, ExecNameMatch, PathMatch, Rule } from './rule.ts';
import { capabilityKey, directoryKeys } from './rule-key.ts';
import { ARGUMENTS, DIRECTORY, EXEC, HINT, OWNER, READ, RECURSIVE, TTY, WRITE } from './rule-mask.ts';
import { deniesMask, type RuleTable, sourcesFor, TableBuilder } from './table-builder.ts';
import { putNetworkRules } from './table-network.ts';

export type { Entries, RuleTable, TableEntry } from './table-builder.ts';

/** Key of `allowedArgs`; source `''` is anybody. */
export const argumentsKey = (path: string, source: string): string => `${path}\n${source}`;

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
  for (const policy of byPolicy(enforced)) putNetworkRules(table, policy, namespaced);
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

function putPath(table: TableBuilder, rule: PathMatch | ExecNameMatch): void {
  const key = rule.kind === 'execname' ? rule.name : rule.path;
  const mask = objectMask(rule) | deniesMask(rule);
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
  const mask = objectMask(rule) | deniesMask(rule);
  const { asFile, above } = directoryKeys(rule.directory);
  for (const source of sourcesFor(rule)) {
    table.put(side, asFile, source, mask, rule);
    const own = table.entry(rule.directory, source);
    const wasHint = own === undefined ? 0 : own[side] & HINT;
    table.put(side, rule.directory, source, mask | DIRECTORY | wasHint, rule);
    for (const parent of above) putHint(table, parent, source, mask, rule);
  }
  if (rule.ref.action === 'Allow') table.whitelists[side] = true;
}

function putHint(table: TableBuilder, parent: string, source: string, mask: number, rule: DirectoryMatch): void {
  const entry = table.entry(parent, source);
  if (entry === undefined) return;
  if (entry[rule.operation] & DIRECTORY) entry[rule.operation] |= HINT;
  else entry[rule.operation] = (mask & ~DIRECTORY) | HINT;
}

function putCapability(table: TableBuilder, rule: CapabilityMatch): void {
  const key = capabilityKey(ruleCapabilityCode(rule.capability));
  for (const source of sourcesFor(rule)) table.replace(key, source, deniesMask(rule), rule);
  if (rule.ref.action === 'Allow') table.whitelists.capabilities = true;
}
