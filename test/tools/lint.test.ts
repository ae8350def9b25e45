import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { Finding } from '#policy/finding.ts';
import { run } from '#test/support/run-command.ts';
import { $ } from '#test/support/shell.ts';
import { allRules } from '#tools/lint/rule-list.ts';
import { rulePages } from '#tools/lint/rule-pages.ts';
import { templateRule } from '#tools/lint/template-rule.ts';

const root = mkdtempSync(join(tmpdir(), 'lint-'));
test.after.always(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A new folder with these files. */
function folder(files: Readonly<Record<string, string | Buffer>>): string {
  folders += 1;
  const cwd = join(root, String(folders));
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}

const policy = (rules: string, name = 'web') => `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: ${name}
spec:
  selector:
    matchLabels: { app: web }
${rules}  action: Block
`;
const clean = policy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n');
const wrong = policy('  capabilities:\n    matchCapabilities:\n      - capability: CAP_NET_RAW # why\n');
const dangerous = policy('  process:\n    matchDirectories:\n      - dir: /usr/bin/\n        recursive: true\n');
const service = JSON.stringify(
  {
    label: 'Web',
    url: 'web',
    version: '1.0',
    arch: 'x86_64',
    sharable: 'multiple',
    deployment: '',
    deploymentSignature: '',
  },
  null,
  2,
);

test('a clean file: status 0, and a line that says so', async (t) => {
  const { status, stdout, stderr } = await run(['lint', 'a.yaml'], { cwd: folder({ 'a.yaml': clean }) });
  t.deepEqual([status, stderr], [0, '']);
  t.is(stdout, '1 file: 0 errors, 0 warnings, 1 info (--info shows them)\n');
  const shown = await run(['lint', '--info', 'a.yaml'], { cwd: folder({ 'a.yaml': clean }) });
  t.regex(shown.stdout, /^a\.yaml:\d+:\d+: info KA\d{3}: .+\n1 file: 0 errors, 0 warnings, 1 info\n$/);
});

test('warnings only: status 0', async (t) => {
  const { status, stdout } = await run(['lint', 'a.yaml'], { cwd: folder({ 'a.yaml': dangerous }) });
  t.is(status, 0);
  t.regex(stdout, /^a\.yaml:10:14: warning KA401: .+\n1 file: 0 errors, 1 warning, 1 info \(--info shows them\)\n$/);
});

test('an error: status 1, one line with file, line, column, rule and fix', async (t) => {
  const { status, stdout } = await run(['lint', 'a.yaml'], { cwd: folder({ 'a.yaml': wrong }) });
  t.is(status, 1);
  t.regex(stdout, /^a\.yaml:10:21: error KA260: "CAP_NET_RAW" .+ Write net_raw\.\n/);
});

for (const [what, files, name, says] of [
  ['a file that is not there', {}, 'none.yaml', /none\.yaml: there is no such file/],
  ['bytes that are no text', { 'a.yaml': Buffer.from([0, 1, 2, 3]) }, 'a.yaml', /a\.yaml: not a text/],
  ['text that is not UTF-8', { 'a.yaml': Buffer.from('kind: \xe4\n', 'latin1') }, 'a.yaml', /a\.yaml: not UTF-8/],
  ['a file of something else', { 'a.yaml': 'services: { web: { image: x } }\n' }, 'a.yaml', /a\.yaml: neither/],
] as const) {
  test(`${what}: status 2, and the rest is linted`, async (t) => {
    const cwd = folder({ ...files, 'wrong.yaml': wrong });
    const { status, stdout, stderr } = await run(['lint', name, 'wrong.yaml'], { cwd });
    t.is(status, 2);
    t.regex(stderr, says);
    t.regex(stdout, /wrong\.yaml:10:21: error KA260/);
  });
}

test('nothing named, or an unknown option: status 2', async (t) => {
  const cwd = folder({});
  t.is((await run(['lint'], { cwd })).status, 2);
  t.is((await run(['lint', '--enforcer', 'selinux', 'x'], { cwd })).status, 2);
});

test('standard input is linted as -', async (t) => {
  const { status, stdout } = await run(['lint', '-'], { cwd: folder({}), stdin: wrong });
  t.is(status, 1);
  t.regex(stdout, /^-:10:21: error KA260/);
});

test('--json prints findings of policies and definitions, with these fields and no others', async (t) => {
  const cwd = folder({ 'b.yaml': `${clean.replace('name: web', 'name: other')}---\n${wrong}`, 'a.json': service });
  const { status, stdout } = await run(['lint', '--json', 'b.yaml', 'a.json'], { cwd });
  const findings: readonly Finding[] = JSON.parse(stdout);
  t.is(status, 1);
  for (const finding of findings)
    t.deepEqual(Object.keys(finding).sort(), ['column', 'file', 'fix', 'line', 'message', 'rule', 'severity']);
  t.deepEqual(
    findings.filter(({ severity }) => severity !== 'info').map(({ file, line, rule }) => `${file}:${line} ${rule}`),
    ['b.yaml:22 KA260', 'a.json:5 OH102'],
  );
});

test('a value can not steer the terminal, break the line, or fill the screen', async (t) => {
  const evil = JSON.stringify(`a\u001b[2J\n${'x'.repeat(9000)}`);
  const cwd = folder({ 'a.yaml': policy(`  process:\n    matchPaths:\n      - path: ${evil}\n`) });
  const { stdout } = await run(['lint', 'a.yaml'], { cwd });
  t.true(stdout.includes('a\\u001b[2J\\nxxx'));
  t.false(stdout.includes('\u001b'));
  t.true(stdout.split('\n').every((line) => /^(a\.yaml:10:\d+: |1 file|$)/.test(line) && line.length < 1000));
});

test('--enforcer decides what is wrong', async (t) => {
  const cwd = folder({ 'a.yaml': policy('  file:\n    matchPatterns:\n      - pattern: /etc/*.conf\n') });
  const severities = async (...args: string[]) => {
    const { stdout } = await run(['lint', '--json', ...args, 'a.yaml'], { cwd });
    const findings: readonly Finding[] = JSON.parse(stdout);
    return findings.filter(({ rule }) => rule === 'KA220').map(({ severity }) => severity);
  };
  t.deepEqual(await severities(), ['warning']);
  t.deepEqual(await severities('--enforcer', 'bpf'), ['error']);
  t.deepEqual(await severities('--enforcer', 'apparmor'), []);
});

test('a directory: what is ours is linted in order of names, the rest passed over', async (t) => {
  const cwd = folder({
    'd/b/z.yaml': wrong,
    'd/a.yml': dangerous,
    'd/compose.yaml': 'services: {}\n',
    'd/notes.txt': wrong,
    'd/.git/a.yaml': wrong,
    'd/node_modules/x/a.yaml': wrong,
    'd/broken.yaml': 'kind: KubeArmorPolicy\n  spec: {',
    'd/other.yaml': 'a: {',
  });
  symlinkSync('..', join(cwd, 'd/b/loop'));
  const { status, stdout } = await run(['lint', 'd'], { cwd });
  t.is(status, 1);
  t.deepEqual(stdout.match(/^d\/[^:]+/gm), ['d/a.yml', 'd/b/z.yaml', 'd/broken.yaml']);
  t.regex(stdout, /2 other files passed over/);
});

test('--fix writes the file, with its mode and what it links to; a second time there is nothing to do', async (t) => {
  const cwd = folder({ 'real.yaml': wrong });
  chmodSync(join(cwd, 'real.yaml'), 0o640);
  symlinkSync('real.yaml', join(cwd, 'a.yaml'));
  const { status, stdout } = await run(['lint', '--fix', 'a.yaml'], { cwd });
  t.is(status, 0);
  t.regex(stdout, /1 repaired/);
  t.is(readFileSync(join(cwd, 'real.yaml'), 'utf8'), wrong.replace('CAP_NET_RAW', 'net_raw'));
  t.is(statSync(join(cwd, 'real.yaml')).mode & 0o777, 0o640);
  t.deepEqual(readdirSync(cwd).sort(), ['a.yaml', 'real.yaml']);
  t.notRegex((await run(['lint', '--fix', 'a.yaml'], { cwd })).stdout, /repaired/);
});

test('--fix mends definitions as well, and leaves their comments', async (t) => {
  const text =
    '/* who */ {"label": "Web", "service": {"name": "web", "org": "acme", "arch": "", "serviceVersions": [{"version": "1.0.0", "priority": {}}]}, "constraints": ["a == b"]}\n';
  const cwd = folder({ 'p.json': text });
  t.is((await run(['lint', '--fix', 'p.json'], { cwd })).status, 0);
  t.is(readFileSync(join(cwd, 'p.json'), 'utf8'), text.replace('"arch": ""', '"arch": "*"'));
});

test('--fix of standard input prints the text, and the findings beside it', async (t) => {
  const { status, stdout, stderr } = await run(['lint', '--fix', '-'], { cwd: folder({}), stdin: wrong });
  t.is(status, 0);
  t.is(stdout, wrong.replace('CAP_NET_RAW', 'net_raw'));
  t.regex(stderr, /1 repaired/);
});

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
      }[];
      readonly fixes?: readonly {
        readonly artifactChanges: readonly {
          readonly replacements: readonly { readonly insertedContent: { readonly text: string } }[];
        }[];
      }[];
    }[];
  }[];
}

