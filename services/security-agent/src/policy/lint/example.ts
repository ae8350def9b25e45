/** Whole policies around the few lines that an example is about. */

/** A container policy. `spec` is written with two spaces in front of every line. */
export function containerPolicy(spec: string, action = 'Block'): string {
  return `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: example
spec:
  severity: 5
${spec}${action === '' ? '' : `  action: ${action}\n`}`;
}

/** A policy for every host. */
export function hostPolicy(spec: string, action = 'Block'): string {
  return `apiVersion: security.kubearmor.com/v1
kind: KubeArmorHostPolicy
metadata:
  name: example
spec:
  nodeSelector:
    matchLabels:
      kubearmor.io/hostname: "*"
  severity: 5
${spec}  action: ${action}
`;
}
