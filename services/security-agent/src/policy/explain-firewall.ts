import type { ValuePath } from './document.ts';
import type { Effect } from './explain-rule.ts';
import { listed } from './explain-words.ts';
import { type Fields, isFields } from './flat-rules.ts';
import { shownValue } from './shown-value.ts';

/** An entry of a KubeArmorNetworkPolicy in words. */
export interface FirewallRule {
  readonly at: ValuePath;
  readonly effect: Exclude<Effect, 'nothing'>;
  readonly text: string;
}

/** The entries of a KubeArmorNetworkPolicy, the firewall of the host (reference/kubearmor.md §4.6); none of others. */
export function firewallRules(policy: unknown): FirewallRule[] {
  if (!isFields(policy) || policy.kind !== 'KubeArmorNetworkPolicy' || !isFields(policy.spec)) return [];
  const { spec } = policy;
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    maps(spec[direction]).map(({ fields, index }) => ({
      at: ['spec', direction, index],
      ...ruleInWords(direction, fields, fields.action ?? spec.action ?? 'Block'),
    })),
  );
}

function ruleInWords(direction: 'ingress' | 'egress', rule: Fields, action: unknown): Omit<FirewallRule, 'at'> {
  const way = direction === 'ingress' ? 'that come in' : 'that go out';
  if (typeof rule.limit === 'string' && typeof rule.duration === 'string') {
    const effect = effectOf(action);
    const over = effect === 'reported' ? 'is reported' : 'is dropped';
    return { effect, text: `Of packets ${way}, what is more than ${rule.limit} in ${rule.duration} ${over}.` };
  }
  const peers = maps(rule[direction === 'ingress' ? 'from' : 'to']).flatMap(({ fields }) =>
    isFields(fields.ipBlock) ? [shownValue(fields.ipBlock.cidr)] : [],
  );
  const ports = maps(rule.ports).map(({ fields }) => portInWords(fields));
  const links = Array.isArray(rule.iface) ? rule.iface.map(shownValue) : [];
  const packets = [
    `Packets ${way}`,
    ...(peers.length === 0 ? [] : [`${direction === 'ingress' ? 'from' : 'to'} ${listed(peers, 'or')}`]),
    ...(ports.length === 0 ? [] : [`for ${listed(ports, 'or')}`]),
    ...(links.length === 0 ? [] : [`through ${listed(links, 'or')}`]),
  ].join(' ');
  const effect = effectOf(action);
  const become = { blocked: 'are dropped', allowed: 'may pass', reported: 'may pass and are reported' };
  return { effect, text: `${packets} ${become[effect]}.` };
}

function portInWords({ protocol, port, endPort }: Fields): string {
  const name = typeof protocol === 'string' ? `${protocol.toUpperCase()} ` : '';
  const numbers = port === undefined ? 'any port' : `port ${shownValue(port)}`;
  return `${name}${numbers}${endPort === undefined ? '' : ` to ${shownValue(endPort)}`}`;
}

/** Whatever is neither Allow nor Audit drops, in any case of its letters (networkPolicyEnforcer.go). */
function effectOf(action: unknown): FirewallRule['effect'] {
  const name = typeof action === 'string' ? action.toLowerCase() : '';
  return name === 'allow' ? 'allowed' : name === 'audit' ? 'reported' : 'blocked';
}

function maps(list: unknown): { readonly fields: Fields; readonly index: number }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((fields: unknown, index) => (isFields(fields) ? [{ fields, index }] : []));
}
