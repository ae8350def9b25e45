import test from 'ava';
import { type ParsedText, parseText } from '#policy/document.ts';
import { inOrder, type LintedFinding } from '#policy/lint/engine.ts';
import { repairText } from '#policy/lint/repair.ts';
import type { RuleText } from '#policy/lint/rule.ts';
import { pattern } from '#tools/lint-oh/example.ts';
import { lintDefinitions, openHorizonRules } from '#tools/lint-oh/index.ts';

function lint(text: string, rule: RuleText): LintedFinding[] {
  const parsed: ParsedText = parseText(text, { json: rule.language === 'json' });
  const { findings, definitions } = lintDefinitions(parsed, { file: 'example', enforcer: 'both' });
  return definitions === 0 ? [] : inOrder(parsed, findings);
}

for (const rule of openHorizonRules) {
  test(`${rule.id} finds ${rule.title}`, (t) => {
    const found = lint(rule.bad, rule).filter(({ rule: id }) => id === rule.id);
    t.not(found.length, 0);
    t.true(found.some(({ severity }) => severity === rule.severity));
    for (const { line, column, message, fix } of found) {
      t.true(line >= 1 && line <= rule.bad.split('\n').length && column >= 1);
      t.not(message, '');
      t.regex(fix, /\.$/);
    }
  });

  test(`${rule.id} has nothing against its good example, nor has any other rule`, (t) => {
    t.not(lintDefinitions(parseText(rule.good), { file: 'example', enforcer: 'both' }).definitions, 0);
    const found = lint(rule.good, rule).filter(({ rule: id, severity }) => id === rule.id || severity !== 'info');
    t.deepEqual(found, []);
  });

  const { repaired } = rule;
  if (repaired !== undefined) {
    test(`${rule.id} is repaired, and nothing else is touched`, (t) => {
      const json = rule.language === 'json';
      const mended = repairText(rule.bad, { json }, (text) => [
        ...lintDefinitions(text, { file: 'example', enforcer: 'both' }).findings,
      ]);
      t.is(mended.text, repaired);
    });
  }
}

const ids = test.macro({
  exec(t, text: string, expected: readonly string[]) {
    const found = inOrder(parseText(text), lintDefinitions(parseText(text), { file: 'x', enforcer: 'both' }).findings);
    t.deepEqual(
      found.filter(({ severity }) => severity !== 'info').map(({ rule, line }) => `${line} ${rule}`),
      expected,
    );
  },
  title: (what) => `finds ${what}`,
});
test('a pattern for any architecture', ids, pattern().replace('serviceArch: amd64', 'serviceArch: "*"'), ['6 OH402']);
test(
  'a pattern of hzn without an architecture',
  ids,
  JSON.stringify({
    label: 'x',
    services: [{ serviceUrl: 'web', serviceOrgid: 'acme', serviceVersions: [{ version: '1.0.0' }] }],
  }),
  ['1 OH402'],
);

test('ids are unique', (t) => {
  const ids = openHorizonRules.map(({ id }) => id);
  t.is(new Set(ids).size, ids.length);
  t.true(ids.every((id) => /^OH\d{3}$/.test(id)));
});
