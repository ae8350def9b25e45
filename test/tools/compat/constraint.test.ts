import test from 'ava';
import fc from 'fast-check';
import { parseConstraint } from '#tools/compat/constraint.ts';

/** What anax's own parser accepts (externalpolicy/text_language, run on each of these). */
const taken = test.macro({
  exec(t, text: string) {
    const parsed = parseConstraint(text);
    t.true(parsed.ok, JSON.stringify(parsed));
    if (parsed.ok) t.deepEqual(parsed.traps, []);
  },
  title: (_, text) => `takes ${JSON.stringify(text)}`,
});
for (const text of [
  'purpose == testing',
  'purpose==testing',
  'purpose != other',
  'purpose in "testing,foo"',
  "hello in \"'hi world', 'test'\"",
  'num >= 3',
  'num<-4',
  'v in [1.0.0,3.0.0)',
  'v in (2.3.4,INFINITY)',
  'v in 1.0.0',
  'v == 2.3',
  'eggs == "truck load" AND certification in "USDA, Organic"',
  'iame2edev == true && cpu == 3 || memory <= 32',
  '(a > 1 OR a < 1 OR a >= 0) AND  ( b <= 0 OR (  c ==true OR c= false  ) )',
  'purpose == inside',
  'inVersion in [0.0.1,9.3.2) && intValue > 4',
  'purpose\t==\ntesting',
  '車號 == 漢54321',
  '(purpose == testing)',
  '',
]) {
  test(taken, text);
}

const refused = test.macro({
  exec(t, text: string, column: number, message: RegExp) {
    const parsed = parseConstraint(text);
    if (parsed.ok) return t.fail('was taken');
    t.regex(parsed.message, message);
    t.is(parsed.column, column);
    t.not(parsed.fix, '');
  },
  title: (_, text) => `refuses ${JSON.stringify(text)}`,
});
test(refused, 'purpose in testing', 12, /quoted list or a version range/);
test(refused, 'purpose == "a,b"', 12, /"in" only/);
test(refused, 'v == [1.0.0,2.0.0)', 6, /"in" only/);
test(refused, 'num > three', 7, /compares numbers/);
test(refused, 'v > 1.0.0', 5, /compares numbers/);
test(refused, 'v in [1.0.0, 3.0.0)', 6, /no version range/);
test(refused, 'v in [1.0,3.0)', 6, /no version range/);
test(refused, 's == a b', 8, /AND or OR is expected/);
test(refused, 'a == x&&b == y', 7, /blank on both sides/);
test(refused, 'a == x and b == y', 8, /capitals/);
test(refused, 'a == x AND', 8, /nothing follows/);
test(refused, '(a == x', 1, /not closed/);
test(refused, 'a == x)', 7, /never opened/);
test(refused, '(a == x) (b == y)', 10, /missing before this parenthesis/);
test(refused, 'NOT a == x', 1, /no NOT/);
test(refused, 'image == a:b', 11, /":b" cannot stand/);
test(refused, 'image == "a:b"', 10, /quoted value/);
test(refused, 'ip == 10.1.2.3', 13, /cannot follow a number/);
test(refused, 'day == 2024-01-01', 12, /cannot follow a number/);
test(refused, '5g == true', 1, /cannot begin with a digit/);
test(refused, 'initial == x', 1, /begins with "ini"/);
test(refused, 'state == initial', 10, /begins with "ini"/);
test(refused, 'a == in', 6, /cannot be a value/);
test(refused, ' inside == x', 2, /cannot follow a blank/);
test(refused, 'purpose', 8, /operator is expected/);
test(refused, 'purpose ==', 11, /value is missing/);
test(refused, '== x', 1, /property name is expected/);
test(refused, `${'('.repeat(5000)}a == b`, 201, /nested too deeply/);

const trapped = test.macro({
  exec(t, text: string, message: RegExp) {
    const parsed = parseConstraint(text);
    if (!parsed.ok) return t.fail(parsed.message);
    t.is(parsed.traps.length, 1);
    t.regex(parsed.traps[0]?.message ?? '', message);
  },
  title: (_, text) => `warns of ${JSON.stringify(text)}`,
});
test(trapped, ' purpose == testing', /blank before the first name/);
test(trapped, 'purpose!=testing', /read as the property "purpose!"/);
test(trapped, 'num => 3', /means "equal"/);
test(trapped, 'countryin"a,b"', /read as "country in"/);
test(trapped, 'purpose ==\u00A0testing', /no-break space/);

test('AND binds closer than OR', (t) => {
  const parsed = parseConstraint('a == 1 OR b == 2 AND c == 3');
  if (!parsed.ok || parsed.constraint.kind !== 'or') return t.fail();
  t.deepEqual(
    parsed.constraint.of.map(({ kind }) => kind),
    ['compare', 'and'],
  );
});

test('any text is either taken or refused with a column inside it', (t) => {
  const words = fc.constantFrom(
    'a',
    ' ',
    '==',
    'in',
    '"',
    '(',
    ')',
    ' AND ',
    ' OR ',
    '!',
    '1',
    '.',
    '[',
    ',',
    '<',
    'ini',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join('')),
      ),
      (text) => {
        const parsed = parseConstraint(text);
        if (!parsed.ok) t.true(parsed.column >= 1 && parsed.column <= text.length + 1, text);
      },
    ),
    { numRuns: 2000 },
  );
  t.pass();
});
