import { isObject, type JsonObject, parseObject, textOf } from './json-object.ts';

/** A policy as getProbeData lists it: under the name it has on the node, with the spec as KubeArmor completed it. */
export interface ListedPolicy {
  readonly name: string;
  readonly kind: 'KubeArmorPolicy' | 'KubeArmorHostPolicy';
  /** Endpoints that hold it: container names, or the selector's text for one made before its container (§3.3). */
  readonly endpoints: readonly string[];
  /** With inherited fields filled in, so it does not compare equal to what was sent. */
  readonly spec: JsonObject;
}

/** What KubeArmor holds (reference/kubearmor.md §2.5). Not a full list: endpoints of the same name hide each other. */
export interface ProbeData {
  /** Names of the containers that it has registered. */
  readonly containers: readonly string[];
  /** Endpoints that are listed, with or without policies. */
  readonly endpoints: readonly string[];
  readonly policies: readonly ListedPolicy[];
}

/** Reads an answer of getProbeData. Never throws: what cannot be read is not listed. */
export function readProbe(answer: object): ProbeData {
  const { containerList, containerMap, hostMap } = { containerList: [], containerMap: {}, hostMap: {}, ...answer };
  const containers: readonly unknown[] = Array.isArray(containerList) ? containerList : [];
  return {
    containers: containers.filter((name) => typeof name === 'string'),
    endpoints: Object.keys(isObject(containerMap) ? containerMap : {}),
    policies: [...listed(containerMap, 'KubeArmorPolicy'), ...listed(hostMap, 'KubeArmorHostPolicy')],
  };
}

function listed(byEndpoint: unknown, kind: ListedPolicy['kind']): ListedPolicy[] {
  const found = new Map<string, ListedPolicy>();
  for (const [endpoint, held] of Object.entries(isObject(byEndpoint) ? byEndpoint : {})) {
    for (const document of documentsOf(held)) {
      const metadata = isObject(document.metadata) ? document.metadata : {};
      const name = textOf(metadata, 'policyName');
      const before = found.get(name);
      found.set(name, {
        name,
        kind,
        endpoints: [...(before?.endpoints ?? []), endpoint],
        spec: before?.spec ?? (isObject(document.spec) ? document.spec : {}),
      });
    }
  }
  return [...found.values()];
}

function documentsOf(held: unknown): JsonObject[] {
  const list: readonly unknown[] = isObject(held) && Array.isArray(held.policyDataList) ? held.policyDataList : [];
  return list.flatMap((entry) => {
    const document = isObject(entry) ? parseObject(entry.policy) : undefined;
    return document === undefined ? [] : [document];
  });
}
