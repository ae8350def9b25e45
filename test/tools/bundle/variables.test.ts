import test from 'ava';
import fc from 'fast-check';
import { parseLocatedYaml } from '#policy/located-yaml.ts';
import { maskVariables, resolveVariables, type Variables } from '#tools/bundle/variables.ts';

const D = '$';
const variables: Variables = new Map([
  ['NAME', 'value'],
  ['EMPTY', ''],
  ['SNEAKY', `a: 1\nb: "${D}{NAME}" # } ] x`],
]);

/** The data that a YAML text stands for, and what is wrong with its variables. */
function resolve(text: string, known: Variables = variables): { value: unknown; problems: string[] } {
  const yaml = parseLocatedYaml(maskVariables(text), 'f.yaml');
  const { value, problems } = resolveVariables(yaml.value, known, { file: 'f.yaml', locate: yaml.locate });
  return { value, problems: problems.map(String) };
}

const resolves = test.macro({
  exec(t, text: string, value: unknown) {
    t.deepEqual(resolve(text), { value, problems: [] });
  },
  title: (_, text) => `${text} is resolved`,
});

test(resolves, `a: ${D}{NAME}`, { a: 'value' });
test(resolves, `a: "x-${D}{NAME}-${D}{NAME}"`, { a: 'x-value-value' });
test(resolves, `a: '${D}{NAME}'`, { a: 'value' });
test(resolves, `a: |\n  ${D}{NAME}\n`, { a: 'value\n' });
test(resolves, `a: { b: ${D}{NAME}, c: [${D}{NAME}, "${D}{NAME}"] }`, { a: { b: 'value', c: ['value', 'value'] } });
test(resolves, `a: [x${D}{NAME}y]`, { a: ['xvaluey'] });
test(resolves, `a: ${D}{EMPTY}`, { a: '' });
test(resolves, `a: ${D}${D}{NAME}`, { a: `${D}{NAME}` });
test(resolves, `a: ${D}${D}${D}{NAME}`, { a: `${D}${D}{NAME}` });
test(resolves, `a: "${D}${D}{}"`, { a: `${D}{}` });
test(resolves, `a: exec x -host="${D}HZN_NODE_ID" "${D}@" ${D}1 ${D}`, {
  a: `exec x -host="${D}HZN_NODE_ID" "${D}@" ${D}1 ${D}`,
});
test(resolves, `a: ${D}${D}`, { a: `${D}${D}` });
test(resolves, `# ${D}{UNDEFINED}\na: 1`, { a: 1 });
test(resolves, 'a: 1\nb: true\nc: null', { a: 1, b: true, c: null });

test('what a variable holds is text, whatever it looks like', (t) => {
  t.deepEqual(resolve(`a: ${D}{SNEAKY}`).value, { a: variables.get('SNEAKY') });
});

const refuses = test.macro({
  exec(t, text: string, ...expected: readonly RegExp[]) {
    const { problems } = resolve(text);
    t.is(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) t.regex(problems[index] ?? '', pattern);
  },
  title: (_, text) => `${text} is refused`,
});

test(refuses, `a: ${D}{NAM}`, /f\.yaml:1:4: \$\{NAM\} is not defined .*Did you mean "NAME"/);
test(refuses, `a: 1\nb: [x, "${D}{NOPE} ${D}{NONE}"]`, /2:8: \$\{NOPE\}/, /2:8: \$\{NONE\}/);
test(refuses, `a: "${D}{}"`, /1:4: "\$\{\}" names no variable/);
test(refuses, `a: "${D}{NAME:-x}"`, /"\$\{NAME:-x\}" names no variable/);
test(refuses, `a: ${D}{1x}`, /names no variable/);
test(refuses, `a: ${D}{NAME`, /"\$\{NAME" names no variable/);
test(refuses, `${D}{NAME}: 1`, /1:1: a variable in the key "\$\{NAME\}"/);
test(refuses, `a: ${D}{HZN_EXCHANGE_USER_AUTH}`, /is a credential/);

test('a credential is refused even when it is known', (t) => {
  const { value, problems } = resolve(
    `a: ${D}{HZN_EXCHANGE_USER_AUTH}`,
    new Map([['HZN_EXCHANGE_USER_AUTH', 'me:secret']]),
  );
  t.is(problems.length, 1);
  t.notRegex(JSON.stringify([value, problems]), /secret/);
});

test('whatever a variable holds, it becomes that one scalar and nothing else', (t) => {
  const texts = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed());
  fc.assert(
    fc.property(texts, texts, (held, beside) => {
      const yaml = `a: { b: ${D}{HELD}, c: ${JSON.stringify(beside.replaceAll('$', '').replaceAll('\uE000', ''))} }`;
      const { value, problems } = resolve(yaml, new Map([['HELD', held]]));
      t.deepEqual(problems, []);
      t.deepEqual(value, { a: { b: held, c: beside.replaceAll('$', '').replaceAll('\uE000', '') } });
    }),
  );
});

test('masking changes no position', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const text = `${before}${D}{NAME}${after}`;
      t.is(maskVariables(text).length, text.length);
    }),
  );
});

test('text without variables is left as it is', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!/[$\uE000]/.test(JSON.stringify(value)));
      t.deepEqual(
        resolveVariables(value, variables, { file: 'f', locate: () => ({ line: 1, column: 1 }) }).value,
        value,
      );
    }),
  );
});
