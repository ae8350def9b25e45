import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { runCommand } from '#tools/run-command.ts';
import { createKeys } from '#tools/signing/create-keys.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';
import { SMALL_BUNDLE, writeBundle } from './bundle-fixture.ts';

/** A bundle, and a publisher with a key. */
async function publisher(t: ExecutionContext, changes: Readonly<Record<string, string>> = {}) {
  const dir = writeBundle(t, changes);
  const home = temporaryDirectory(t);
  const { keyId } = await createKeys(
    join(home, '.hzn/keys/service.private.key'),
    join(home, '.hzn/keys/service.public.pem'),
    2048,
  );
  return { dir, home, keyId, env: { HOME: home, HZN_ORG_ID: 'acme' } };
}

/** Runs a command as the command line would. */
async function run(cwd: string, env: Readonly<Record<string, string>>, name: string, ...args: string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const status = await runCommand(name, args, {
    cwd,
    env,
    stdin,
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  return { status, stdout: await text(stdout), stderr: await text(stderr) };
}

test('keys create makes a key once; keys show says which', async (t) => {
  const home = temporaryDirectory(t);
  const created = await run(home, { HOME: home }, 'keys', 'create', '--bits', '2048', '--json');
  const { keyId, privateKeyFile } = JSON.parse(created.stdout);
  t.is(privateKeyFile, join(home, '.hzn/keys/service.private.key'));
  const shown = await run(home, { HOME: home }, 'keys', 'show');
  t.regex(shown.stdout, new RegExp(`RSA, 2048 bits\nkey id ${keyId}\n-----BEGIN PUBLIC KEY-----`));
  const again = await run(home, { HOME: home }, 'keys', 'create', '--bits', '2048');
  t.deepEqual([again.status, again.stdout], [1, '']);
  t.regex(
    again.stderr,
    /^\S+service\.private\.key: there is a key already, and it is not overwritten \(KEY_UNUSABLE\).*\n$/,
  );
});

test('the key is where HZN_PRIVATE_KEY_FILE says', async (t) => {
  const { home, env } = await publisher(t);
  const other = join(temporaryDirectory(t), 'mine.key');
  copyFileSync(join(home, '.hzn/keys/service.private.key'), other);
  const { stdout } = await run(home, { ...env, HZN_PRIVATE_KEY_FILE: other }, 'keys', 'show', '--json');
  t.is(JSON.parse(stdout).privateKeyFile, other);
});

for (const bits of ['1024', 'many', '100000']) {
  test(`a key of ${bits} bits is not made`, async (t) => {
    const home = temporaryDirectory(t);
    const { status, stderr } = await run(home, { HOME: home }, 'keys', 'create', '--bits', bits);
    t.is(status, 2);
    t.regex(stderr, /from 2048 to 8192/);
  });
}

test('build says what it wrote, where, and by which key; a second one writes nothing', async (t) => {
  const { dir, env, keyId } = await publisher(t);
  const first = await run(dir, env, 'build');
  t.is(first.status, 0);
  t.is(
    first.stdout,
    `small 1.0.0 for acme: 4 service definitions, 4 security policy objects\nsigned by ${keyId}\n19 files written, 0 removed, 0 unchanged\ndist/small-1.0.0.tar.gz\n`,
  );
  t.regex(first.stderr, /^warning: services\/guard\/service\.yaml:8:\d+: example\.com\/agent:1\.0 is not locked/);
  const second = JSON.parse((await run(dir, env, 'build', '--json')).stdout);
  t.like(second, { keyId, written: [], removed: [], unchanged: 19, org: 'acme', out: join(dir, 'dist') });
  t.is(second.warnings.length, 5);
});

test('build works on a bundle elsewhere, into a directory elsewhere', async (t) => {
  const { dir, env } = await publisher(t);
  const elsewhere = temporaryDirectory(t);
  const { stdout } = await run(elsewhere, env, 'build', '--bundle', dir, '--out', 'made/here', '--json');
  t.is(JSON.parse(stdout).archive, join(elsewhere, 'made/here/small-1.0.0.tar.gz'));
});

test('build prints one line for each thing that is wrong, and one JSON document under --json', async (t) => {
  const { dir, env } = await publisher(t, {
    'services/web/service.yaml': (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace('label', 'lable'),
  });
  const { status, stdout, stderr } = await run(dir, env, 'build');
  t.deepEqual([status, stdout, stderr.split('\n').length], [1, '', 3]);
  const report = JSON.parse((await run(dir, env, 'build', '--json')).stdout);
  t.like(report.errors, [
    { code: 'SOURCE_INVALID', where: 'services/web/service.yaml:1:1', message: 'the file lacks "label"' },
    { code: 'SOURCE_INVALID' },
  ]);
});

test('build without a key names the command that makes one', async (t) => {
  const dir = writeBundle(t);
  const { status, stderr } = await run(dir, { HOME: dir, HZN_ORG_ID: 'acme' }, 'build');
  t.is(status, 1);
  t.regex(stderr, /there is no signing key \(KEY_UNUSABLE\)\. Make one: hzn-armor keys create/);
});

test('build without an organization names the setting', async (t) => {
  const { dir, home } = await publisher(t);
  t.regex((await run(dir, { HOME: home }, 'build')).stderr, /HZN_ORG_ID is not set \(SETTING_MISSING\)/);
});

test('a build shows its progress on a terminal only', async (t) => {
  const { dir, env } = await publisher(t);
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const context = {
    cwd: dir,
    env,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    signal: new AbortController().signal,
  };
  t.is(await runCommand('build', [], context), 0);
  stderr.end();
  t.regex(await text(stderr), /signing 7\/7/);
  t.notRegex((await run(dir, env, 'build')).stderr, /signing/);
});

test('verify says whose signature it is', async (t) => {
  const { dir, env, keyId } = await publisher(t);
  await run(dir, env, 'build');
  const own = await run(dir, env, 'verify');
  t.is(own.status, 0);
  t.regex(
    own.stdout,
    new RegExp(`^small 1\\.0\\.0 for acme: 16 files and 9 signatures are right\nsigned by ${keyId}, your own key\n$`),
  );
  const stranger = { HOME: temporaryDirectory(t) };
  t.regex(
    (await run(dir, stranger, 'verify', 'dist/small-1.0.0.tar.gz')).stdout,
    /not compared with anything: .*--trust/,
  );
  t.is(JSON.parse((await run(dir, stranger, 'verify', 'dist', '--trust', keyId, '--json')).stdout).signer, 'named');
  const refused = await run(dir, stranger, 'verify', 'dist', '--trust', '0'.repeat(64));
  t.deepEqual([refused.status, refused.stdout], [1, '']);
  t.regex(refused.stderr, /SIGNATURE_INVALID/);
  t.is((await run(dir, stranger, 'verify', 'dist', '--trust', 'me')).status, 2);
});

test('verify fails on a tampered dist, with one line for each fault', async (t) => {
  const { dir, env } = await publisher(t);
  await run(dir, env, 'build');
  for (const file of ['dist/services/web_1.0.0_amd64.json', 'dist/deployment-policies/web.json']) {
    writeFileSync(join(dir, file), readFileSync(join(dir, file), 'utf8').replace('Web', 'Bew'));
  }
  const { status, stderr } = await run(dir, env, 'verify');
  t.is(status, 1);
  t.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.split('dist/')[1]?.split(':')[0]),
    ['deployment-policies/web.json', 'services/web_1.0.0_amd64.json'],
  );
});

test('nothing of the private key is ever printed', async (t) => {
  const { dir, home, env } = await publisher(t);
  const lines = readFileSync(join(home, '.hzn/keys/service.private.key'), 'utf8')
    .split('\n')
    .filter((line) => line.length === 64);
  const said = [];
  for (const [name, ...args] of [
    ['build'],
    ['build', '--json'],
    ['keys', 'show'],
    ['keys', 'show', '--json'],
    ['verify', '--json'],
  ] as const) {
    const { stdout, stderr } = await run(dir, env, name, ...args);
    said.push(stdout, stderr);
  }
  mkdirSync(join(dir, 'damaged'));
  writeFileSync(
    join(dir, 'damaged/key'),
    readFileSync(join(home, '.hzn/keys/service.private.key'), 'utf8').replace(/\n.{30}/, '\n'),
  );
  said.push((await run(dir, { ...env, HZN_PRIVATE_KEY_FILE: join(dir, 'damaged/key') }, 'build', '--json')).stdout);
  t.true(lines.length > 10);
  for (const line of lines) t.false(said.join('').includes(line));
});
