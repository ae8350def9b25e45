import test from 'ava';
import type { parseText } from '#policy/document.ts';
import { lintParsed, lintText } from '#policy/lint/index.ts';
import { repairText } from '#policy/lint/repair.ts';
import type { RuleText } from '#policy/lint/rule.ts';
import { kubeArmorRules } from '#policy/lint/rules/index.ts';

const rules: readonly RuleText[] = [
  ...kubeArmorRules.text,
  ...kubeArmorRules.document,
  ...kubeArmorRules.policy,
  ...kubeArmorRules.set,
];

for (const rule of rules) {
  const enforcer = rule.only ?? 'both';
  const file = `example.${rule.language ?? 'yaml'}`;

  test(`${rule.id} finds ${rule.title}`, (t) => {
    const found = lintText(rule.bad, file, { enforcer }).filter(({ rule: id }) => id === rule.id);
    t.not(found.length, 0);
    t.true(found.some(({ severity }) => severity === rule.severity));
    for (const { line, column, message, fix } of found) {
      t.true(line >= 1 && line <= rule.bad.split('\n').length && column >= 1);
      t.not(message, '');
      t.regex(fix, /\.$/);
    }
  });

  test(`${rule.id} has nothing against its good example, nor has any other rule`, (t) => {
    const both = lintText(rule.good, file).filter(({ rule: id }) => id === rule.id);
    const own = lintText(rule.good, file, { enforcer: rule.only ?? 'bpf' }).filter(
      ({ severity }) => severity !== 'info',
    );
    t.deepEqual([...both, ...own], []);
  });

  const { repaired } = rule;
  if (repaired !== undefined) {
    test(`${rule.id} is repaired, and nothing else is touched`, (t) => {
      const lint = (text: ReturnType<typeof parseText>) => lintParsed(text, file, { enforcer }).findings;
      t.is(repairText(rule.bad, { json: false }, lint).text, repaired);
    });
  }
}

test('ids are unique, and grow through the registry of each kind', (t) => {
  const ids = rules.map(({ id }) => id);
  t.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
  t.true(ids.every((id) => /^KA\d{3}$/.test(id)));
});

test('a rule about one enforcer says nothing when the other one is asked for', (t) => {
  for (const rule of rules) {
    if (rule.only === undefined) continue;
    const other = rule.only === 'bpf' ? 'apparmor' : 'bpf';
    const found = lintText(rule.bad, 'example.yaml', { enforcer: other });
    t.false(
      found.some(({ rule: id }) => id === rule.id),
      rule.id,
    );
  }
});

test('what one enforcer alone minds is no error for both', (t) => {
  for (const rule of rules) {
    if (rule.only === undefined) continue;
    const found = lintText(rule.bad, 'example.yaml').filter(({ rule: id }) => id === rule.id);
    t.false(
      found.some(({ severity }) => severity === 'error'),
      rule.id,
    );
  }
});
