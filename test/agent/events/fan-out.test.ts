import test from 'ava';
import fc from 'fast-check';
import { createFanOut } from '#agent/events/fan-out.ts';

test('every consumer gets every item, in order', async (t) => {
  const fanOut = createFanOut<number>();
  const consumers = [fanOut.subscribe('a'), fanOut.subscribe('b')];
  for (let item = 0; item < 5; item += 1) fanOut.publish(item);
  fanOut.close();
  for (const consumer of consumers) t.deepEqual(await Array.fromAsync(consumer), [0, 1, 2, 3, 4]);
});

test('a slow consumer loses its oldest items, knows how many, and holds up nobody', async (t) => {
  const fanOut = createFanOut<number>();
  const slow = fanOut.subscribe('slow', 3);
  const fast = fanOut.subscribe('fast', 1000);
  for (let item = 0; item < 100; item += 1) fanOut.publish(item);
  t.deepEqual(slow.count(), { name: 'slow', delivered: 0, dropped: 97, queued: 3 });
  fanOut.close();
  t.deepEqual(await Array.fromAsync(slow), [97, 98, 99]);
  t.is((await Array.fromAsync(fast)).length, 100);
});

test('a consumer that stops iterating is gone', async (t) => {
  const fanOut = createFanOut<number>();
  const subscription = fanOut.subscribe('one');
  fanOut.publish(1);
  for await (const item of subscription) {
    t.is(item, 1);
    break;
  }
  t.deepEqual(fanOut.counts(), []);
});

test('an item that is published while a consumer waits wakes it', async (t) => {
  const fanOut = createFanOut<string>();
  const iterator = fanOut.subscribe('one')[Symbol.asyncIterator]();
  const waiting = iterator.next();
  fanOut.publish('now');
  t.deepEqual(await waiting, { done: false, value: 'now' });
});

test('delivered and dropped always add up to what was published', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 200 }), async (capacity, items) => {
      const fanOut = createFanOut<number>();
      const consumer = fanOut.subscribe('one', capacity);
      for (let item = 0; item < items; item += 1) fanOut.publish(item);
      fanOut.close();
      const received = await Array.fromAsync(consumer);
      const { delivered, dropped } = consumer.count();
      t.is(delivered, received.length);
      t.is(delivered + dropped, items);
      t.deepEqual(received, [...Array(items).keys()].slice(-capacity));
    }),
  );
});
