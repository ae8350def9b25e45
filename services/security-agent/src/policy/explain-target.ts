import { isFields } from './flat-rules.ts';
import { shownValue } from './shown-value.ts';

/** Whom a policy is for, in words. Policies of one selector work together. */
export function targetOf(policy: unknown): string {
  const { kind, spec: given } = isFields(policy) ? policy : {};
  const spec = isFields(given) ? given : {};
  if (kind === 'KubeArmorClusterPolicy') return 'nobody outside Kubernetes: it is a KubeArmorClusterPolicy';
  if (kind === 'KubeArmorNetworkPolicy' && isFields(spec.selector)) return 'no container outside Kubernetes';
  const host = kind === 'KubeArmorHostPolicy' || kind === 'KubeArmorNetworkPolicy';
  const selector = host ? spec.nodeSelector : spec.selector;
  const written = labelsOf(selector);
  if (host) return hostTarget(written);
  if (written !== '') return `containers with ${written}`;
  return isFields(selector) && Object.keys(selector).length > 0
    ? 'no container: its selector has no matchLabels'
    : 'the containers of the deployment it is attached to';
}

function hostTarget(labels: string): string {
  if (labels === 'kubearmor.io/hostname = *') return 'every host';
  return labels === '' ? 'no host: it has no labels' : `hosts with ${labels}`;
}

function labelsOf(selector: unknown): string {
  const labels = isFields(selector) && isFields(selector.matchLabels) ? Object.entries(selector.matchLabels) : [];
  return labels.map(([name, value]) => `${name} = ${shownValue(value)}`).join(' and ');
}

export function nameOf(policy: unknown): string {
  const metadata = isFields(policy) ? policy.metadata : undefined;
  return isFields(metadata) && typeof metadata.name === 'string' ? metadata.name : '(no name)';
}
