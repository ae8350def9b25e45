import test from 'ava';
import { type HeldPayload, inForce } from '#agent/sources/held.ts';
import { applyListing, WORKLOAD_GONE_MS } from '#agent/sources/vanish.ts';
import { payload } from '../payloads.ts';

const publisher = { keyId: 'a'.repeat(64) };
const hold = (name: string, options: Parameters<typeof payload>[2] = {}): HeldPayload => ({
  payload: payload(publisher, name, options),
  keyId: publisher.keyId,
  envelope: '',
  objectIds: [],
  acceptedAtMs: 0,
  idleMs: 0,
});
const mapOf = (...all: readonly HeldPayload[]): Map<string, HeldPayload> =>
  new Map(all.map((each) => [each.payload.id, each]));
const listing = { nowMs: 1000, elapsedMs: 5000, onVanish: 'keep', workloadPresent: () => true } as const;

const web = hold('web');
const house = hold('house', { layer: 'node' });
const farm = hold('farm', { layer: 'node' });

test('what somebody deletes stays in force, and is said to have vanished', (t) => {
  const { held, vanished } = applyListing(mapOf(web), new Set(), listing);
  const kept = held.get(web.payload.id);
  t.deepEqual(vanished, [web.payload.id]);
  t.is(kept?.vanishedAtMs, 1000);
  t.true(kept !== undefined && inForce(kept));
});

test('what comes back is no longer vanished', (t) => {
  const gone = applyListing(mapOf(web), new Set(), listing).held;
  const { held, returned } = applyListing(gone, new Set([web.payload.id]), listing);
  t.deepEqual(returned, [web.payload.id]);
  t.is(held.get(web.payload.id)?.vanishedAtMs, undefined);
});

test('a vanished policy ends when its workload has been gone for a day of uptime, not before', (t) => {
  const absent = { ...listing, workloadPresent: () => false, elapsedMs: WORKLOAD_GONE_MS - 1 };
  const first = applyListing(mapOf(web), new Set(), absent);
  t.deepEqual(first.ended, []);
  const last = applyListing(first.held, new Set(), { ...absent, elapsedMs: 1 });
  t.deepEqual(last.ended, [{ id: web.payload.id, why: 'workload-gone-for-a-day' }]);
});

test('a clock set forward by a year ends nothing', (t) => {
  const { ended } = applyListing(mapOf(web), new Set(), {
    ...listing,
    nowMs: 365 * WORKLOAD_GONE_MS,
    workloadPresent: () => false,
  });
  t.deepEqual(ended, []);
});

test('a workload that returns starts the day anew', (t) => {
  const absent = { ...listing, workloadPresent: () => false, elapsedMs: WORKLOAD_GONE_MS - 1 };
  const back = applyListing(applyListing(mapOf(web), new Set(), absent).held, new Set(), listing);
  t.is(back.held.get(web.payload.id)?.idleMs, 0);
});

test('a node default ends only when another one takes its place', (t) => {
  t.deepEqual(applyListing(mapOf(house), new Set(), { ...listing, workloadPresent: () => false }).ended, []);
  t.deepEqual(applyListing(mapOf(house, farm), new Set([farm.payload.id]), listing).ended, [
    { id: house.payload.id, why: 'replaced-by-another-node-default' },
  ]);
});

test('onVanish: drop takes a deletion for a withdrawal', (t) => {
  const { held, ended } = applyListing(mapOf(web), new Set(), { ...listing, onVanish: 'drop' });
  t.is(ended[0]?.why, 'dropped-on-vanish');
  const dropped = held.get(web.payload.id);
  t.true(dropped !== undefined && !inForce(dropped));
});

test('what ended is kept for its seq, said to have ended once, and comes back with its object', (t) => {
  const ended = applyListing(mapOf(web), new Set(), { ...listing, onVanish: 'drop' });
  const again = applyListing(ended.held, new Set(), { ...listing, onVanish: 'drop' });
  t.deepEqual(again.ended, []);
  const back = applyListing(again.held, new Set([web.payload.id]), listing).held.get(web.payload.id);
  t.true(back !== undefined && inForce(back));
});

test('a withdrawal is kept for ever', (t) => {
  const withdrawn = hold('web', { policies: [], seq: 9 });
  const { held, ended } = applyListing(mapOf(withdrawn), new Set(), { ...listing, onVanish: 'drop' });
  t.deepEqual(ended, []);
  t.is(held.get(withdrawn.payload.id)?.payload.seq, 9);
});
