/** Protocol and domain rules as entries of the rule table (rulesHandling.go, rulesHelper.go). */

import type { DnsMatch, ProtocolMatch, Rule } from './rule.ts';
import { domainKeys, EVERY_SOCKET_TYPE, isEveryProtocol, protocolRuleKey } from './rule-key.ts';
import { TTY } from './rule-mask.ts';
import type { TableBuilder } from './table-builder.ts';
import { deniesMask, sourcesFor } from './table-builder.ts';

/**
 * Enters the network rules of one policy: the protocols, then what `all` stands for, then the domains.
 *
 * @param namespaced true for container policies: their domains also match under Kubernetes' suffix of the namespace
 */
export function putNetworkRules(table: TableBuilder, policy: readonly Rule[], namespaced: boolean): void {
  const protocols = policy.filter((rule) => rule.kind === 'protocol');
  for (const rule of protocols) putProtocol(table, rule);
  for (const [rule, source] of expandAll(protocols)) putEverySocketType(table, rule, source);
  for (const rule of policy) if (rule.kind === 'dns') putDomain(table, rule, namespaced);
}

function putProtocol(table: TableBuilder, rule: ProtocolMatch): void {
  const mask = (rule.onlyWithTty ? TTY : 0) | deniesMask(rule);
  for (const source of sourcesFor(rule)) table.replace(protocolRuleKey(rule.protocol), source, mask, rule);
  if (rule.ref.action === 'Allow') table.whitelists.network = true;
}

/**
 * `all` stands for every socket type, without the rule's pts; sources are gathered, Allow before Block
 * (rulesHelper.go: handleAllNetworkRule).
 */
function expandAll(protocols: readonly ProtocolMatch[]): (readonly [ProtocolMatch, string])[] {
  const all = protocols.filter(({ protocol }) => isEveryProtocol(protocol));
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
  for (const key of EVERY_SOCKET_TYPE) table.replace(key, source, deniesMask(rule), rule);
}

function putDomain(table: TableBuilder, rule: DnsMatch, namespaced: boolean): void {
  const keys = domainKeys(rule.domain, namespaced);
  for (const source of sourcesFor(rule)) {
    for (const key of keys) table.replace(key, source, deniesMask(rule), rule);
  }
  if (rule.ref.action === 'Allow') table.whitelists.dns = true;
}
