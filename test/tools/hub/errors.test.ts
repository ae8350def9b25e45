import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startCss } from '#demo/simulators/css/start-css.ts';
import { startExchange } from '#demo/simulators/exchange/exchange.ts';
import type { Fate } from '#demo/simulators/types.ts';
import { openssl } from '#test/support/openssl.ts';
import { SMALL_BUNDLE } from '../bundle/bundle-fixture.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';
import { type FateRule, PASSWORD, type Publisher, publisher, publishes, SERVE, STATE } from './hub-fixture.ts';

/** One line, with a code, a fix, and nothing secret. Warnings of the bundle stand before it. */
function theOneError(t: ExecutionContext, stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('warning: '));
  t.is(lines.length, 1, stderr);
  const [line = ''] = lines;
  t.regex(line, / \([A-Z_]+\)\. \S.*\.$/);
  t.false(leaks(line), line);
  return line;
}

const SPELLINGS = [PASSWORD, encodeURIComponent(PASSWORD), Buffer.from(`acme/ci:${PASSWORD}`).toString('base64')];

function leaks(text: string): boolean {
  return SPELLINGS.some((spelling) => text.includes(spelling)) || /Basic [\w+/]{8}/.test(text);
}

interface Case {
  readonly env?: (p: Publisher) => Readonly<Record<string, string | undefined>>;
  readonly rule?: FateRule;
  readonly args?: readonly string[];
  readonly line: RegExp;
}

const fails = test.macro({
  async exec(t, { env = () => ({}), rule, args = ['publish'], line }: Case) {
    const p = await publisher(t);
    p.meet(rule);
    const { status, stderr } = await p.run(args, env(p));
    t.is(status, 1);
    t.regex(theOneError(t, stderr), line);
    t.true(
      p.seen().every(({ method }) => method === 'GET'),
      'nothing was written',
    );
    p.meet();
    await publishes(t, p);
  },
  title: (what) => `${what}: one line, nothing written, and the next publish completes`,
});

const answer = (status: number, body: string, headers = {}): Fate => ({ kind: 'answer', status, body, headers });
const at =
  (pattern: RegExp, fate: Fate): FateRule =>
  ({ path }) =>
    pattern.test(path) ? fate : SERVE;
const HTML = answer(200, '<!DOCTYPE html><html><body>Sign in</body></html>', { 'content-type': 'text/html' });

