import test from 'ava';
import type { Property } from '#tools/bundle/types.ts';
import { parseConstraint } from '#tools/compat/constraint.ts';
import { satisfies, unmet } from '#tools/compat/evaluate.ts';

const NODE: readonly Property[] = [
  { name: 'purpose', value: 'testing' },
  { name: 'num', value: 3 },
  { name: 'yes', value: true },
  { name: 'v', value: '2.3.4' },
  { name: 'vt', value: '2.3.4', type: 'version' },
  { name: 'l', value: 'a,b,c', type: 'list of strings' },
  { name: 'plain', value: 'toad,cat,dog' },
  { name: 's', value: 'a b' },
  { name: 'digits', value: '3' },
];

/** Answers of anax's own evaluation (externalpolicy), run on these properties. */
const judged = test.macro({
  exec(t, text: string, expected: boolean) {
    t.is(satisfies([text], NODE), expected);
  },
  title: (_, text, expected) => `${JSON.stringify(text)} is ${expected}`,
});
const TRUE = [
  'purpose == testing',
  'purpose == "testing"',
  'purpose != other',
  'purpose in "foo, testing"',
  'num == 3.0',
  'num == 03',
  'num > 2',
  'num => 3',
  'yes == TRUE',
  'yes == 1',
  'yes != false',
  'v == 2.3.4',
  'v in [1.0.0,INFINITY)',
  'v in 2.3.4',
  'vt in 1.0.0',
  'l == a',
  'l in "x,b"',
  'l != x',
  'plain == cat',
  's == "a b"',
  'digits == 3',
  'digits in "3"',
  'num == 3 OR purpose == x AND yes == false',
  '(purpose == x OR num == 3) AND yes == true',
  '',
];
const FALSE = [
  'missing != x',
  'missing == x OR missing != x',
  ' purpose == testing',
  'purpose!=other',
  'num == "3"',
  'num => 4',
  'num == three',
  'yes == "true"',
  'yes in "true"',
  'v in 1.0.0',
  'v in (2.3.4,3.0.0)',
  'v > 1',
  'vt in [1.0.0,2.0.0]',
  'l != a',
  'plain in "cat"',
  'digits > 2',
  'purpose == x OR num == 3 AND yes == false',
  '(purpose == x OR num == 3) AND yes == false',
  'purpose in testing',
];
for (const text of TRUE) test(judged, text, true);
for (const text of FALSE) test(judged, text, false);

test('several constraints have to hold together', (t) => {
  t.true(satisfies(['num == 3', 'yes == true'], NODE));
  t.false(satisfies(['num == 3', 'yes == false'], NODE));
  t.true(satisfies([], NODE));
});

test('the comparisons that fail are named', (t) => {
  const parsed = parseConstraint('num == 3 AND (purpose == x OR absent == y)');
  if (!parsed.ok) return t.fail();
  t.deepEqual(
    unmet(parsed.constraint, NODE).map(({ name }) => name),
    ['purpose', 'absent'],
  );
});
