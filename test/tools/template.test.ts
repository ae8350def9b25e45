import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { run } from '#test/support/run-command.ts';
import { HARDENING } from '#tools/bundle/source-files.ts';
import type { ExitStatus } from '#tools/command.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

test('template list names every template with its default', async (t) => {
  const { status, stdout } = await run(['template', 'list'], { cwd: ROOT });
  t.is(status, 0);
  t.regex(stdout, /^root-certificates +container +Block +Keeps/m);
  t.regex(stdout, /^host-boot +host +Audit +Watches/m);
  t.regex(stdout, /^process-allowlist .*Needs executables\.$/m);
});

test('template list works outside of a bundle, and prints one JSON document', async (t) => {
  const { stdout } = await run(['template', 'list', '--json'], { cwd: tmpdir() });
  const list: readonly { readonly id: string; readonly required: readonly string[] }[] = JSON.parse(stdout);
  t.true(list.length >= 40);
  t.deepEqual(list.find(({ id }) => id === 'mounted-volumes')?.required, ['directories', 'writers']);
});

test('template show prints parameters, limits and the policy', async (t) => {
  const { status, stdout } = await run(['template', 'show', 'horizon-secrets'], { cwd: ROOT });
  t.is(status, 0);
  for (const part of [/^Parameters$/m, /list of files/, /^Limits$/m, /NIST SP 800-53: AC-3/, /dir: \/ess-auth\//]) {
    t.regex(stdout, part);
  }
});

test('template show --json has the whole template', async (t) => {
  const { stdout } = await run(['template', 'show', 'root-certificates', '--json'], { cwd: ROOT });
  t.like(JSON.parse(stdout), {
    id: 'root-certificates',
    kind: 'KubeArmorPolicy',
    parameters: { action: { default: 'Block' } },
    sample: { metadata: { name: 'root-certificates' }, spec: { action: 'Block' } },
  });
});

test('an id that there is not is a wrong call, with the nearest', async (t) => {
  const { status, stderr } = await run(['template', 'show', 'root-certificate'], { cwd: ROOT });
  t.is(status, 2);
  t.regex(stderr, /there is no template "root-certificate".*Did you mean "root-certificates"\?/);
});

test('template test runs one template or all of them', async (t) => {
  const one = await run(['template', 'test', 'crypto-miners', '--json'], { cwd: ROOT });
  const results: readonly { readonly template: string; readonly passed: boolean }[] = JSON.parse(one.stdout);
  t.is(one.status, 0);
  t.true(results.length >= 4);
  t.true(results.every(({ template, passed }) => template === 'crypto-miners' && passed));
  const all = await run(['template', 'test'], { cwd: ROOT });
  t.regex(all.stdout, /^\d+ passed, 0 failed, \d+ templates\n$/);
});

test('template docs --check agrees with the pages that are committed', async (t) => {
  const { status, stdout } = await run(['template', 'docs', '--check'], { cwd: ROOT });
  t.is(status, 0, stdout);
});

const inCopy = test.macro({
  async exec(t, change: (dir: string) => Promise<void>, args: readonly string[], status: ExitStatus, expected: RegExp) {
    const dir = await mkdtemp(join(tmpdir(), 'armor-template-'));
    t.teardown(() => rm(dir, { recursive: true }));
    await cp(join(ROOT, HARDENING), join(dir, HARDENING), { recursive: true });
    await change(dir);
    const ran = await run(args, { cwd: dir });
    t.regex(ran.stdout + ran.stderr, expected);
    t.is(ran.status, status);
  },
  title: (behaviour) => `with a catalogue of one's own: ${behaviour}`,
});

async function edit(dir: string, file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(dir, HARDENING, file);
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
}

test(
  'a case that fails is named with its line, and the exit status is 1',
  inCopy,
  (dir) => edit(dir, 'root-certificates.yaml', '        - /etc/ssl/\n', ''),
  ['template', 'test', 'root-certificates'],
  1,
  /tests\/root-certificates\.yaml:\d+: root-certificates: the bundle is rewritten: expected Block, found nothing/,
);
test(
  'a template with a fault is said with line and column',
  inCopy,
  (dir) => edit(dir, 'shells.yaml', 'T1609', 'T1699'),
  ['template', 'list'],
  1,
  /hardening\/shells\.yaml:\d+:\d+: MITRE ATT&CK 18\.1 has no "T1699"/,
);
test(
  'tests with a fault are said with line and column',
  inCopy,
  (dir) => edit(dir, 'tests/shells.yaml', 'expect: Audit', 'expects: Audit'),
  ['template', 'test'],
  1,
  /tests\/shells\.yaml:3:\d+: .*unknown key "expects"/,
);
test(
  'a case of two kinds of access is refused',
  inCopy,
  (dir) => edit(dir, 'tests/ssh-server.yaml', 'exec: /usr/sbin/sshd', 'exec: /usr/sbin/sshd, read: /etc/x'),
  ['template', 'test', 'ssh-server'],
  1,
  /tests\/ssh-server\.yaml:3:\d+: /,
);
test(
  'a template without tests is not complete',
  inCopy,
  (dir) => rm(join(dir, HARDENING, 'tests/shells.yaml')),
  ['template', 'list'],
  1,
  /tests\/shells\.yaml: there is no such file/,
);
test(
  'pages that are out of date are named, and written without --check',
  inCopy,
  async () => {},
  ['template', 'docs', '--check'],
  1,
  /docs\/catalogue\.md: out of date\ndocs\/compliance-matrix\.md: out of date/,
);
