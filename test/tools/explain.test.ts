import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { TargetExplanation } from '#policy/explain.ts';
import { run } from '#test/support/run-command.ts';

const cwd = mkdtempSync(join(tmpdir(), 'explain-'));
test.after.always(() => rmSync(cwd, { recursive: true, force: true }));

const policy = (name: string, path: string) => `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: ${name} }
spec:
  selector:
    matchLabels: { kubearmor.io/container.name: web }
  process:
    matchPaths:
      - path: ${path}
  action: Block
`;
writeFileSync(join(cwd, 'two.yaml'), `${policy('a', '/usr/bin/apt')}---\n${policy('b', '/usr/bin/dpkg')}`);
writeFileSync(join(cwd, 'broken.yaml'), `${policy('a', '/usr/bin/apt')}---\na: {\n`);
writeFileSync(join(cwd, 'other.yaml'), 'a: 1\n');

test('explains every policy of a file, in words', async (t) => {
  const { status, stdout, stderr } = await run(['explain', 'two.yaml', '--enforcer', 'bpf'], { cwd });
  t.deepEqual([status, stderr], [0, '']);
  t.regex(stdout, /^For containers with kubearmor\.io\/container\.name = web \(a, b\)\n/);
  t.regex(stdout, /✗ No process may start \/usr\/bin\/dpkg\. \[b\]/);
  t.regex(stdout, /BPF map: 2 of 256 entries/);
});

test('--json prints the same as data; files, standard input and several targets', async (t) => {
  const { status, stdout } = await run(['explain', '--json', 'two.yaml', '-'], {
    cwd,
    stdin: policy('c', '/usr/bin/ls').replace('web', 'db'),
  });
  const targets: readonly TargetExplanation[] = JSON.parse(stdout);
  t.is(status, 0);
  t.deepEqual(
    targets.map(({ policies }) => policies),
    [['a', 'b'], ['c']],
  );
  t.deepEqual(Object.keys(targets[0] ?? {}).sort(), ['budget', 'policies', 'remarks', 'sections', 'target']);
});

test('a template of the catalogue is explained with its defaults', async (t) => {
  const template = new URL('../../services/kubearmor/hardening/root-certificates.yaml', import.meta.url).pathname;
  const { status, stdout } = await run(['explain', template, '--enforcer', 'bpf'], { cwd });
  t.is(status, 0);
  t.regex(stdout, /✗ No process may write to anything in or below \/etc\/ssl\/\./);
  t.notRegex(stdout, /\$/);
});

for (const [file, code, says] of [
  ['none.yaml', 'SOURCE_MISSING', /there is no such file/],
  ['broken.yaml', 'SOURCE_INVALID', /broken\.yaml:13:/],
  ['other.yaml', 'SOURCE_INVALID', /other\.yaml: .*polic/],
] as const) {
  test(`${file} is refused`, async (t) => {
    const { status, stderr } = await run(['explain', file], { cwd });
    t.is(status, 1);
    t.regex(stderr, says);
    const { errors }: { readonly errors: readonly { readonly code: string }[] } = JSON.parse(
      (await run(['explain', '--json', file], { cwd })).stdout,
    );
    t.deepEqual(
      errors.map((error) => error.code),
      [code],
    );
  });
}
