/** The kinds of security.kubearmor.com/v1 (reference/kubearmor.md §4). */

export const API_VERSION = 'security.kubearmor.com/v1';

export type PolicyKind =
  | 'KubeArmorPolicy'
  | 'KubeArmorHostPolicy'
  | 'KubeArmorClusterPolicy'
  | 'KubeArmorNetworkPolicy';

export const POLICY_KINDS: readonly PolicyKind[] = [
  'KubeArmorPolicy',
  'KubeArmorHostPolicy',
  'KubeArmorClusterPolicy',
  'KubeArmorNetworkPolicy',
];

export function isPolicyKind(kind: unknown): kind is PolicyKind {
  return POLICY_KINDS.some((known) => known === kind);
}
