import { setTimeout as delay } from 'node:timers/promises';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import type { Css, Destination } from './css.ts';

/** How far an object has come: the nodes it is meant for, and those that have it. */
export interface Delivery {
  readonly objectId: string;
  readonly nodes: number;
  readonly delivered: number;
  /** Node ids that do not have it yet. */
  readonly waiting: readonly string[];
}

/** What is asked of the CSS here. */
export type Destinations = Pick<Css, 'destinations'>;

/** `delivered` is the best there is to know: with unlimited consumers nothing further is ever reported (§0, MMS). */
const ARRIVED: ReadonlySet<string> = new Set(['delivered', 'consumed']);

/** What the CSS tells now. Right after a write it may still tell of the object before: see waitForDelivery. */
export async function readDeliveries(css: Destinations, objectIds: readonly string[]): Promise<Delivery[]> {
  return Promise.all(
    objectIds.map(async (objectId) => deliveryOf(objectId, await css.destinations(POLICY_OBJECT_TYPE, objectId))),
  );
}

export function deliveryOf(objectId: string, destinations: readonly Destination[]): Delivery {
  const waiting = destinations.filter(({ status }) => !ARRIVED.has(status)).map(({ id }) => id);
  return { objectId, nodes: destinations.length, delivered: destinations.length - waiting.length, waiting };
}

export function isDelivered({ waiting }: Delivery): boolean {
  return waiting.length === 0;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  /** A node asks for news once in 60 s when nothing happens (§C.10): asking more often than this shows nothing new. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  readonly onLook?: (deliveries: readonly Delivery[]) => void;
}

/**
 * Looks again and again until every node has every object, or the time is over; returns the last look. `delivered` counts
 * only when two looks in a row say so: a CSS works off updates in a queue of its own, and until then a node that had the
 * object's last version still counts as served (seen on a real one; core/base/apiModule.go, UpdateObject).
 */
export async function waitForDelivery(
  css: Destinations,
  objectIds: readonly string[],
  { timeoutMs, intervalMs = 2000, signal, onLook = () => {} }: WaitOptions,
): Promise<Delivery[]> {
  const deadline = performance.now() + timeoutMs;
  const look = async (): Promise<Delivery[]> => readDeliveries(css, objectIds);
  let before = await look();
  if (before.every(({ nodes }) => nodes === 0)) {
    onLook(before);
    return before;
  }
  for (;;) {
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
    const now = await look();
    const confirmed = now.map((delivery, index) => bothSay(before[index], delivery));
    onLook(confirmed);
    if (confirmed.every(isDelivered) || performance.now() + intervalMs > deadline) return confirmed;
    before = now;
  }
}

/** The later look, but with those waiting that waited in either. */
function bothSay(before: Delivery | undefined, now: Delivery): Delivery {
  const late = new Set([...(before?.waiting ?? []), ...now.waiting]);
  const waiting = [...late];
  return { ...now, waiting, delivered: Math.max(0, now.nodes - waiting.length) };
}
