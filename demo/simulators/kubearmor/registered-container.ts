import { CONTAINER_NAMESPACE } from './identities.ts';
import type { Container } from './machine.ts';

/** A container as KubeArmor registered it: as it was when Docker's start event was looked at (reference §3.4). */
export interface RegisteredContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly namespaceName: string;
  /** Joined with commas, in the order in which a Go map gives them: none. */
  readonly labels: string;
  readonly apparmorProfile: string;
  readonly privileged: boolean;
  /** 0 when its process was gone already, or when it shares the host's. */
  readonly pidNamespace: number;
  readonly mountNamespace: number;
  readonly startedAtMs: number;
}

const NAME_LABEL = 'kubearmor.io/container.name';
const NAMESPACE_LABEL = 'kubearmor.io/namespace';

/**
 * What KubeArmor makes of Docker's inspect. The labels keep the namespace that a label claims (no policy can match it
 * then), while the container itself always ends in the common one (§3.1).
 */
export function inspect(container: Container): RegisteredContainer {
  const { id, name, image, labels, apparmorProfile, privileged, startedAtMs, namespaces } = container;
  const claimed = labels[NAMESPACE_LABEL] ?? CONTAINER_NAMESPACE;
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  texts.push(`namespaceName=${claimed}`);
  if (labels[NAME_LABEL] === undefined) texts.push(`${NAME_LABEL}=${name}`);
  return {
    id,
    name,
    image,
    namespaceName: CONTAINER_NAMESPACE,
    labels: texts.join(','),
    apparmorProfile,
    privileged,
    pidNamespace: pidNamespaceOf(container),
    mountNamespace: namespaces?.mount ?? 0,
    startedAtMs,
  };
}

/** The host's own number, which the kernel side then takes for "the host". */
export const HOST_PID_NAMESPACE = 4_026_531_836;

function pidNamespaceOf({ namespaces, pidHost }: Container): number {
  if (namespaces === undefined) return 0;
  return pidHost ? HOST_PID_NAMESPACE : namespaces.pid;
}
