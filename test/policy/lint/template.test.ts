import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { lintText } from '#policy/lint/index.ts';

const hardening = new URL('../../../services/kubearmor/hardening/', import.meta.url);

const template = (parameters: string, spec: string) => `template:
  id: web
  useCase: packages
  summary: An example.
  parameters:
${parameters}
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: web
spec:
${spec}  action: Block
`;

const finds = test.macro({
  exec(t, parameters: string, spec: string, expected: readonly string[]) {
    const text = template(parameters, spec);
    const lines = text.split('\n');
    const found = lintText(text, 'web.yaml', { enforcer: 'bpf' }).filter(({ severity }) => severity !== 'info');
    t.deepEqual(
      found.map(({ rule, line, column }) => `${rule} ${lines[line - 1]?.slice(column - 1)}`),
      expected,
    );
  },
  title: (what) => `template: ${what}`,
});

for (const name of readdirSync(hardening).filter((file) => file.endsWith('.yaml'))) {
  test(`no rule has anything against ${name}`, (t) => {
    const text = readFileSync(new URL(name, hardening), 'utf8');
    const found = lintText(text, name, { enforcer: 'bpf' }).filter(({ severity }) => severity !== 'info');
    t.deepEqual(found, []);
  });
}

const PATHS = `    paths:
      type: array
      items: { type: string, format: file }
      default: [/usr/bin/apt, /usr/bin/dpkg]
      description: Programs.`;

test(
  'a placeholder is judged by its default',
  finds,
  '    dir: { type: string, format: directory, default: /usr/bin/, description: Where. }',
  '  process:\n    matchDirectories:\n      - dir: $dir\n        recursive: true\n',
  ['KA401 $dir'],
);
test(
  'a placeholder without a default is as it should be',
  finds,
  '    dir: { type: string, format: directory, description: Where. }',
  '  file:\n    matchDirectories:\n      - dir: $dir\n        recursive: true\n',
  [],
);
test(
  'a number stays a number',
  finds,
  '    severity: { type: integer, minimum: 1, maximum: 10, default: 6, description: S. }',
  '  severity: $severity\n  capabilities:\n    matchCapabilities:\n      - capability: net_raw\n',
  [],
);
test(
  'a list that is empty by default is not judged as empty',
  finds,
  PATHS.replace(/default: .*/, 'default: []'),
  '  process:\n    matchPaths:\n      - path: $each(paths)\n',
  [],
);
test(
  'a fault in a repeated item is told once, where it is written',
  finds,
  PATHS,
  '  process:\n    matchPaths:\n      - path: $each(paths)\n        ownerOnly: "yes"\n      - path: /usr/bin/rpm/\n',
  ['KA010 "yes"', 'KA203 /usr/bin/rpm/'],
);
test(
  'what stands behind a list that grew keeps its place',
  finds,
  PATHS,
  '  capabilities:\n    matchCapabilities:\n      - capability: net_raw\n  process:\n    matchPaths:\n      - path: $each(paths)\n      - path: usr/bin/rpm\n',
  ['KA203 usr/bin/rpm'],
);