test('SARIF has every finding with its rule, place and repair', async (t) => {
  const cwd = folder({ 'a b#1.yaml': wrong, 'w.yaml': dangerous });
  const { status, stdout } = await run(['lint', '--format', 'sarif', 'a b#1.yaml', 'w.yaml'], { cwd });
  const sarif: Sarif = JSON.parse(stdout);
  t.deepEqual([status, sarif.version, sarif.runs.length], [1, '2.1.0', 1]);
  const [{ tool, results } = { tool: { driver: { rules: [] } }, results: [] }] = sarif.runs;
  for (const { ruleId, ruleIndex } of results) t.is(tool.driver.rules[ruleIndex]?.id, ruleId);
  const found = results.filter(({ level }) => level !== 'note');
  t.deepEqual(
    found.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation.artifactLocation.uri]),
    [
      ['KA260', 'error', 'a%20b%231.yaml'],
      ['KA401', 'warning', 'w.yaml'],
    ],
  );
  t.is(found[0]?.fixes?.[0]?.artifactChanges[0]?.replacements[0]?.insertedContent.text, 'net_raw');
});

test(`${templateRule.id} finds ${templateRule.title}, by what a template says and by its file`, async (t) => {
  const cwd = folder({
    'example.yaml': templateRule.good,
    'bad/example.yaml': templateRule.bad,
    'other.yaml': templateRule.good,
  });
  const rules = async (name: string) => {
    const { stdout } = await run(['lint', '--json', name], { cwd });
    const findings: readonly Finding[] = JSON.parse(stdout);
    return findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);
  };
  t.deepEqual(await rules('example.yaml'), []);
  t.deepEqual(await rules('bad/example.yaml'), ['KA018']);
  t.deepEqual(await rules('other.yaml'), ['KA018']);
});

