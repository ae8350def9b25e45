/** Protocol and domain rules as entries of the rule table (rulesHandling.go, rulesHelper.go). */

import type { DnsMatch, ProtocolMatch, Rule } from './rule.ts';
import { PROTOCOLS, protocolKey, SOCKET_TYPES, socketTypeKey } from './rule-key.ts';
import { TTY } from './rule-mask.ts';
import type { TableBuilder } from './table-builder.ts';
import { deniesMask, sourcesFor } from './table-builder.ts';

/** Kubernetes' search suffixes, which KubeArmor adds to every domain, on Docker hosts too (domaintoMap). */
const DOMAIN_SUFFIXES = ['', '.cluster.local', '.svc.cluster.local', '.domain.name'];
const CONTAINER_SUFFIX = '.container_namespace.svc.cluster.local';

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
  for (const type of Object.values(SOCKET_TYPES)) table.replace(socketTypeKey(type), source, deniesMask(rule), rule);
}

function putDomain(table: TableBuilder, rule: DnsMatch, namespaced: boolean): void {
  const domain = rule.domain.replace(/^\.+|\.+$/g, '');
  const suffixes = namespaced ? [...DOMAIN_SUFFIXES, CONTAINER_SUFFIX] : DOMAIN_SUFFIXES;
  for (const source of sourcesFor(rule)) {
    for (const suffix of suffixes) table.replace(domain + suffix, source, deniesMask(rule), rule);
  }
  if (rule.ref.action === 'Allow') table.whitelists.dns = true;
}
