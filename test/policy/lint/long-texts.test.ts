import test from 'ava';
import { containerPolicy } from '#policy/lint/example.ts';
import { lintText } from '#policy/lint/index.ts';

test('two hundred thousand repeated keys are told one by one', (t) => {
  const findings = lintText('a: b\n'.repeat(200_000), 'x.yaml');
  t.is(findings.filter(({ rule }) => rule === 'KA004').length, 199_999);
});

test('a policy of twenty thousand faulty rules is judged in one pass over its text', (t) => {
  const rules = Array.from({ length: 20_000 }, (_, index) => `      - path: etc/${index}\n`).join('');
  const text = containerPolicy(`  file: # hzn-armor: ignore KA102\n    matchPaths:\n${rules}`);
  t.is(lintText(text, 'x.yaml').filter(({ rule }) => rule === 'KA203').length, 20_000);
});
