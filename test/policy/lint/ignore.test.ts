import test from 'ava';
import { lintText } from '#policy/lint/index.ts';

const found = test.macro({
  exec(t, lines: string, expected: readonly string[]) {
    const text = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: web }
spec:
  selector:
    matchLabels: { app: web }
${lines}  action: Block
`;
    const ids = lintText(text, 'web.yaml', { enforcer: 'bpf' }).filter(({ severity }) => severity !== 'info');
    t.deepEqual(
      ids.map(({ rule, line }) => `${line} ${rule}`),
      expected,
    );
  },
  title: (what) => `a comment ${what}`,
});

const dangerous = (own: string, above = '') => `  process:
    matchDirectories:
${above === '' ? '' : `      ${above}\n`}      - dir: /usr/bin/${own}
        recursive: true
`;

test('that is not there silences nothing', found, dangerous(''), ['9 KA401']);
test('on the line silences its rule', found, dangerous(' # hzn-armor: ignore KA401 no shell in it'), []);
test('above silences its rule', found, dangerous('', '# hzn-armor: ignore KA401'), []);
test('names several rules', found, dangerous('', '# hzn-armor: ignore KA101, KA401'), []);
test('about another rule silences nothing', found, dangerous('', '# hzn-armor: ignore KA402'), ['10 KA401']);
test('that names no rule silences nothing', found, dangerous(' # hzn-armor: ignore'), ['9 KA401']);
test('behind the line above is about that line', found, `  severity: 5 # hzn-armor: ignore KA401\n${dangerous('')}`, [
  '10 KA401',
]);
test(
  'does not silence an error',
  found,
  '  capabilities:\n    matchCapabilities:\n      - capability: CAP_NET_RAW # hzn-armor: ignore KA260\n',
  ['9 KA260'],
);
