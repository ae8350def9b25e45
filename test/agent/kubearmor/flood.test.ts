import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { watchTurns } from '../watch-turns.ts';
import { listen, until } from './listening.ts';

/** The loop must never be blocked for longer than this, whatever arrives (KubeArmor gives up a client after 5 s). */
const MOST_BLOCKED_MS = 100;

interface Sender {
  readonly address: string;
  /** Sends so many events at once; resolves to how many were dropped by then. */
  send(count: number): Promise<number>;
}

async function startSender(t: ExecutionContext): Promise<Sender> {
  const worker = new Worker(new URL('flood-sender.ts', import.meta.url));
  t.teardown(async () => {
    worker.postMessage('stop');
    await once(worker, 'exit');
  });
  const [{ address }] = await once(worker, 'message');
  return {
    address,
    async send(count) {
      worker.postMessage(count);
      const [{ dropped }] = await once(worker, 'message');
      return dropped;
    },
  };
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const numberOf = (raw: object): number => ('PID' in raw ? Number(raw.PID) : -1);

test.serial('a burst is read in turns: others run in between', async (t) => {
  const { address, send } = await startSender(t);
  // Half a millisecond each: all at once would block for almost half a second.
  const { ups, events } = listen(t, address, { onEvent: () => spin(0.5) });
  await until(() => ups.length === 1);
  const worst = watchTurns();
  t.is(await send(900), 0);
  await until(() => events.length === 900);
  const blocked = worst();
  t.true(blocked < MOST_BLOCKED_MS, `blocked for ${blocked} ms`);
});

test.serial('a flood arrives whole and in order, as long as it is read', async (t) => {
  const { address, send } = await startSender(t);
  const { ups, events, downs, gaps } = listen(t, address);
  await until(() => ups.length === 1);
  const worst = watchTurns();
  for (let sent = 0; sent < 8000; sent += 1000) {
    t.is(await send(1000), 0);
    await until(() => events.length === sent + 1000);
  }
  const blocked = worst();
  t.true(blocked < MOST_BLOCKED_MS, `blocked for ${blocked} ms`);
  for (const stream of ['alerts', 'logs']) {
    const numbers = events.filter((each) => each.stream === stream).map(({ raw }) => numberOf(raw));
    t.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    t.is(numbers.length, 4000);
  }
  t.deepEqual([downs, gaps], [[], []]);
});

test.serial('not reading loses events that nobody counts: the stall is told instead', async (t) => {
  const { address, send } = await startSender(t);
  const { ups, events, gaps } = listen(t, address);
  await until(() => ups.length === 1);
  const before = Date.now();
  const sending = send(20_000);
  spin(1500);
  t.true((await sending) > 0);
  await until(() => gaps.length >= 3);
  t.true(events.length < 20_000);
  t.deepEqual(
    gaps.slice(0, 3).map(({ stream, kind }) => [stream, kind]),
    [
      ['alerts', 'stalled'],
      ['logs', 'stalled'],
      ['state', 'stalled'],
    ],
  );
  const [gap] = gaps;
  t.true((gap?.fromMs ?? 0) >= before - 100);
  t.true((gap?.toMs ?? 0) - (gap?.fromMs ?? 0) >= 400);
  t.regex(gap?.reason ?? '', /1000/);
});
