import test from 'ava';
import fc from 'fast-check';
import { type DocumentProblem, MAX_BYTES, parseText } from '#policy/document.ts';

const values = test.macro({
  exec(t, text: string, expected: readonly unknown[], json?: boolean) {
    t.deepEqual(
      parseText(text, { json: json === true }).documents.map(({ value }) => value),
      expected,
    );
  },
  title: (what) => `reads ${what}`,
});

test('several documents', values, 'a: 1\n---\nb: 2\n---\n', [{ a: 1 }, { b: 2 }, null]);
test('JSON as YAML', values, '{"a": [1, {"b": null}]}', [{ a: [1, { b: null }] }]);
test(
  'JSON with the comments of hzn',
  values,
  '/* first */ {"a": "/* no comment */" /* second\n */}',
  [{ a: '/* no comment */' }],
  true,
);
test('JSON behind a byte order mark', values, '\uFEFF{"a": 1}', [{ a: 1 }], true);
test('variables of a bundle, unquoted in braces', values, `a: { b: \${X}, "\${Y}": [\${Z}/x] }`, [
  { a: { b: `\${X}`, '${Y}': [`\${Z}/x`] } },
]);
test('aliases and merges', values, 'a: &a {x: 1}\nb: {<<: *a, y: 2}', [{ a: { x: 1 }, b: { x: 1, y: 2 } }]);
test('a key of the prototype as any other', values, '__proto__: {a: 1}', [JSON.parse('{"__proto__": {"a": 1}}')]);
test('nothing', values, '', []);

const positions = test.macro({
  exec(t, path: readonly (string | number)[], value: [number, number], key?: [number, number]) {
    const text =
      'spec:\n  file:\n    matchPaths:\n      - path: /etc/a\n      - { path: /etc/b }\n  empty:\n  alias: &x 1\n  use: *x\n';
    const [document] = parseText(text).documents;
    const found = document?.positionOf(path);
    t.deepEqual([found?.line, found?.column], value);
    if (key === undefined) return;
    const at = document?.keyPositionOf(path);
    t.deepEqual([at?.line, at?.column], key);
  },
  title: (what) => `knows where ${what} stands`,
});

test('a value', positions, ['spec', 'file', 'matchPaths', 0, 'path'], [4, 15], [4, 9]);
test('a value in braces', positions, ['spec', 'file', 'matchPaths', 1, 'path'], [5, 17], [5, 11]);
test('a list item', positions, ['spec', 'file', 'matchPaths', 0], [4, 9]);
test('a missing key, at its map', positions, ['spec', 'file', 'matchPaths', 0, 'action'], [4, 9]);
test('a missing item, at its list', positions, ['spec', 'file', 'matchPaths', 9], [4, 7]);
test('an alias', positions, ['spec', 'use'], [8, 8]);
test('the whole', positions, [], [1, 1]);

const faults = test.macro({
  exec(t, text: string, kind: DocumentProblem['kind'], line: number, column: number, message: RegExp, json?: boolean) {
    const [problem] = parseText(text, { json: json === true }).documents.flatMap(({ problems }) => problems);
    t.is(problem?.kind, kind);
    t.deepEqual(problem?.at, { line, column });
    t.regex(problem?.message ?? '', message);
    t.regex(problem?.fix ?? '', /\.$/);
  },
  title: (what) => `says where ${what}`,
});

test('a tab indents', faults, 'a:\n\tb: 1', 'syntax', 2, 1, /a tab indents/);
test('a quote is not closed', faults, 'a: "b\n', 'syntax', 1, 4, /quote/);
test('a key stands twice', faults, 'a: 1\nb: 2\na: 3', 'duplicate-key', 3, 1, /"a" stands here for the second time/);
test('JSON ends early', faults, '{"a": 1,\n "b": ', 'syntax', 2, 5, /not JSON/, true);
test('JSON has a comma too many', faults, '{"a": 1,}', 'syntax', 1, 9, /not JSON/, true);
test('YAML is given for JSON', faults, 'a: 1', 'syntax', 1, 1, /not JSON/, true);
test('brackets nest too deep', faults, '['.repeat(200_000), 'limit', 1, 101, /nested too deep/);
test('lists nest too deep on a line', faults, `${'- '.repeat(50_000)}x`, 'limit', 1, 100_001, /nested too deep/);
test(
  'maps nest too deep',
  faults,
  Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  'limit',
  101,
  103,
  /nested too deep/,
);
test('a value holds itself', faults, 'a: &a\n  b: *a', 'limit', 2, 6, /\*a repeats nothing that ends before it/);

const billion = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
    (name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`).join(', ')}]`,
  ),
].join('\n');
test('aliases expand to a billion', faults, billion, 'limit', 1, 1, /more than 200000 values/);
test(
  'aliases are many',
  faults,
  `a: &a 1\n${Array.from({ length: 2000 }, (_, index) => `k${index}: *a`).join('\n')}`,
  'limit',
  1001,
  7,
  /more than 1000 aliases/,
);
test('a text is too large', faults, `a: ${'x'.repeat(MAX_BYTES)}`, 'limit', 1, 1, /bytes/);
test('documents are too many', faults, '---\na: 1\n'.repeat(20_000), 'limit', 1, 1, /documents/);

test('finds the tabs that other readers refuse, and no others', (t) => {
  const text = 'a: b \t# c\nc:\td\ne: "x\ty"\nf: |\n  x\ty\n\tz\ng: h # x\ty\n';
  const { tabs, positionAt } = parseText(text);
  t.deepEqual(
    tabs.map(({ start }) => positionAt(start).line),
    [1, 2],
  );
});

test('a text that says a lot is read in reasonable time', (t) => {
  const started = performance.now();
  for (const text of [
    '"'.repeat(100_000),
    '\t- a\n'.repeat(10_000),
    `[${'1,'.repeat(90_000)}]`,
    ': '.repeat(80_000),
    '? a\n: b\n'.repeat(20_000),
    '%'.repeat(50_000),
    `"${'a'.repeat(100_000)}`,
    `"${'a\\\\'.repeat(50_000)}`,
    '/*'.repeat(50_000),
    '$'.repeat(50_000),
  ]) {
    parseText(text);
    parseText(text, { json: true });
  }
  t.true(performance.now() - started < 15_000);
});

test('never throws, and has a value or a problem for every document', (t) => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a ',
    '*a',
    '|\n',
    '>-\n',
    '#',
    '\t',
    '---\n',
    '...\n',
    '? ',
    '!!',
    '%',
    '<<: ',
    '\\',
    '😀',
    '\u0000',
    '\uFEFF',
    `\${X}`,
    '/*',
    '*/',
    '0x',
    '~',
    '\r\n',
    '__proto__',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc.boolean(),
      (text, json) => {
        const parsed = parseText(text, { json });
        for (const document of parsed.documents) {
          t.true(document.value !== undefined || document.problems.length > 0);
          const { line, column } = document.positionOf(['a', 0, 'b']);
          t.true(line >= 1 && column >= 1);
          for (const { at } of document.problems) t.true(at.line >= 1 && at.column >= 1);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('JSON is read as JSON.parse reads it', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const [document] = parseText(JSON.stringify(value), { json: true }).documents;
      t.deepEqual(document?.value, JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});
