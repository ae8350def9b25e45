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

/** `delivered` is the best there is to know: with unlimited consumers nothing further is ever reported (§0, MMS). */
const ARRIVED: ReadonlySet<string> = new Set(['delivered', 'consumed']);

export async function readDeliveries(css: Css, objectIds: readonly string[]): Promise<Delivery[]> {
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

/** Looks again and again until every node has every object, or the time is over; returns the last look. */
export async function waitForDelivery(
  css: Css,
  objectIds: readonly string[],
  { timeoutMs, intervalMs = 2000, signal, onLook = () => {} }: WaitOptions,
): Promise<Delivery[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const deliveries = await readDeliveries(css, objectIds);
    onLook(deliveries);
    if (deliveries.every(isDelivered) || performance.now() + intervalMs > deadline) return deliveries;
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}
