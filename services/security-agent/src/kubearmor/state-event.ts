import type { KnownContainer, Observation } from '#agent/workloads/observation.ts';
import { isObject, type JsonObject, numberOf, parseObject, textOf } from './json-object.ts';

/** What KubeArmor says of the node it runs on (GetState; reference/kubearmor.md §2.6). */
export interface NodeFacts {
  readonly name: string;
  readonly id: string;
  readonly kernel: string;
  readonly hostVisibility: string;
}

/** Everything that GetState told at one moment. */
export interface StateSnapshot {
  readonly node?: NodeFacts;
  readonly containers: readonly KnownContainer[];
}

/** The one message of GetState. */
export function readSnapshot(message: object, atMs: number): StateSnapshot {
  const events = 'StateEvents' in message && Array.isArray(message.StateEvents) ? message.StateEvents : [];
  let node: NodeFacts | undefined;
  const containers: KnownContainer[] = [];
  for (const event of events.filter(isObject)) {
    const object = parseObject(event.Object);
    if (object === undefined) continue;
    if (event.Kind === 'container') containers.push(containerOf(object, atMs));
    if (event.Kind === 'node') node = nodeOf(object);
  }
  return node === undefined ? { containers } : { node, containers };
}

/**
 * An observation from a message of WatchState, or undefined for one that is not about a container. A container that
 * died is `updated` and waits: its registration stays, on namespaces that are gone (§3.4).
 */
export function readStateEvent(message: object, atMs: number): Observation | undefined {
  const event: JsonObject = { ...message };
  const object = event.Kind === 'container' ? parseObject(event.Object) : undefined;
  if (object === undefined) return undefined;
  const container = containerOf(object, atMs);
  switch (event.Type) {
    case 'added':
      return { kind: 'state-added', container, atMs };
    case 'deleted':
      return { kind: 'state-removed', container, atMs };
    case 'updated':
      return { kind: 'state-waiting', container, atMs };
    default:
      return undefined;
  }
}

/**
 * KubeArmor does not tell when it registered a container: the moment we heard of it is the upper bound. Its
 * `last_updated_at` is when the registered run began, as Docker told (dockerHandler.go:196).
 */
function containerOf(object: JsonObject, heardAtMs: number): KnownContainer {
  return {
    id: textOf(object, 'containerID'),
    name: textOf(object, 'containerName'),
    image: textOf(object, 'containerImage'),
    labels: splitLabels(textOf(object, 'labels')),
    pidNamespace: numberOf(object, 'pidns'),
    mountNamespace: numberOf(object, 'mntns'),
    runStartedAtMs: parseGoTime(textOf(object, 'last_updated_at')),
    registeredAtMs: heardAtMs,
  };
}

/** Go's `2026-11-23 23:22:03.59900853 +0000 UTC` in milliseconds since the epoch; 0 when it is not that. */
export function parseGoTime(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(\.\d+)? \+0000 UTC/.exec(text);
  if (match === null) return 0;
  const [, day, time, fraction = ''] = match;
  return Date.parse(`${day}T${time}Z`) + Number(`0${fraction || '.0'}`) * 1000;
}

/**
 * The labels of a container: `key=value`, joined by commas in any order (§0). A piece without `=` belongs to the value
 * before it, which had a comma in it.
 */
export function splitLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let key: string | undefined;
  for (const piece of text.split(',')) {
    const cut = piece.indexOf('=');
    if (cut > 0) {
      key = piece.slice(0, cut);
      labels[key] = piece.slice(cut + 1);
    } else if (key !== undefined) {
      labels[key] += `,${piece}`;
    }
  }
  return labels;
}

function nodeOf(object: JsonObject): NodeFacts {
  const annotations = isObject(object.annotations) ? object.annotations : {};
  return {
    name: textOf(object, 'nodeName'),
    id: textOf(object, 'nodeID'),
    kernel: textOf(object, 'kernelVersion'),
    hostVisibility: textOf(annotations, 'kubearmor-visibility'),
  };
}
