import test from 'ava';
import fc from 'fast-check';
import type { Property } from '#tools/bundle/types.ts';
import { parseConstraint } from '#tools/compat/constraint.ts';
import { evaluate } from '#tools/compat/evaluate.ts';
import { neverMatches } from '#tools/compat/never-matches.ts';

const never = test.macro({
  exec(t, text: string, contradiction: readonly string[]) {
    const parsed = parseConstraint(text);
    if (!parsed.ok) return t.fail(parsed.message);
    t.deepEqual(
      neverMatches(parsed.constraint)?.map(({ operator, value }) => `${operator} ${value}`),
      contradiction,
    );
  },
  title: (_, text) => `${text} can never match`,
});
test(never, 'openhorizon.cpu == 3 AND openhorizon.cpu == 4', ['== 3', '== 4']);
test(never, 'num > 5 AND num < 5', ['> 5', '< 5']);
test(never, 'a == x AND a != x', ['== x', '!= x']);
test(never, 'v in [1.0.0,2.0.0) AND v in [2.0.0,3.0.0)', ['in [1.0.0,2.0.0)', 'in [2.0.0,3.0.0)']);
test(never, 'v in (2.0.0,1.0.0)', ['in (2.0.0,1.0.0)']);
test(never, '(a == 1 AND a > 1) OR (b == x AND b > 3)', ['== 1', '> 1']);
test(never, 'num > 3 AND num == "5"', ['> 3', '== "5"']);
test(never, 'openhorizon.arch == x86_64', ['== x86_64']);
test(never, 'openhorizon.allowPrivileged == "true"', ['== "true"']);

const may = test.macro({
  exec(t, text: string) {
    const parsed = parseConstraint(text);
    if (!parsed.ok) return t.fail(parsed.message);
    t.is(neverMatches(parsed.constraint), undefined);
  },
  title: (_, text) => `${text} may match`,
});
for (const text of [
  'a == x AND a == y',
  'l in "a,b" AND l in "c" AND l != b',
  'num > 3 AND num < 4',
  'v in (1.0.0,1.0.1)',
  'num == 3 AND num == 4 OR num == 5',
  'a != x',
  'openhorizon.arch == arm64',
  'openhorizon.memory >= 1024',
  '',
])
  test(may, text);

test('what some property satisfies is never called impossible', (t) => {
  const value = fc.constantFrom(
    '3',
    '4',
    '"3"',
    'x',
    '"x"',
    '"x,y"',
    'y',
    'true',
    '1.0.0',
    '[1.0.0,2.0.0)',
    '(1.0.0,3.0.0]',
  );
  const comparison = fc
    .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('==', '!=', '<', '>', '>=', 'in'), value)
    .map((parts) => parts.join(' '))
    .filter((text) => parseConstraint(text).ok);
  const property: fc.Arbitrary<Property> = fc.oneof(
    fc.record({
      name: fc.constantFrom('a', 'b'),
      value: fc.constantFrom<string | number | boolean>(3, 3.5, 4, 99, true, 'x', 'y', '3', '1.0.0', '1.5.0', '3.0.0'),
    }),
    fc.record({
      name: fc.constantFrom('a', 'b'),
      value: fc.constantFrom('x,y', 'y', 'z'),
      type: fc.constant('list of strings' as const),
    }),
    fc.record({
      name: fc.constantFrom('a', 'b'),
      value: fc.constantFrom('1.0.0', '2.0.0', '2.5.1'),
      type: fc.constant('version' as const),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(comparison, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(' AND ', ' OR '),
      fc.array(property, { maxLength: 3 }),
      (comparisons, join, properties) => {
        const parsed = parseConstraint(comparisons.join(join));
        if (parsed.ok && evaluate(parsed.constraint, properties)) t.is(neverMatches(parsed.constraint), undefined);
      },
    ),
    { numRuns: 5000 },
  );
  t.pass();
});
