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
test(membership, '[1.0.0-alpha.2,1.0.0)', ['1.0.0-alpha.10', '1.0.0-beta'], ['1.0.0-alpha.1', '1.0.0']);

for (const text of ['', '*', '1.2.3.4', 'v1', '[1.0.0,2.0.0', '[1.0.0, 2.0.0)', '[1.0.0]', '[,2.0.0]', '1..2']) {
  test(`"${text}" is no range`, (t) => {
    t.is(parseVersionRange(text), undefined);
  });
}

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
