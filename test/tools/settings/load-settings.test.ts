import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { requireHub } from '#tools/hub/open-hub.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

interface Files {
  readonly user?: string;
  readonly machine?: string;
  readonly shipped?: string;
}

function load(t: ExecutionContext, files: Files, env: Readonly<Record<string, string>> = {}) {
  const root = temporaryDirectory(t);
  const write = (path: string, text: string | undefined): void => {
    if (text === undefined) return;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('home/.hzn/hzn.json', files.user);
  write('etc/default/horizon', files.machine);
  write('etc/horizon/hzn.json', files.shipped);
  return loadSettings({ env: { HOME: join(root, 'home'), ...env }, etc: join(root, 'etc') });
}

test('the environment wins, then ~/.hzn/hzn.json, then /etc/default/horizon, then /etc/horizon/hzn.json', async (t) => {
  const files = {
    user: '{"HZN_ORG_ID":"user"}',
    machine: 'HZN_ORG_ID=machine\nHZN_FSS_CSSURL=http://machine\n',
    shipped: '{"HZN_ORG_ID":"shipped","HZN_FSS_CSSURL":"http://shipped","HZN_EXCHANGE_URL":"http://shipped/v1"}',
  };
  const settings = await load(t, files, { HZN_ORG_ID: 'environment' });
  t.deepEqual(settings.org, { value: 'environment', from: 'the environment' });
  t.is((await load(t, files)).org?.value, 'user');
  t.is(settings.cssUrl?.value, 'http://machine');
  t.true(settings.cssUrl?.from.endsWith('etc/default/horizon'));
  t.is(settings.exchangeUrl?.value, 'http://shipped/v1');
});

test('nothing set is no error until it is needed; then everything missing is named', async (t) => {
  const settings = await load(t, {});
  t.is(settings.exchangeUrl, undefined);
  t.true(settings.privateKeyFile.value.endsWith('.hzn/keys/service.private.key'));
  const error = t.throws(() => requireHub(settings));
  for (const name of ['HZN_EXCHANGE_URL', 'HZN_ORG_ID', 'HZN_EXCHANGE_USER_AUTH'])
    t.regex(error?.message ?? '', new RegExp(name));
});

test('hzn.json may have comments and MetadataVars; /etc/default/horizon comments, quotes and export', async (t) => {
  const settings = await load(t, {
    user: '/* mine */ {\n  "HZN_ORG_ID": "acme", /* "x": */ "MetadataVars": { "ZONE": "hall" }\n}',
    machine: '# HZN_FSS_CSSURL=http://no\n\nexport HZN_FSS_CSSURL="http://css/"\nRUBBISH\n',
  });
  t.is(settings.org?.value, 'acme');
  t.is(settings.variables.get('ZONE')?.value, 'hall');
  t.is(settings.cssUrl?.value, 'http://css');
});

test('a value with "=" in it is kept whole, where hzn cuts it', async (t) => {
  const settings = await load(t, { machine: 'HZN_EXCHANGE_USER_AUTH=acme/ci:pa==ss=\n' });
  t.is(settings.user?.value.secret.reveal(), 'pa==ss=');
});

const user = test.macro({
  async exec(t, given: string, id: string, secret: string) {
    const { user: read } = await load(t, {}, { HZN_ORG_ID: 'acme', HZN_EXCHANGE_USER_AUTH: given });
    t.deepEqual([read?.value.id, read?.value.secret.reveal()], [id, secret]);
  },
  title: (_, given) => `HZN_EXCHANGE_USER_AUTH=${given}`,
});
test(user, 'beta/ci:pw', 'beta/ci', 'pw');
test(user, 'ci:pw', 'acme/ci', 'pw');
test(user, 'ci:pw:with/slash', 'acme/ci', 'pw:with/slash');
test(user, 'apikey:K', 'acme/apikey', 'K');

test('credentials print as <secret>, and are no variables for sources', async (t) => {
  const settings = await load(t, { user: '{"HZN_EXCHANGE_USER_AUTH":"acme/ci:hidden"}' });
  t.false(JSON.stringify([settings, [...settings.variables]]).includes('hidden'));
  t.false(settings.variables.has('HZN_EXCHANGE_USER_AUTH'));
});

const broken = test.macro({
  async exec(t, files: Files, env: Readonly<Record<string, string>>, message: RegExp) {
    const error = await t.throwsAsync(load(t, files, env), { code: 'SETTING_MISSING' });
    t.regex(String(error), message);
    t.false(String(error).includes('hidden'));
  },
  title: (what) => `${what} is an error that quotes nothing`,
});
test(
  'JSON that is none',
  broken,
  { user: '{\n  "HZN_EXCHANGE_USER_AUTH": "acme/ci:hidden\n}' },
  {},
  /hzn\.json:\d+.*: this is not valid JSON/,
);
test('JSON that is no object', broken, { user: '["hidden"]' }, {}, /not a JSON object/);
test('a user without a password', broken, {}, { HZN_EXCHANGE_USER_AUTH: 'hidden' }, /not of the form user:password/);

test('URLs that cannot be right are said at once', async (t) => {
  const env = { HZN_ORG_ID: 'acme', HZN_EXCHANGE_USER_AUTH: 'ci:pw' };
  const problems = async (exchange: string, css = 'http://c'): Promise<string> => {
    const settings = await load(t, {}, { ...env, HZN_EXCHANGE_URL: exchange, HZN_FSS_CSSURL: css });
    return t.throws(() => requireHub(settings))?.message ?? '';
  };
  t.regex(await problems('ftp://x/v1'), /HZN_EXCHANGE_URL is not an http/);
  t.regex(await problems('x'), /HZN_EXCHANGE_URL is not an http/);
  t.regex(await problems('http://x'), /does not end in \/v1/);
  t.regex(await problems('http://u:p@x/v1'), /holds credentials/);
  t.regex(await problems('http://x/v1', 'c:9'), /HZN_FSS_CSSURL is not an http/);
});

test('retries are those that hzn was told', async (t) => {
  const env = { HZN_ORG_ID: 'acme', HZN_EXCHANGE_USER_AUTH: 'ci:pw', HZN_EXCHANGE_URL: 'http://x/v1' };
  t.is(requireHub(await load(t, {}, env)).backOff, undefined);
  t.deepEqual(
    requireHub(await load(t, {}, { ...env, HZN_HTTP_RETRIES: '2', HZN_HTTP_RETRY_INTERVAL: '3' })).backOff,
    [3000, 3000],
  );
});
