import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { CommanderError } from 'commander';
import { ArmorError, ArmorErrors } from '#errors';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { defineTry } from '#tools/policy-try/command.ts';
import type { TryResult } from '#tools/policy-try/try-policies.ts';
import { type Raw, raw } from '../policy/raw-events.ts';

interface Ran {
  readonly status: ExitStatus | undefined;
  readonly out: string;
  readonly error: unknown;
}

const cwd = mkdtempSync(path.join(tmpdir(), 'policy-try-'));
test.after.always(() => rmSync(cwd, { recursive: true, force: true }));

async function run(
  args: readonly string[],
  stdin: Readable = Readable.from([]),
  signal = new AbortController().signal,
): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough().resume();
  const context: CommandContext = { cwd, env: {}, stdin, stdout, stderr, signal };
  let status: ExitStatus | undefined;
  const command = defineTry(context, (given) => {
    status = given;
  }).exitOverride();
  command.configureOutput({ writeOut: (line) => stdout.write(line), writeErr: (line) => stderr.write(line) });
  const error: unknown = await command.parseAsync([...args], { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  stdout.end();
  return { status, out: await text(stdout), error };
}

async function result(
  args: readonly string[],
  stdin?: Readable,
): Promise<TryResult & { readonly notes: readonly string[] }> {
  const { out, error } = await run([...args, '--json'], stdin);
  if (error !== undefined) throw error;
  return JSON.parse(out);
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(path.join(cwd, name), content);
  return name;
}

const POLICIES = `
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: shadow }
spec:
  message: nobody reads it
  file: { matchPaths: [{ path: /etc/shadow }, { path: /etc/gshadow }] }
  action: Block
---
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: shells }
spec:
  selector: { matchLabels: { openhorizon.anax.service_name: web } }
  process: { matchPaths: [{ path: /bin/sh }] }
  action: Audit
---
apiVersion: security.kubearmor.com/v1
kind: KubeArmorHostPolicy
metadata: { name: host }
spec:
  nodeSelector: { matchLabels: { kubearmor.io/hostname: "*" } }
  file: { matchPaths: [{ path: /etc/shadow }] }
  action: Audit
`;

const AGREEMENT = 'a'.repeat(64);
const named = (ContainerName: string): Raw => ({ ContainerName, ContainerID: ContainerName });
const opened = (resource: string, facts: Raw = {}): string =>
  JSON.stringify(raw({ Resource: resource, Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY', ...facts }));
const started = (program: string, facts: Raw = {}): string =>
  JSON.stringify(
    raw({
      Operation: 'Process',
      ProcessName: program,
      Resource: `${program} -c x`,
      Data: 'syscall=SYS_EXECVE',
      ...facts,
    }),
  );

const EVENTS = [
  opened('/etc/shadow', named('ha')),
  opened('/etc/shadow', named('ha')),
  opened('/etc/shadow', { ...named(`${AGREEMENT}-web`), ProcessName: '/bin/dd' }),
  opened('/etc/passwd', named('ha')),
  'KubeArmor says hello',
  started('/bin/sh', named(`${AGREEMENT}-web`)),
  started('/bin/sh', named(`${AGREEMENT}-db`)),
  opened('/etc/shadow', { ContainerID: '', ContainerName: '', Type: 'HostLog' }),
].join('\n');

const POLICY_FILE = file('p.yaml', POLICIES);
const EVENT_FILE = file('e.ndjson', EVENTS);

test('groups what would be blocked and audited, and names the rules nothing touched', async (t) => {
  const tried = await result([POLICY_FILE, '--events', EVENT_FILE]);
  t.like(tried, { events: 7, blocked: 3, audited: 2, allowed: 2, uncertain: 0, filtered: 0, lines: 8 });
  t.deepEqual(
    tried.groups.map(({ outcome, policy, rule, executable, target, count }) => [
      outcome,
      policy,
      rule,
      executable,
      target,
      count,
    ]),
    [
      ['blocked', 'shadow', 'spec.file.matchPaths[0]', '/bin/cat', '/etc/shadow', 2],
      ['audited', 'host', 'spec.file.matchPaths[0]', '/bin/cat', '/etc/shadow', 1],
      ['audited', 'shells', 'spec.process.matchPaths[0]', '/bin/bash', '/bin/sh', 1],
      ['blocked', 'shadow', 'spec.file.matchPaths[0]', '/bin/dd', '/etc/shadow', 1],
    ],
  );
  t.like(tried.groups[0], {
    message: 'nobody reads it',
    first: { time: '2026-11-23T23:21:19.964Z', container: 'ha', resource: '/etc/shadow' },
  });
  t.deepEqual(tried.untouched, [
    { policy: 'shadow', rule: 'spec.file.matchPaths[1]', action: 'Block', target: '/etc/gshadow' },
  ]);
  t.deepEqual(tried.unreadable, {
    count: 1,
    reasons: { 'not-json': 1 },
    first: [{ file: 'e.ndjson', line: 5, reason: 'not-json' }],
  });
});

test('a selector is followed where the container name tells, and assumed where it does not', async (t) => {
  const { workloads } = await result([POLICY_FILE, '--events', EVENT_FILE]);
  const policies = Object.fromEntries(
    workloads.map(({ container, policies: tried, assumed }) => [container.slice(-4), [tried, assumed]]),
  );
  t.deepEqual(policies, {
    ha: [['shadow', 'shells'], ['shells']],
    '-web': [['shadow', 'shells'], []],
    'a-db': [['shadow'], []],
    '': [['host'], []],
  });
  const everywhere = await result(['p.yaml', '--ignore-selectors', '--events', 'e.ndjson']);
  t.is(everywhere.audited, 3);
});

test('--container and --service restrict', async (t) => {
  const args = [POLICY_FILE, '--events', EVENT_FILE];
  t.like(await result([...args, '--service', 'web']), { events: 2, filtered: 5, blocked: 1, audited: 1 });
  t.like(await result([...args, '--container', 'ha']), { events: 3, blocked: 2 });
  t.like(await result([...args, '--container', '*-db', '--container', 'ha']), { events: 4 });
  t.like(await result([...args, '--container', 'nobody']), { events: 0, filtered: 7 });
});

test('reads gzip, standard input and several files', async (t) => {
  const policies = POLICY_FILE;
  const packed = file('e.bin', gzipSync(EVENTS));
  t.like(await result([policies, '--events', packed]), { events: 7 });
  t.like(await result([policies, '--events', packed, packed]), { events: 14, lines: 16 });
  t.like(await result([policies, '--events', '-'], Readable.from([Buffer.from(EVENTS)])), { events: 7 });
});

test('a denial that was told three times counts once', async (t) => {
  const denied = { Result: 'Permission denied' };
  const events = [
    JSON.stringify(
      raw({
        ...denied,
        Type: 'MatchedPolicy',
        PolicyName: 'old',
        Action: 'Block',
        Resource: '/etc/shadow',
        Data: 'lsm=FILE_UNLINK',
      }),
    ),
    JSON.stringify(raw({ ...denied, Resource: '/etc/shadow', Data: 'syscall=SYS_UNLINKAT flags=' })),
    JSON.stringify(
      raw({ ...denied, Operation: 'Syscall', Resource: '/etc/shadow', Data: 'syscall=SYS_UNLINKAT flags=' }),
    ),
  ].join('\n');
  const tried = await result([POLICY_FILE, '--events', file('denied.ndjson', events)]);
  t.like(tried, { events: 1, blocked: 1 });
});

test('--enforcer and --posture', async (t) => {
  const allow = file('allow.yaml', POLICIES.replaceAll('action: Block', 'action: Allow').split('---')[0] ?? '');
  const events = EVENT_FILE;
  t.like(await result([allow, '--events', events]), { audited: 1, blocked: 0 });
  t.like(await result([allow, '--posture', 'file=block', '--events', events]), { blocked: 3, audited: 0 });
  t.like(await result([allow, '--posture', 'block', '--enforcer', 'none', '--events', events]), { blocked: 0 });
  t.true((await run([allow, '--posture', 'never', '--events', events])).error instanceof CommanderError);
});

test('--fail-on makes findings an exit status', async (t) => {
  const args = [POLICY_FILE, '--events', EVENT_FILE];
  t.is((await run(args)).status, 0);
  t.is((await run([...args, '--fail-on', 'blocked'])).status, 1);
  t.is((await run([...args, '--container', '*-db', '--fail-on', 'audited'])).status, 0);
});

test('templates of the catalogue, with values, and directories', async (t) => {
  const events = EVENT_FILE;
  const hardening = path.resolve(import.meta.dirname, '../../services/kubearmor/hardening');
  const integrity = path.join(hardening, 'file-integrity.yaml');
  const tried = await result([
    integrity,
    '--with',
    'directories=[/etc/]',
    '--with',
    'action=Audit',
    '--events',
    events,
  ]);
  t.deepEqual(tried.untouched.length + tried.groups.length > 0, true);
  t.true((await result([hardening, '--events', events])).notes.some((note) => note.includes('the template needs')));
  const { error } = await run([integrity, '--with', 'nonsense=1', '--events', events]);
  t.true(error instanceof ArmorErrors || error instanceof ArmorError);
});

test('people get tables, and are told what was assumed', async (t) => {
  const { out } = await run([POLICY_FILE, '--events', EVENT_FILE]);
  t.regex(out, /^7 events of 3 containers: 3 would be blocked, 2 audited, 2 neither\n/);
  t.regex(out, /Would be blocked\nCOUNT +POLICY/);
  t.regex(out, /2 +shadow +file\.matchPaths\[0\] +\/bin\/cat +\/etc\/shadow +2026-11-23T23:21:19Z ha/);
  t.regex(out, /Rules that decided nothing\n.*\nshadow +file\.matchPaths\[1\] +Block +\/etc\/gshadow/);
  t.regex(out, /note: events carry no labels; shells tried on 1 container /);
  t.regex(out, /note: 1 line without an event \(not-json 1\): e\.ndjson:5/);
});

const errors = test.macro({
  async exec(t, args: () => readonly string[], expected: RegExp) {
    const { error, out } = await run(args());
    t.is(out, '');
    if (error instanceof ArmorErrors) t.regex(error.errors.map(String).join('\n'), expected);
    else t.regex(String(error), expected);
  },
  title: (what = '') => `an error in one line: ${what}`,
});

test(
  'a policy file that is missing',
  errors,
  () => ['no.yaml', '--events', EVENT_FILE],
  /^no\.yaml: no such file or directory \(SOURCE_MISSING\)/,
);
test(
  'a policy that the schema refuses, with its place',
  errors,
  () => [file('bad.yaml', POLICIES.replace('/etc/gshadow', 'etc/gshadow')), '--events', EVENT_FILE],
  /^bad\.yaml:7:\d+: spec\.file\.matchPaths\.1\.path/,
);
test(
  'values for a policy that is no template',
  errors,
  () => [POLICY_FILE, '--with', 'action=Audit', '--events', EVENT_FILE],
  /none of the files is a template/,
);
test('YAML that is none', errors, () => [file('broken.yaml', 'a: ['), '--events', EVENT_FILE], /^broken\.yaml:1:\d+/);
test(
  'a file without a policy',
  errors,
  () => [file('other.yaml', 'kind: Service\n'), '--events', EVENT_FILE],
  /^other\.yaml.*(kind|no KubeArmorPolicy)/,
);
test(
  'two policies of one name',
  errors,
  () => [POLICY_FILE, file('q.yaml', POLICIES), '--events', EVENT_FILE],
  /two policies are called "shadow"/,
);
test(
  'telemetry that is missing',
  errors,
  () => [POLICY_FILE, '--events', 'no.ndjson'],
  /^no\.ndjson: no such file \(SOURCE_MISSING\)/,
);
test(
  'telemetry without an event',
  errors,
  () => [POLICY_FILE, '--events', 'p.yaml'],
  /^p\.yaml:2: no KubeArmor event in \d+ lines/,
);
test(
  'a truncated archive',
  errors,
  () => [POLICY_FILE, '--events', file('cut.gz', gzipSync(EVENTS).subarray(0, 200))],
  /^cut\.gz: unreadable after line \d+: unexpected end of file .*gzip -cdq cut\.gz \|/,
);
test('a directory of telemetry', errors, () => [POLICY_FILE, '--events', '.'], /^\.: a directory \(SOURCE_MISSING\)/);

test('an interrupted run reports what it has read', async (t) => {
  const controller = new AbortController();
  const policies = POLICY_FILE;
  const endless = async function* (): AsyncGenerator<Buffer> {
    for (;;) {
      yield Buffer.from(`${EVENTS}\n`);
      controller.abort();
    }
  };
  const { out, status } = await run([policies, '--events', '-', '--json'], Readable.from(endless()), controller.signal);
  t.is(status, 0);
  t.like(JSON.parse(out), { interrupted: true });
});

test('memory stays flat however many files are touched', async (t) => {
  const policies = file(
    'all.yaml',
    POLICIES.split('---')[0]?.replace(/file: .*/, 'file: { matchDirectories: [{ dir: /data/, recursive: true }] }') ??
      '',
  );
  const touched = async function* (): AsyncGenerator<Buffer> {
    for (let batch = 0; batch < 100; batch++) {
      yield Buffer.from(
        Array.from({ length: 500 }, (_, index) => `${opened(`/data/${batch}/${index}`, named('ha'))}\n`).join(''),
      );
    }
  };
  const tried = await result([policies, '--events', '-'], Readable.from(touched()));
  t.is(tried.blocked, 50_000);
  t.true(tried.groups.length <= 20_001);
  t.is(
    tried.groups.reduce((sum, { count }) => sum + count, 0),
    50_000,
  );
  t.like(tried.groups[0], { target: '(others)', count: 30_000 });
});