test('wrong password', fails, {
  env: () => ({ HZN_EXCHANGE_USER_AUTH: 'acme/ci:wrong' }),
  line: /^GET http:\S+: the Exchange does not accept the credentials of acme\/ci \(HUB_DENIED\)\. Correct HZN_EXCHANGE_USER_AUTH in the environment/,
});
test('a user that does not exist', fails, {
  env: () => ({ HZN_EXCHANGE_USER_AUTH: `acme/ghost:${PASSWORD}` }),
  line: /credentials of acme\/ghost \(HUB_DENIED\)/,
});
test('iamapikey', fails, {
  env: () => ({ HZN_EXCHANGE_USER_AUTH: `acme/iamapikey:${PASSWORD}` }),
  line: /write org\/apikey:KEY/,
});
test('a CSS that does not take the credentials', fails, {
  rule: at(/^\/api\/v1\/objects/, answer(403, 'Unauthorized', { 'content-type': 'text/plain; charset=utf-8' })),
  line: /the CSS does not accept the credentials of acme\/ci, or not for this org \(HUB_DENIED\)/,
});
test('an org that does not exist', fails, {
  env: () => ({ HZN_ORG_ID: 'ghost' }),
  line: /there is no org ghost, or acme\/ci may not see it \(HUB_DENIED\)\. Correct HZN_ORG_ID/,
});
test('another org', fails, {
  env: () => ({ HZN_EXCHANGE_USER_AUTH: `beta/user:${PASSWORD}` }),
  line: /there is no org acme, or beta\/user may not see it \(HUB_DENIED\)/,
});
test('an Exchange that refuses the connection', fails, {
  env: () => ({ HZN_EXCHANGE_URL: 'http://127.0.0.1:1/v1' }),
  line: /^GET http:\/\/127\.0\.0\.1:1\/v1\S*: 127\.0\.0\.1:1 refuses the connection \(HUB_UNREACHABLE\)/,
});
test('a CSS that refuses the connection', fails, {
  env: () => ({ HZN_FSS_CSSURL: 'http://127.0.0.1:1' }),
  line: /^GET http:\/\/127\.0\.0\.1:1\/api\S*: 127\.0\.0\.1:1 refuses the connection \(HUB_UNREACHABLE\)/,
});
test('a host that does not exist', fails, {
  env: () => ({ HZN_EXCHANGE_URL: 'http://no-such-host.invalid/v1' }),
  line: /no-such-host\.invalid/,
});
test('https where the hub speaks http', fails, {
  env: ({ hub }) => ({ HZN_EXCHANGE_URL: hub.access.exchangeUrl.replace('http:', 'https:') }),
  line: /does not speak TLS \(HUB_UNREACHABLE\)\. Write http:\/\//,
});
test('an Exchange that is too old', fails, {
  rule: at(/admin\/version/, answer(200, '2.110.3\n', { 'content-type': 'text/plain' })),
  line: /the Exchange is 2\.110\.3, and 2\.124\.0 is the oldest that works \(HUB_TOO_OLD\)/,
});
test('a web page instead of the services', fails, {
  rule: at(/\/services$/, HTML),
  line: /a web page came back \(200\) and not an answer of the Exchange \(HUB_REJECTED\)\. Check HZN_EXCHANGE_URL/,
});
test('a web page instead of the version', fails, { rule: at(/admin\/version/, HTML), line: /HUB_REJECTED/ });
test('a web page instead of the objects', fails, {
  rule: at(/^\/api\/v1\/objects/, HTML),
  line: /not an answer of the CSS \(HUB_REJECTED\)\. Check HZN_FSS_CSSURL/,
});
test('a web page with a 404', fails, {
  rule: at(/\/services$/, answer(404, '<html>Not Found</html>', { 'content-type': 'text/html' })),
  line: /HUB_REJECTED/,
});
test('a 503 that stays', fails, {
  rule: at(/\/services$/, answer(503, 'busy')),
  line: /the Exchange failed \(503\): busy \(HUB_UNREACHABLE\)/,
});
test('JSON of another kind', fails, {
  rule: at(/\/services$/, answer(200, '{"hello":"world"}', { 'content-type': 'application/json' })),
  line: /is not what an Exchange sends \(HUB_REJECTED\)/,
});
test('JSON cut in the middle', fails, {
  rule: at(/\/services$/, answer(200, '{"services":{"a')),
  line: /HUB_REJECTED/,
});
test('a redirect', fails, {
  rule: at(/\/services$/, answer(302, '', { location: 'https://user:pw@login.example/x?token=1' })),
  line: /sends us to https:\/\/login\.example\/x \(302\) \(HUB_REJECTED\)\. Write the final URL into HZN_EXCHANGE_URL/,
});
test('a URL without /v1', fails, {
  env: ({ hub }) => ({ HZN_EXCHANGE_URL: hub.access.exchangeUrl.replace('/v1', '') }),
  line: /HZN_EXCHANGE_URL does not end in \/v1 \(SETTING_MISSING\)/,
});
test('credentials inside a URL', fails, {
  env: ({ hub }) => ({
    HZN_EXCHANGE_URL: hub.access.exchangeUrl.replace('//', `//u:${encodeURIComponent(PASSWORD)}@`),
  }),
  line: /HZN_EXCHANGE_URL holds credentials \(SETTING_MISSING\)/,
});
test('no CSS where policies are attached', fails, {
  env: () => ({ HZN_FSS_CSSURL: undefined }),
  line: /HZN_FSS_CSSURL is not set/,
});
test('no credentials', fails, {
  env: () => ({ HZN_EXCHANGE_USER_AUTH: undefined }),
  line: /HZN_EXCHANGE_USER_AUTH is not set/,
});
test('a CA file that is not there', fails, {
  env: () => ({ HZN_MGMT_HUB_CERT_PATH: '/no/such/ca.pem' }),
  line: /^\/no\/such\/ca\.pem: the file of HZN_MGMT_HUB_CERT_PATH cannot be read \(SETTING_MISSING\)/,
});

