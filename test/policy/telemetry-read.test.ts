import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { lineBatches } from '#policy/telemetry/line-batches.ts';
import { decodeLine, readTelemetry, type TelemetryBatch } from '#policy/telemetry/read-telemetry.ts';
import { raw } from './raw-events.ts';

/** A stream that hands out its bytes in pieces of the given sizes, round and round. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all(
  source: AsyncIterable<Uint8Array>,
): Promise<{ events: number; last: TelemetryBatch | undefined; unreadable: string[] }> {
  let events = 0;
  let last: TelemetryBatch | undefined;
  const unreadable: string[] = [];
  for await (const batch of readTelemetry(source)) {
    events += batch.events.length;
    unreadable.push(...batch.unreadable.map(({ line, reason }) => `${line} ${reason}`));
    last = batch;
  }
  return { events, last, unreadable };
}

const line = JSON.stringify(raw({ Resource: '/däta/ß', Data: 'syscall=SYS_OPENAT flags=O_RDONLY' }));

test('lines come out whole and numbered, however the bytes are cut', async (t) => {
  const text = fc.array(fc.constantFrom('', 'a', 'ä€😀', '{"x":1}', '\r'), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  await t.notThrowsAsync(() =>
    fc.assert(
      fc.asyncProperty(text, sizes, async (given, cuts) => {
        const joined = given.join('\n');
        const found: string[] = [];
        let next = 1;
        for await (const batch of lineBatches(pieces(Buffer.from(joined), cuts))) {
          assert.equal(batch.firstLine, next);
          found.push(...batch.lines);
          next += batch.lines.length;
        }
        // A last line without an end is a line; nothing behind the last end is none.
        assert.deepEqual(found, joined.endsWith('\n') || joined === '' ? given.slice(0, -1) : given);
      }),
    ),
  );
});

test('plain, gzip, gzip in several members and in small pieces hold the same events', async (t) => {
  const text = Buffer.from(`${line}\n`.repeat(50));
  const members = Buffer.concat([gzipSync(text.subarray(0, 700)), gzipSync(text.subarray(700))]);
  for (const bytes of [text, gzipSync(text), members]) {
    for (const size of [1, 1000, bytes.length]) {
      const { events, unreadable, last } = await all(pieces(bytes, [size]));
      t.is(events, 50);
      t.deepEqual(unreadable, []);
      t.is(last?.lines, 50);
      t.is(last?.bytes, text.length);
    }
  }
});

test('an empty stream, and one of a single byte, hold nothing', async (t) => {
  t.like(await all(pieces(Buffer.alloc(0), [1])), { events: 0, unreadable: [] });
  t.like(await all(pieces(Buffer.from('\n'), [1])), { events: 0, unreadable: [] });
});

test('a damaged archive is an error, not the end of the file', async (t) => {
  const gzip = gzipSync(Buffer.from(`${line}\n`.repeat(2000)));
  await t.throwsAsync(() => all(pieces(gzip.subarray(0, gzip.length - 20), [256])), { code: 'Z_BUF_ERROR' });
  await t.throwsAsync(() => all(pieces(Buffer.concat([gzip.subarray(0, 40), Buffer.alloc(400, 7)]), [64])));
});

test('a line of megabytes is given up in flat memory, and the next one read', async (t) => {
  const huge = `{"Operation":"${'x'.repeat(3_000_000)}"}`;
  const { events, unreadable } = await all(pieces(Buffer.from(`${line}\n${huge}\n${line}\n`), [64 * 1024]));
  t.is(events, 2);
  t.deepEqual(unreadable, ['2 too-long']);
  const cut = await all(pieces(Buffer.from(`${line}\n${huge}`), [64 * 1024]));
  t.deepEqual([cut.events, cut.unreadable], [1, ['2 too-long']]);
});

test('lines that are no event are named with the reason', async (t) => {
  const text = [
    line,
    'INFO starting',
    '',
    '{"cut":',
    '{"a":1}',
    '[1]',
    '  ',
    `  ${line}  `,
    '{"Operation":"File"}',
  ].join('\n');
  const { events, unreadable } = await all(pieces(Buffer.from(text), [7]));
  t.is(events, 2);
  t.deepEqual(unreadable, ['2 not-json', '4 not-json', '5 not-an-event', '6 not-json', '9 no-time']);
});

test("Docker's json-file log is unwrapped", (t) => {
  const wrapped = JSON.stringify({ log: `${line}\n`, stream: 'stdout', time: '2026-11-24T00:00:00Z' });
  const decoded = decodeLine(wrapped);
  t.is(typeof decoded === 'object' ? decoded.resource : decoded, '/däta/ß');
  t.is(decodeLine(JSON.stringify({ log: 'INFO x\n', stream: 'stdout' })), 'not-json');
});
