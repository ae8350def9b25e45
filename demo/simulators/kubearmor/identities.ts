/**
 * How KubeArmor matches a policy's selector with a container without Kubernetes (reference/kubearmor.md §3.1, §3.2).
 * Identities are `key=value` texts.
 */

const CONTAINER_NAME = 'kubearmor.io/container.name';
const HOST_NAME = 'kubearmor.io/hostname';
export const CONTAINER_NAMESPACE = 'container_namespace';

/** What a selector says, or why KubeArmor calls it Invalid. */
export type SelectorReading =
  | { readonly kind: 'valid'; readonly identities: readonly string[]; readonly endpointName: string }
  | { readonly kind: 'invalid' };

/** Reads a container policy's matchLabels; AppArmor needs the container name in it (§3.2). */
export function readSelector(
  matchLabels: Readonly<Record<string, string>> | undefined,
  enforcer: 'bpf' | 'apparmor' | 'none',
): SelectorReading {
  const labels = Object.entries(matchLabels ?? {});
  const name = matchLabels?.[CONTAINER_NAME];
  if (labels.length === 0) return { kind: 'invalid' };
  if (name !== undefined && labels.length > 1) return { kind: 'invalid' };
  if (name === undefined && enforcer === 'apparmor') return { kind: 'invalid' };
  if (name !== undefined && posixRegExp(name) === undefined) return { kind: 'invalid' };
  const identities = [`namespaceName=${CONTAINER_NAMESPACE}`, ...labels.map(([key, value]) => `${key}=${value}`)];
  return { kind: 'valid', identities: identities.sort(), endpointName: name ?? '' };
}

/** A node selector's identities; an empty one matches no node (§4.3). */
export function nodeIdentities(matchLabels: Readonly<Record<string, string>> | undefined): readonly string[] {
  return Object.entries(matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
}

/** Splits what KubeArmor joined with commas: a comma in a label's value makes two identities of it (§3.1). */
export function containerIdentities(labels: string): readonly string[] {
  return labels.split(',').sort();
}

/** Whether everything in `wanted` is among `had`; an empty selector matches nothing. */
export function matchIdentities(wanted: readonly string[], had: readonly string[]): boolean {
  return wanted.length > 0 && wanted.every((identity) => matches(identity, had));
}

function matches(identity: string, had: readonly string[]): boolean {
  if (identity.includes(CONTAINER_NAME)) return matchesFirst(CONTAINER_NAME, identity, had);
  if (identity.startsWith(`${HOST_NAME}reg=`)) {
    const pattern = identity.slice(`${HOST_NAME}reg=`.length).replaceAll('*', '.*');
    return matchesFirst(HOST_NAME, `kubearmor\\.io/hostname=${pattern}`, had);
  }
  if (identity.startsWith(`${HOST_NAME}=`)) return matchesHostList(identity.slice(HOST_NAME.length + 1), had);
  return had.includes(identity);
}

/**
 * Unanchored, and on the first identity with that key only; when there is none, it matches: that is how a name policy
 * attaches to an endpoint made for a label policy (§3.2).
 */
function matchesFirst(key: string, expression: string, had: readonly string[]): boolean {
  const first = had.find((identity) => identity.includes(key));
  if (first === undefined) return true;
  return posixRegExp(expression)?.test(first) ?? false;
}

function matchesHostList(list: string, had: readonly string[]): boolean {
  return list.split(',').some((name) => {
    if (name === '*') return had.some((identity) => identity.startsWith(`${HOST_NAME}=`));
    return had.includes(`${HOST_NAME}=${name}`);
  });
}

/** Perl's extensions are errors in POSIX syntax, and so is an operator upon an operator. */
const NOT_POSIX = /\\[a-zA-Z0-9]|\(\?|[*+?][*+?]|\{\d+(,\d*)?\}[*+?{]/;

/** A POSIX expression as a RegExp, or undefined when KubeArmor cannot compile it (`*`, `*foo`; §3.2). */
export function posixRegExp(expression: string): RegExp | undefined {
  if (NOT_POSIX.test(expression)) return undefined;
  try {
    return new RegExp(expression);
  } catch {
    return undefined;
  }
}
