import test from 'ava';
import { type Destinations, waitForDelivery } from '#tools/hub/delivery.ts';

/** A CSS whose one destination goes through these states, one a look; the last one stays. */
function css(...states: readonly string[]): Destinations & { readonly looks: () => number } {
  let looks = 0;
  return {
    looks: () => looks,
    destinations: async () => {
      const status = states[Math.min(looks, states.length - 1)];
      looks += 1;
      return status === undefined ? [] : [{ type: 'openhorizon.edgenode', id: 'edge1', status, message: '' }];
    },
  };
}

const options = { timeoutMs: 5000, intervalMs: 5 };

test('what the version before had come to does not count as delivered', async (t) => {
  const hub = css('delivered', 'delivering', 'delivering', 'delivered', 'delivered');
  t.like(await waitForDelivery(hub, ['p'], options), [{ nodes: 1, delivered: 1, waiting: [] }]);
  t.is(hub.looks(), 5);
});

test('without time to wait there are two looks all the same, and one that waited counts', async (t) => {
  const stale = await waitForDelivery(css('delivered', 'delivering'), ['p'], { ...options, timeoutMs: 0 });
  t.like(stale, [{ nodes: 1, delivered: 0, waiting: ['edge1'] }]);
  const fresh = await waitForDelivery(css('delivering', 'delivered'), ['p'], { ...options, timeoutMs: 0 });
  t.like(fresh, [{ nodes: 1, delivered: 0, waiting: ['edge1'] }]);
  const stays = await waitForDelivery(css('delivered'), ['p'], { ...options, timeoutMs: 0 });
  t.like(stays, [{ nodes: 1, delivered: 1, waiting: [] }]);
});

test('an object that is meant for no node needs no second look', async (t) => {
  const hub = css();
  t.like(await waitForDelivery(hub, ['p'], options), [{ nodes: 0, delivered: 0, waiting: [] }]);
  t.is(hub.looks(), 1);
});
