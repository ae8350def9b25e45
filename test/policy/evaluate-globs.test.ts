import test from 'ava';
import fc from 'fast-check';
import { apparmorGlob } from '#policy/evaluate/apparmor-glob.ts';
import { feederGlob } from '#policy/evaluate/feeder-glob.ts';

const matches = test.macro({
  exec(t, glob: typeof apparmorGlob, pattern: string, yes: readonly string[], no: readonly string[]) {
    for (const text of yes) t.true(glob(pattern).test(text), text);
    for (const text of no) t.false(glob(pattern).test(text), text);
  },
  title: (_, glob: typeof apparmorGlob, pattern: string) => `${glob.name}: ${pattern}`,
});

test(matches, apparmorGlob, '/etc/passwd', ['/etc/passwd'], ['/etc/passwd-', '/etc/', '']);
test(matches, apparmorGlob, '/etc/*', ['/etc/a', '/etc/'], ['/etc/a/b', '/etc']);
test(matches, apparmorGlob, '/etc/**', ['/etc/a', '/etc/a/b'], ['/var/a']);
test(matches, apparmorGlob, '/etc/{,**}', ['/etc/', '/etc/a/b'], ['/etc']);
test(matches, apparmorGlob, '/{,usr/}bin/{a,b{c,d}}', ['/bin/a', '/usr/bin/bd'], ['/bin/b', '/usr/bin/']);
test(matches, apparmorGlob, '/a{b,c', ['/ab', '/ac'], ['/a', '/a{b,c']);
test(matches, apparmorGlob, '/a,b}', ['/a,b}'], ['/a', '/b']);
test(matches, apparmorGlob, '/dev/tty[0-9]?', ['/dev/tty1a'], ['/dev/tty1', '/dev/ttya1', '/dev/tty1/']);
test(matches, apparmorGlob, '/a[^b-d]\\*', ['/ae*'], ['/ab*', '/aee']);
test(matches, apparmorGlob, '/a[', ['/a['], ['/a']);
test(matches, apparmorGlob, '/[z-a]', [], ['/z', '/a', '/-']);
test(matches, feederGlob, '/etc/*.conf', ['/etc/a.conf', '/etc/.conf'], ['/etc/a/b.conf', '/etc/aXconf']);
test(matches, feederGlob, '/etc/?', ['/etc/a', '/etc/é', '/etc/😀'], ['/etc/', '/etc/ab']);
test(matches, feederGlob, '/etc/[a-c\\]]', ['/etc/b', '/etc/]'], ['/etc/d']);
test(matches, feederGlob, '/etc/**', [], ['/etc/', '/etc/a', '/etc/**']);
test(matches, feederGlob, '/etc/[a', [], ['/etc/[a', '/etc/a']);
test(matches, feederGlob, '/etc/a\\*', ['/etc/a*'], ['/etc/ab']);

/** The same as a regular expression: right, and slow where there are several stars. */
function expressionOf(parts: readonly string[]): RegExp {
  const meaning: Readonly<Record<string, string>> = {
    '*': '[^/]*',
    '**': '.*',
    '?': '[^/]',
    '{': '(?:',
    '}': ')',
    ',': '|',
    '[ab]': '[ab]',
    '[^a]': '[^a]',
  };
  return new RegExp(`^${parts.map((part) => meaning[part] ?? RegExp.escape(part)).join('')}$`, 'su');
}

const plain = fc.constantFrom('a', 'b', '/', '.', '😀', '?', '*', '**', '[ab]', '[^a]');
const group = fc
  .array(fc.array(plain, { maxLength: 3 }), { minLength: 1, maxLength: 3 })
  .map((branches) => ['{', ...branches.flatMap((branch, index) => (index === 0 ? branch : [',', ...branch])), '}']);
const parts = fc.array(
  fc.oneof({ weight: 4, arbitrary: plain.map((each) => [each]) }, { weight: 1, arbitrary: group }),
  {
    maxLength: 7,
  },
);
/** `*` beside `**` would be read as another pair of stars. */
const glob = parts.map((each) => each.flat()).filter((each) => !/\*{3}/.test(each.join('')));
const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '😀'), { maxLength: 9 }).map((each) => each.join(''));

test('a glob takes what the regular expression for it takes', (t) => {
  fc.assert(
    fc.property(glob, text, (each, path) => {
      const read = each.join('').match(/\*\*|\[.*?\]|./gsu) ?? [];
      t.is(apparmorGlob(each.join('')).test(path), expressionOf(read).test(path));
    }),
    { numRuns: 3000 },
  );
});

test('twenty stars and a long path are no trouble, nor is any text', (t) => {
  const path = `/${'a'.repeat(4000)}`;
  t.false(apparmorGlob(`/${'**a'.repeat(20)}b`).test(path));
  t.true(apparmorGlob(`/${'**a'.repeat(20)}`).test(path));
  t.false(feederGlob(`/${'*a'.repeat(20)}b`).test(path));
  t.false(apparmorGlob('{'.repeat(20_000)).test(path));
  t.true(apparmorGlob(`/{${'b,'.repeat(200_000)}a}`).test('/a'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (pattern, any) => {
      t.is(typeof apparmorGlob(pattern).test(any), 'boolean');
      t.is(typeof feederGlob(pattern).test(any), 'boolean');
    }),
  );
});
