/** Which nodes an object goes to: found from its metadata, or set by hand, as an agbot does (reference/exchange-mms.md §C.6). */
import type { Placement } from '../mms/api-context.ts';
import type { MetaData } from '../mms/meta-data.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { type Delivery, type Destination, type ObjectKey, sameDestination } from '../mms/stored-object.ts';
import { internalError, invalidRequest } from '../mms/sync-error.ts';
import type { CssOutbox } from './outbox.ts';
import type { Registry } from './registry.ts';

/**
 * Nodes of a version without a destination policy: the one named, those listed, those of the type, or, without any of
 * these, every node of the organisation.
 */
export function deliveriesOf(
  registry: Registry,
  meta: MetaData,
  current: readonly Delivery[],
): {
  readonly deliveries: readonly Delivery[];
  readonly removed: readonly Delivery[];
} {
  const deliveries = nodesOf(registry, meta).map(pending);
  return { deliveries, removed: without(current, deliveries) };
}

function nodesOf(registry: Registry, meta: MetaData): readonly Destination[] {
  const { destinationOrgID: org, destinationType: type, destinationID: id, destinationsList: list } = meta;
  if (id !== '') {
    const node = registry.find(org, type, id);
    return node === undefined ? [] : [node];
  }
  return list === null || list.length === 0 ? registry.of(org, type) : named(registry, org, list);
}

/** @throws SyncError for a name that is none (400) or nobody's (500, on a bolt store) */
function named(registry: Registry, org: string, names: readonly string[]): readonly Destination[] {
  return names.map((name) => {
    const parts = name.split(':');
    const [type = '', id = ''] = parts;
    if (parts.length !== 2) throw invalidRequest(`Invalid destination ${name}`);
    const node = registry.find(org, type, id);
    if (node === undefined) throw internalError(`Failed to find destination ${name}`);
    return node;
  });
}

/** The destination calls. An object that is missing is a 500. */
export function placementOf(store: ObjectStore, registry: Registry, outbox: CssOutbox): Placement {
  const change = (
    key: ObjectKey,
    names: readonly string[],
    how: (current: readonly Delivery[], given: readonly Delivery[]) => readonly Delivery[],
  ): void => {
    const before = store.get(key);
    if (before === undefined) throw internalError('Object not found');
    const after = how(before.deliveries, named(registry, key.org, names).map(pending));
    store.change(key, (object) => ({ ...object, deliveries: after }));
    outbox.withdrawn(before, without(before.deliveries, after));
    if (before.status === 'ready') outbox.placed(before, without(after, before.deliveries));
  };
  return {
    replace: (key, names) => change(key, names, (current, given) => given.map((each) => find(current, each) ?? each)),
    add: (key, names) => change(key, names, (current, given) => [...current, ...without(given, current)]),
    remove: (key, names) => change(key, names, (current, given) => without(current, given)),
  };
}

const pending = (destination: Destination): Delivery => ({ destination, status: 'pending', message: '' });

const find = (among: readonly Delivery[], wanted: Delivery): Delivery | undefined =>
  among.find(({ destination }) => sameDestination(destination, wanted.destination));

const without = (all: readonly Delivery[], excepted: readonly Delivery[]): readonly Delivery[] =>
  all.filter((each) => find(excepted, each) === undefined);