const rejected = test.macro({
  async exec(t, { rule, line }: Case) {
    const p = await publisher(t);
    p.meet(rule);
    const { status, stderr } = await p.run(['publish']);
    t.is(status, 1);
    t.regex(theOneError(t, stderr), line);
    p.meet();
    await publishes(t, p);
    t.like(await publishes(t, p), { created: 0, updated: 0, requests: { writes: 0 } });
  },
  title: (what) => `${what}: one line with the source, and the next publish completes`,
});
const write =
  (pattern: RegExp, fate: Fate): FateRule =>
  ({ method, path }) =>
    method !== 'GET' && pattern.test(path) ? fate : SERVE;

test('a field that the Exchange refuses', rejected, {
  rule: write(
    /business\/policies/,
    answer(400, '{"code":"invalid-input","msg":"Unrecognized field \\"fooo\\" (class x)"}'),
  ),
  line: /^deployment-policies\/web\.yaml: POST \S+\/business\/policies\/web: the Exchange refuses what was sent \(400\): Unrecognized field "fooo" .*Correct the field fooo in deployment-policies\/web\.yaml\.$/,
});
test('a message that echoes the password', rejected, {
  rule: write(/business\/policies/, answer(400, `{"code":"x","msg":"no ${PASSWORD} and ${SPELLINGS[2]}\\nhere"}`)),
  line: /: no <secret> and <secret> here \(HUB_REJECTED\)/,
});
test('a body that the CSS refuses', rejected, {
  rule: write(/objects\/acme\/security-policy\/node\.edge\.[0-9a-f]+$/, answer(400, 'Invalid expiration time\n')),
  line: /^node-policies\/edge\.yaml: PUT \S+: the CSS refuses what was sent \(400\): Invalid expiration time \(HUB_REJECTED\)/,
});
test('an id that a node has taken meanwhile', rejected, {
  rule: write(
    /objects\/acme\/security-policy\/node\.edge\.[0-9a-f]+$/,
    answer(400, "Can't update object of the receiving side\n"),
  ),
  line: /^node-policies\/edge\.yaml: the object node\.edge\.\w+ was put into MMS from a node.*HUB_CONFLICT\).*--take-over/,
});

test('every fault of independent resources is said in one run', async (t) => {
  const p = await publisher(t);
  p.meet(write(/business\/policies|\/services\/web_\S+\/policy/, answer(400, '{"code":"x","msg":"no"}')));
  const { stdout } = await p.run(['publish', '--json']);
  t.deepEqual(
    JSON.parse(stdout).errors.map(({ where }: { where: string }) => where),
    // The deployment policy needs the service policies: it is not tried.
    ['services/web/service.policy.yaml', 'services/web/service.policy.yaml'],
  );
});

test('what belongs to another user is said so, with the owner', async (t) => {
  const p = await publisher(t);
  await publishes(t, p);
  p.write(
    'deployment-policies/web.yaml',
    (SMALL_BUNDLE['deployment-policies/web.yaml'] ?? '').replace('label: Web', 'label: Site'),
  );
  const { stderr } = await p.run(['publish'], { HZN_EXCHANGE_USER_AUTH: `acme/other:${PASSWORD}` });
  const lines = stderr.split('\n').filter((line) => line.includes('HUB_'));
  t.true(lines.length > 0);
  t.true(lines.every((line) => /HUB_DENIED/.test(line)));
  t.true(
    lines.some(
      (line) =>
        /the deployment policy acme\/web belongs to acme\/ci, and acme\/other may not change it/.test(line) ||
        /may not create the service/.test(line),
    ),
    stderr,
  );
});

test('an admin publishes over what a user of the org has published', async (t) => {
  const p = await publisher(t);
  const { created } = await publishes(t, p);
  const { status, stdout } = await p.run(['publish', '--json'], { HZN_EXCHANGE_USER_AUTH: `acme/admin:${PASSWORD}` });
  t.is(status, 0, stdout);
  t.like(JSON.parse(stdout), { unchanged: created, requests: { writes: 0 } });
});

test('a node’s identity may not publish', async (t) => {
  const p = await publisher(t);
  const { status, stderr } = await p.run(['publish'], { HZN_EXCHANGE_USER_AUTH: `acme/node1:${PASSWORD}` });
  t.is(status, 1);
  t.regex(stderr, /HUB_DENIED/);
  t.false(leaks(stderr));
});

