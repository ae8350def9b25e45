/** The pure parts of the sync service's simulators, by property and by table. */
import test from 'ava';
import fc from 'fast-check';
import { decodeBase64 } from '#demo/simulators/mms/base64.ts';
import { rangeOf } from '#demo/simulators/mms/data-routes.ts';
import { GoJsonError, type GoValue, parseGoJson } from '#demo/simulators/mms/go-json-text.ts';
import { type Writable, writeGoJson } from '#demo/simulators/mms/go-json-write.ts';
import { isDeliverableName, isValidName } from '#demo/simulators/mms/names.ts';
import { parseSpiPath, spiPath } from '#demo/simulators/mms/spi-path.ts';
import { isInRange, parseVersion, parseVersionRange } from '#demo/simulators/mms/version-range.ts';

function plain(value: GoValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return 'literal' in value ? Number(value.literal) : Array.from(value, plain);
}

test('JSON is read as JSON.parse reads it, whatever follows it', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.string(), (value, rest) => {
      const text = JSON.stringify(value);
      // A number could go on.
      const read = parseGoJson(`${text} ${rest}`);
      // AVA's comparison takes an own property of this name for the prototype.
      fc.pre(!text.includes('__proto__'));
      t.deepEqual(plain(read), JSON.parse(text));
    }),
  );
});

test('what is no JSON is refused in words, and never otherwise', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const failure = failureOf(() => parseGoJson(text));
      t.true(failure === undefined || (failure instanceof GoJsonError && failure.message !== ''));
    }),
  );
});

test('what is printed is JSON of the same value, with nothing that HTML would take for more', (t) => {
  const values = fc.letrec<{ value: Writable }>((tie) => ({
    value: fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(values, (value) => {
      const text = writeGoJson(value);
      t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      t.notRegex(text, /[<>&]/);
    }),
  );
});

test('int64 is printed and read in full', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
      const read = parseGoJson(writeGoJson({ id }));
      t.deepEqual(read, new Map([['id', { literal: String(id) }]]));
    }),
  );
});

test('base64 is taken whole or refused at the byte that is wrong', (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      t.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), { bytes: Buffer.from(bytes) });
    }),
  );
  t.deepEqual(decodeBase64('aGVs\nbG8='), { bytes: Buffer.from('hello') });
  for (const [text, illegalAt] of [
    ['%%', 0],
    ['aGVsbG8', 4],
    ['-_-_', 0],
    ['a', 0],
    ['AAA', 0],
    ['AA=A', 2],
    ['AA==x', 4],
  ] as const) {
    t.deepEqual(decodeBase64(text), { illegalAt }, text);
  }
});

const range = test.macro({
  exec(t, text: string, inside: readonly string[], outside: readonly string[]) {
    const parsed = parseVersionRange(text);
    if (parsed === undefined) {
      t.deepEqual([inside, outside], [[], []]);
      return;
    }
    const holds = (version: string): boolean => isInRange(parseVersion(version) ?? [0, 0, 0], parsed);
    t.deepEqual(inside.filter(holds), inside);
    t.deepEqual(outside.filter(holds), []);
  },
  title: (_, text) => `the version range "${text}"`,
});
test(range, '1.0.0', ['1.0.0', '9.9.9'], ['0.9.9']);
test(range, '[1.0,2.0)', ['1', '1.0.0', '1.99.0'], ['0.9', '2.0.0']);
test(range, '(1.0,2.0]', ['2', '1.0.1'], ['1.0.0', '2.0.1']);
test(range, '[1.0.0,INFINITY)', ['1.0.0', '4000000000.0.0'], ['0.1']);
for (const none of ['', 'INFINITY', '1.0.0.0', '01.0', 'v1', '[1.0,2.0', '[1.0]', '[INFINITY,2.0]', '[1.0,infinity)']) {
  test(range, none, [], []);
}

test('names that the CSS takes and no node can deliver', (t) => {
  for (const name of ['a|b', 'a!b', 'a#b', 'a$b', 'a*b', 'a^b', 'a~b', 'a..b']) {
    t.true(isValidName(name), name);
    t.false(isDeliverableName(name), name);
  }
  for (const name of ['a', 'A-b_c.d@e', 'ä', '日本', 'deployment.homeassistant.0a1b2c3d4e5f']) {
    t.true(isValidName(name) && isDeliverableName(name), name);
  }
  for (const name of ['', 'a b', 'a/b', 'a:b', 'a=b', 'a,b', 'a%b', 'a+b', "a'b", 'a(b)'])
    t.false(isValidName(name), name);
});

test('a path between the two sides names the version in full', (t) => {
  const version = {
    key: { org: 'acme', type: 'probe', id: 'a@b' },
    instanceID: 1795475959425538613n,
    dataID: 2n ** 62n,
  };
  const path = decodeURIComponent(spiPath(version, 'updated'));
  t.deepEqual(parseSpiPath(path.slice('/spi/v1/objects/'.length)), { ...version, action: 'updated' });
  t.is(parseSpiPath('acme/probe/a/x/1/updated'), undefined);
});

test('a range of bytes', (t) => {
  t.deepEqual(rangeOf(undefined), { kind: 'whole' });
  t.deepEqual(rangeOf('bytes=0-3'), { kind: 'part', start: 0, end: 3 });
  t.is(rangeOf('bytes=3-').kind, 'problem');
});

function failureOf(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}
