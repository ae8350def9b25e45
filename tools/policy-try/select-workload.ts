/** Which policies hold for the container of an event, as far as its name tells. */
import { SERVICE_NAME_LABEL, type SecurityPolicy } from '#policy/types.ts';

const CONTAINER_NAME_LABEL = 'kubearmor.io/container.name';

/** `unknown`: the selector asks for labels, which recorded events do not carry (reference/kubearmor.md §5.3). */
export type Selected = 'yes' | 'no' | 'unknown';

/** Name of the container in its Open Horizon deployment, if anax named it: `<agreement id>-<name>` (§3.9). */
export function serviceNameOf(containerName: string): string | undefined {
  return /^(?:[0-9a-f]{64}|singleton)-(.+)$/.exec(containerName)?.[1];
}

/** Whether a container policy selects a container. */
export function selects(policy: SecurityPolicy, containerName: string): Selected {
  if (policy.kind !== 'KubeArmorPolicy') return 'no';
  const labels = Object.entries(policy.spec.selector?.matchLabels ?? {});
  const answers = labels.map(([label, value]) => labelMatches(label, value, containerName));
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

function labelMatches(label: string, value: string, containerName: string): Selected {
  if (label === CONTAINER_NAME_LABEL) return nameMatches(value, containerName) ? 'yes' : 'no';
  if (label !== SERVICE_NAME_LABEL) return 'unknown';
  const service = serviceNameOf(containerName);
  if (service === undefined) return containerName === value ? 'yes' : 'unknown';
  return service === value ? 'yes' : 'no';
}

/** The value is a regular expression without anchors behind the label's name, so in effect a prefix (§3.2). */
function nameMatches(value: string, containerName: string): boolean {
  try {
    return new RegExp(`${CONTAINER_NAME_LABEL}=${value}`).test(`${CONTAINER_NAME_LABEL}=${containerName}`);
  } catch {
    // KubeArmor answers Invalid and applies nothing.
    return false;
  }
}

/** Which events to look at: all, or those of named containers (`*` stands for anything) or services. */
export interface EventFilter {
  readonly containers: readonly string[];
  readonly services: readonly string[];
}

/** Host events have no container: they are looked at unless containers or services are named. */
export function filterBy({ containers, services }: EventFilter): (containerName: string | undefined) => boolean {
  if (containers.length + services.length === 0) return () => true;
  const patterns = containers.map((name) => new RegExp(`^${name.split('*').map(RegExp.escape).join('.*')}$`));
  return (name) =>
    name !== undefined &&
    (patterns.some((pattern) => pattern.test(name)) ||
      services.some((service) => name === service || serviceNameOf(name) === service));
}