test('the pages of the rules are those that the rules would write', (t) => {
  const docs = new URL('../../docs/', import.meta.url);
  const pages = rulePages(allRules, readFileSync(new URL('lint.md', docs), 'utf8'));
  for (const [name, text] of pages)
    t.is(readFileSync(new URL(name, docs), 'utf8'), text, `docs/${name}: run hzn-armor lint --docs docs`);
  const written = readdirSync(new URL('rules/', docs)).map((name) => `rules/${name}`);
  t.deepEqual(
    written.filter((name) => !pages.has(name)),
    [],
  );
});

test('--docs writes pages, and takes those of rules that are gone away', async (t) => {
  const cwd = folder({ 'docs/lint.md': 'Lint\n', 'docs/rules/KA999.md': 'gone', 'docs/rules/mine.md': 'stays' });
  t.is((await run(['lint', '--docs', 'docs'], { cwd })).status, 0);
  const names = readdirSync(join(cwd, 'docs/rules'));
  t.is(names.length, allRules.length + 1);
  t.true(names.includes('mine.md'));
});

test('what this bundle says has no error', async (t) => {
  const cwd = new URL('../../', import.meta.url).pathname;
  const { stdout, stderr } = await run(['lint', '--json', 'services'], { cwd });
  const findings: readonly Finding[] = JSON.parse(stdout);
  t.deepEqual([findings.filter(({ severity }) => severity === 'error'), stderr], [[], '']);
});

test('a bomb ends as a finding in a process of its own, at once', async (t) => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
    .split('')
    .map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
    .join('\n')}\n`;
  const cwd = folder({
    'bomb.yaml': bomb,
    'deep.yaml': `a: ${'['.repeat(200_000)}`,
    'text.json': `"${'a\\n'.repeat(300_000)}`,
  });
  const cli = new URL('../../tools/cli.ts', import.meta.url).pathname;
  const files = ['bomb.yaml', 'deep.yaml', 'text.json'];
  const { exitCode, stdout } = await $({
    cwd,
    timeout: '60s',
    nothrow: true,
  })`${process.execPath} ${cli} lint --json ${files}`;
  const findings: readonly Finding[] = JSON.parse(stdout);
  t.is(exitCode, 1);
  t.deepEqual(
    findings.map(({ file, rule }) => `${file} ${rule}`),
    ['bomb.yaml KA003', 'deep.yaml KA003', 'text.json KA001'],
  );
});
