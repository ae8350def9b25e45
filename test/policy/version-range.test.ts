import test from 'ava';
import fc from 'fast-check';
import { compareVersions, isInRange, isVersion, parseVersionRange } from '#policy/version-range.ts';

const membership = test.macro({
  exec(t, range: string, inside: readonly string[], outside: readonly string[]) {
    const parsed = parseVersionRange(range);
    if (parsed === undefined) return t.fail(`${range} is a range`);
    t.deepEqual(
      [...inside, ...outside].filter((version) => isInRange(version, parsed)),
      [...inside],
    );
  },
  title: (_, range) => `${range} holds what Open Horizon says it holds`,
});

test(membership, '[1.0.0,2.0.0)', ['1', '1.0', '1.9.99'], ['0.9.9', '2.0.0', '2', '2.0.0-rc.1.x y']);
test(membership, '(1.0.0,2.0.0]', ['1.0.1', '2'], ['1.0.0', '2.0.1']);
test(membership, '1.2', ['1.2.0', '1.10', '99'], ['1.1.9', 'INFINITY']);
test(membership, '[1.0.0,INFINITY)', ['1.0.0', '1000000.0.0'], ['0.0.1']);
test(membership, '[2.0.0,1.0.0]', ['2.0.0', '1.0.0'], ['1.5.0']);
test(membership, '[1.0.0,INFINITY]', ['INFINITY', '1.0.0-'], ['0.0.1']);
test(membership, '(1.2.3,2.0.0)', ['01.2.3', '1.2.03', '02.0.0', '1.2.4'], ['1.2.3', '2', '1.2.2', '2.0.1']);
test(membership, '[02.0.0,3)', ['2', '02', '2.0.0'], ['1.9', '3.0.0']);
test(membership, '[1.9007199254740992.1,2)', ['1.9007199254740993.0'], ['1.9007199254740991.9']);
test(membership, '[1.0.0-alpha.2,1.0.0)', ['1.0.0-alpha.10', '1.0.0-beta'], ['1.0.0-alpha.1', '1.0.0']);

for (const text of ['', '*', '1.2.3.4', 'v1', '[1.0.0,2.0.0', '[1.0.0, 2.0.0)', '[1.0.0]', '[,2.0.0]', '1..2']) {
  test(`"${text}" is no range`, (t) => {
    t.is(parseVersionRange(text), undefined);
  });
}

const order = test.macro({
  exec(t, ...ascending: string[]) {
    for (const [index, version] of ascending.entries()) {
      for (const higher of ascending.slice(index + 1)) {
        t.true(compareVersions(version, higher) < 0, `${version} < ${higher}`);
        t.true(compareVersions(higher, version) > 0, `${higher} > ${version}`);
      }
    }
  },
  title: (_, ...ascending) => ascending.join(' < '),
});

// The examples of semver.org §11, and what Go's strconv.Atoi makes of odd identifiers.
test(order, '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0');
test(order, '1.0.0-1.a', '1.0.0-01.b', '1.0.0-1.c');
test(order, '1.0.0--5', '1.0.0-0', '1.0.0-9223372036854775807', '1.0.0-9223372036854775808');

test('leading zeros and what is left out make no difference to the order', (t) => {
  for (const same of ['1', '1.0', '01.0.0', '1.0.0-', '1.00']) t.is(compareVersions(same, '1.0.0'), 0, same);
  t.is(compareVersions('1.99999999999999999999', '1.9223372036854775807'), 0);
});

const number = fc.nat({ max: 20 });
const version = fc.oneof(
  fc.tuple(number, number, number).map((parts) => parts.join('.')),
  fc.tuple(number, number).map((parts) => parts.join('.')),
  fc.tuple(number, fc.constantFrom('alpha', 'alpha.1', 'alpha.beta', 'rc.2', '7')).map(([n, pre]) => `${n}.0.0-${pre}`),
);

test('versions are totally ordered', (t) => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      t.true(isVersion(a));
      t.is(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) t.true(compareVersions(a, c) <= 0);
    }),
  );
});