test('a hub that speaks German is understood by its statuses', async (t) => {
  const p = await publisher(t);
  const exchange = await startExchange({ state: STATE, language: 'de' });
  const css = await startCss({ exchange: exchange.url });
  t.teardown(async () => {
    await css.close();
    await exchange.close();
  });
  const env = { HZN_EXCHANGE_URL: exchange.url, HZN_FSS_CSSURL: css.url };
  const results = await Promise.all([p.run(['publish', '--json'], env), p.run(['publish', '--json'], env)]);
  for (const { status, stdout } of results) t.is(status, 0, stdout);
  const { stdout } = await p.run(['publish', '--json'], env);
  t.like(JSON.parse(stdout), { created: 0, updated: 0, requests: { writes: 0 } });
  const denied = await p.run(['publish'], { ...env, HZN_EXCHANGE_USER_AUTH: 'acme/ci:wrong' });
  t.regex(theOneError(t, denied.stderr), /does not accept the credentials/);
});

/** A CA, and a certificate of 127.0.0.1 that it signed. */
async function certificates(
  t: ExecutionContext,
): Promise<{ readonly ca: string; readonly key: string; readonly cert: string }> {
  const dir = temporaryDirectory(t);
  const file = (name: string): string => join(dir, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl([
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=test CA',
    '-days',
    '2',
  ]);
  await openssl(['req', ...newKey, '-keyout', file('hub.key'), '-out', file('hub.csr'), '-subj', '/CN=127.0.0.1']);
  writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\n');
  await openssl([
    'x509',
    '-req',
    '-in',
    file('hub.csr'),
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    file('ext'),
    '-out',
    file('hub.pem'),
  ]);
  return {
    ca: file('ca.pem'),
    key: readFileSync(file('hub.key'), 'utf8'),
    cert: readFileSync(file('hub.pem'), 'utf8'),
  };
}

test('a hub with a private CA is trusted when HZN_MGMT_HUB_CERT_PATH names it, and not otherwise', async (t) => {
  const { ca, key, cert } = await certificates(t);
  const p = await publisher(t, { tls: { key, cert } });
  const { stderr } = await p.run(['publish']);
  t.regex(
    theOneError(t, stderr),
    /the certificate of 127\.0\.0\.1 is of no authority that this machine trusts \(HUB_UNTRUSTED\)\. .*HZN_MGMT_HUB_CERT_PATH/,
  );
  const trusted = await p.run(['publish', '--json'], { HZN_MGMT_HUB_CERT_PATH: ca });
  t.is(trusted.status, 0, trusted.stdout);
  const wrongName = await p.run(['publish'], {
    HZN_MGMT_HUB_CERT_PATH: ca,
    HZN_EXCHANGE_URL: p.hub.access.exchangeUrl.replace('127.0.0.1', 'localhost'),
  });
  t.regex(theOneError(t, wrongName.stderr), /was not made for localhost \(HUB_UNTRUSTED\)/);
});

test('a server that takes the connection and says nothing', async (t) => {
  const server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const p = await publisher(t);
  const { stderr } = await p.run(['publish'], { HZN_EXCHANGE_URL: `http://127.0.0.1:${port}/v1` });
  t.regex(theOneError(t, stderr), /HUB_UNREACHABLE/);
});

test('no command, whatever happens to it, shows the password in any spelling', async (t) => {
  const p = await publisher(t);
  await p.run(['build']);
  const echo = answer(400, `{"code":"x","msg":"${PASSWORD} ${SPELLINGS[1]} ${SPELLINGS[2]}"}`);
  const rules: (FateRule | undefined)[] = [
    undefined,
    () => echo,
    () => answer(500, `${PASSWORD} ${SPELLINGS[2]}`),
    () => answer(401, `<html>${SPELLINGS[2]}</html>`, { 'content-type': 'text/html' }),
    () => answer(302, '', { location: `http://x.test/${SPELLINGS[2]}` }),
    () => ({ kind: 'cut-before' }),
    write(/./, echo),
  ];
  const commands = [
    ['plan'],
    ['publish'],
    ['publish', 'dist'],
    ['doctor'],
    ['check', '--hub'],
    ['unpublish'],
    ['unpublish', '--purge', '--wait', '0'],
  ];
  for (const rule of rules) {
    for (const command of commands) {
      for (const json of [[], ['--json']]) {
        p.meet(rule);
        const { stdout, stderr } = await p.run([...command, ...json]);
        t.false(leaks(stdout + stderr), `${command.join(' ')}: ${stdout}${stderr}`);
      }
    }
  }
});
