import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';
import { bundleWith, complaints, SMALL_BUNDLE, settingsOf, writeBundle } from './bundle-fixture.ts';

const source = (file: string, from: string | RegExp, to: string): Record<string, string> => ({
  [file]: (SMALL_BUNDLE[file] ?? '').replace(from, to),
});

const complains = test.macro({
  async exec(t, changes: Readonly<Record<string, string | undefined>>, ...expected: readonly RegExp[]) {
    const said = await complaints(t, changes);
    t.is(said.length, expected.length, said.join('\n'));
    for (const [index, pattern] of expected.entries()) t.regex(said[index] ?? '', pattern);
  },
  title: (what) => `a bundle with ${what} is refused, with place and fix`,
});

const WEB = 'deployment-policies/web.yaml';
const SERVICE = 'services/web/service.yaml';
const EDGE = 'node-policies/edge.yaml';

test('the small bundle loads, complete', async (t) => {
  const { services, deploymentPolicies, nodePolicies, patterns, attached, org } = await bundleWith(t);
  t.is(org, 'acme');
  t.deepEqual(
    services.map(({ definition }) => definition.name),
    ['guard', 'kubearmor', 'web'],
  );
  t.deepEqual(
    [deploymentPolicies, nodePolicies, patterns].map((list) => list.map(({ name }) => name)),
    [['web'], ['edge'], ['all']],
  );
  t.deepEqual([...attached.keys()], [WEB, EDGE]);
});

test('everything that is wrong is said in one pass, in the order of files and lines', async (t) => {
  const said = await complaints(t, {
    ...source(SERVICE, 'sharable: multiple', 'shareable: multiple'),
    ...source(WEB, 'use: no-write', 'use: no-wirte'),
    'patterns/all.yaml': 'label: [',
    'node-policies/edge/host.yaml': undefined,
  });
  t.deepEqual(
    said.map((line) => line.split(':')[0]),
    [WEB, EDGE, 'node-policies/edge/host.yaml', 'patterns/all.yaml', SERVICE, SERVICE],
  );
});

test(
  'malformed YAML',
  complains,
  source(SERVICE, 'label: Web', 'label: "Web'),
  /^services\/web\/service\.yaml:\d+:\d+: not YAML/,
);
test(
  'a duplicate key',
  complains,
  source(SERVICE, 'label: Web', 'label: Web\nlabel: Web'),
  /service\.yaml:2:1: "label" stands here for the second time/,
);
test(
  'two documents in a file',
  complains,
  source(SERVICE, /$/, '---\nlabel: more\n'),
  /service\.yaml:11:1: a second document/,
);
test('an empty file', complains, { [SERVICE]: '' }, /service\.yaml:1:1: the file must be a map/);
test(
  'a misspelt key',
  complains,
  source(SERVICE, 'url: web', 'url: web\nverison: "2"'),
  /service\.yaml:4:1: the file has an unknown key "verison".*Did you mean "version"\?/,
);
test(
  'a missing key',
  complains,
  source(WEB, /constraints.*\n/, ''),
  /web\.yaml:1:1: the file lacks "constraints" .*Expressions such as/,
);
test(
  'a number for a version',
  complains,
  source(SERVICE, '"1.0.0"', '1.0'),
  /service\.yaml:4:10: version must be a text, but is the number 1 .*Put it in quotes/,
);
test(
  'a version that the Exchange refuses',
  complains,
  source(SERVICE, '"1.0.0"', '1.0.0-rc1'),
  /service\.yaml:4:10: version can not be "1.0.0-rc1" .*no pre-releases/,
);
test(
  'an unknown value',
  complains,
  source(SERVICE, 'multiple', 'mutliple'),
  /service\.yaml:6:11: sharable is "mutliple" .*Did you mean "multiple"/,
);
test(
  'a slash in a service name',
  complains,
  source('services/guard/service.yaml', 'url: guard', 'url: a/b'),
  /guard\/service\.yaml:2:6: url can not be "a\/b" .*No `\/` or `_`/,
);
test(
  'an underscore in a service name',
  complains,
  source('services/guard/service.yaml', 'url: guard', 'url: a_b'),
  /guard\/service\.yaml:2:6: url can not be "a_b"/,
);
test(
  'two services of one id',
  complains,
  { 'services/web2/service.yaml': SMALL_BUNDLE[SERVICE] },
  /web2\/service\.yaml:3:6: its id web_1\.0\.0_amd64 is also that of services\/web\/service\.yaml/,
  /arm64/,
);
test(
  'a container name that Docker refuses',
  complains,
  source(SERVICE, '    web:', '    "we b":'),
  /service\.yaml:9:5: "we b" can not be a key/,
);
test(
  'a misspelt field of a container',
  complains,
  source(SERVICE, 'image: "example', 'privilegd: true, image: "example'),
  /service\.yaml:9:12: .*unknown key "privilegd".*Did you mean "privileged"/,
);
test(
  'an unknown template',
  complains,
  source(WEB, 'use: no-write', 'use: no-wirte'),
  /web\.yaml:6:10: there is no template "no-wirte" .*Did you mean "no-write"/,
);
test(
  'an unknown parameter of a template',
  complains,
  source(WEB, 'directories: [', 'directorys: ['),
  /web\.yaml:7:\d+: .*directorys.*Did you mean "directories"/,
);
test('a wrong value for a template', complains, source(WEB, '[/etc/, /usr/]', '[/etc]'), /web\.yaml:7:\d+: .*\/etc/);
test(
  'an attachment of nothing',
  complains,
  source(WEB, 'use: no-write\n    with', 'with'),
  /web\.yaml:6:5: an attachment is either `use` or `file`/,
);
test(
  'an attachment of two things',
  complains,
  source(WEB, '- file', '- use: no-write\n    file'),
  /web\.yaml:8:5: an attachment is either `use` or `file`/,
);
test(
  'values for a policy of its own',
  complains,
  source(WEB, 'file: web/own.yaml', 'file: web/own.yaml\n    with: {}'),
  /web\.yaml:9:11: `with` belongs to a template/,
);
test(
  'two attachments of one name',
  complains,
  source(WEB, '  - file: web/own.yaml', '  - use: no-write'),
  /web\.yaml:8:5: a second policy "no-write" .*with: \{ name/,
);
test(
  'a missing policy file',
  complains,
  { 'deployment-policies/web/own.yaml': undefined },
  /web\.yaml:8:11: .*own\.yaml can not be used/,
  /own\.yaml: there is no such file/,
);
test(
  'a policy file that KubeArmor refuses',
  complains,
  source('deployment-policies/web/own.yaml', '/bin/sh', 'bin/sh'),
  /own\.yaml:4:\d+: /,
);
test(
  'a policy that is for Kubernetes only',
  complains,
  source('deployment-policies/web/own.yaml', 'KubeArmorPolicy', 'KubeArmorClusterPolicy'),
  /own\.yaml:\d+:\d+: .*(ClusterPolicy|Kubernetes)/,
);
test(
  'a host policy on a deployment',
  complains,
  source('deployment-policies/web/own.yaml', 'KubeArmorPolicy', 'KubeArmorHostPolicy'),
  /web\.yaml:8:5: .*protects the host.*node policy/,
);
test(
  'a policy name that is not safe on a node',
  complains,
  source('deployment-policies/web/own.yaml', 'name: own', 'name: Own_1'),
  /Own_1/,
);
test(
  'an unknown service',
  complains,
  source(WEB, 'name: web', 'name: wbe'),
  /web\.yaml:2:18: there is no service "wbe" in the bundle .*Did you mean "web"/,
);
test(
  'a container that the service has not',
  complains,
  source(WEB, 'file: web/own.yaml', 'file: web/own.yaml\n    container: wep'),
  /web\.yaml:9:16: the service has no container "wep" .*Did you mean "web"/,
);
test(
  'several containers and none named',
  complains,
  {
    'deployment-policies/guard.yaml': (SMALL_BUNDLE[WEB] ?? '')
      .replace('name: web', 'name: guard')
      .replace('web/own', 'web/own'),
  },
  /guard\.yaml:6:5: the service has several containers .*security-agent, proxy/,
  /guard\.yaml:8:5/,
);
test(
  'a node policy whose nodes would not get its defaults',
  complains,
  source(EDGE, 'value: edge', 'value: egde'),
  /edge\.yaml:1:\d+: .*armor\.profile is "egde".*value: edge/,
);
test(
  'a workload that requires KubeArmor',
  complains,
  source(
    SERVICE,
    'sharable: multiple',
    'sharable: multiple\nrequiredServices: [{ url: kubearmor, org: acme, versionRange: "[1.0.0,INFINITY)" }]',
  ),
  /service\.yaml:7:20: a workload must not require kubearmor .*share a network/,
);
test(
  'a required service without versions',
  complains,
  source(SERVICE, 'sharable: multiple', 'sharable: multiple\nrequiredServices: [{ url: other, org: elsewhere }]'),
  /service\.yaml:7:20: other has no versionRange/,
);
test(
  'pinned keys of its own',
  complains,
  source('services/guard/service.yaml', 'agent:1.0"', 'agent:1.0", environment: [ARMOR_TRUSTED_KEYS=x]'),
  /guard\/service\.yaml:8:\d+: ARMOR_TRUSTED_KEYS is set by the build/,
);
test(
  'the org of another',
  complains,
  source(SERVICE, /org: .*/, 'org: other'),
  /service\.yaml:2:6: the bundle is published to acme/,
);
test(
  'a name that MMS can not carry',
  complains,
  { 'deployment-policies/a b.yaml': SMALL_BUNDLE[WEB] },
  /a b\.yaml: "a b" can not be an id/,
);
test(
  'another ending',
  complains,
  { 'patterns/x.yml': SMALL_BUNDLE['patterns/all.yaml'] },
  /x\.yml: sources end in \.yaml/,
);
test(
  'a service folder without definition',
  complains,
  { 'services/x/servce.yaml': 'label: x' },
  /services\/x: there is no service\.yaml/,
);
test(
  'a link out of the bundle',
  complains,
  { 'patterns/x.yaml': '-> /etc/hostname' },
  /x\.yaml: a link that leads out of the bundle/,
);
test('a link to itself', complains, { 'patterns/x.yaml': '-> x.yaml' }, /x\.yaml: a link that leads back to itself/);
test(
  'a path out of the bundle',
  complains,
  source(WEB, 'web/own.yaml', '../../../../etc/hostname'),
  /hostname/,
  /hostname/,
);
test('a billion laughs', complains, { 'patterns/x.yaml': bomb() }, /x\.yaml.*alias/i);
test('a nest too deep to read', complains, { 'patterns/x.yaml': '- '.repeat(20_000) }, /x\.yaml:1:1: indented deeper/);
test(
  'brackets too deep to read',
  complains,
  { 'patterns/x.yaml': `label: ${'['.repeat(50_000)}` },
  /x\.yaml.*(deep|nest|bracket|YAML)/,
);
test(
  'a file of megabytes',
  complains,
  { 'patterns/x.yaml': `label: ${'x'.repeat(2_000_000)}` },
  /x\.yaml: \d+ bytes is more than a source may have/,
);
test(
  'an undefined variable',
  complains,
  source(WEB, 'HZN_ORG_ID', 'HZN_ORGID'),
  /web\.yaml:2:28: \$\{HZN_ORGID\} is not defined .*Did you mean "HZN_ORG_ID"/,
);
test(
  'a credential for a variable',
  complains,
  source(WEB, 'HZN_ORG_ID', 'HZN_EXCHANGE_USER_AUTH'),
  /web\.yaml:2:28: .* is a credential/,
);
test(
  'a variable for a key',
  complains,
  { 'services/web/service.policy.yaml': '"\u0024{HZN_ORG_ID}": 1\n' },
  /service\.policy\.yaml:1:\d+: a variable in the key/,
);
test(
  'a digest that is none',
  complains,
  { 'images.lock.yaml': 'images: { "a:1": { amd64: sha256:12 } }\n' },
  /images\.lock\.yaml:1:\d+: .*can not be "sha256:12"/,
);

test('a file that is not UTF-8 is refused', async (t) => {
  const dir = writeBundle(t);
  writeFileSync(join(dir, 'patterns/x.yaml'), Buffer.from([0x61, 0xff, 0xfe]));
  await t.throwsAsync(loadBundle(dir, settingsOf()), { message: /patterns\/x\.yaml: the file is not UTF-8/ });
});

test('a directory that is no bundle says so', async (t) => {
  const dir = temporaryDirectory(t);
  await t.throwsAsync(loadBundle(dir, settingsOf()), { message: /there is no bundle in/ });
});

test('a missing organization names the setting', async (t) => {
  const dir = (await bundleWith(t)).dir;
  const error = await t.throwsAsync(loadBundle(dir, { variables: new Map() }));
  t.regex(String(error), /HZN_ORG_ID is not set \(SETTING_MISSING\)/);
});

test('an external service may be deployed, once its container is named', async (t) => {
  const { attached } = await bundleWith(t, {
    'horizon-armor.yaml': `${SMALL_BUNDLE['horizon-armor.yaml']}externalServices: [far]\n`,
    'deployment-policies/far.yaml': `label: Far
service: { name: far, org: "\${HZN_ORG_ID}", arch: "*", serviceVersions: [{ version: 1.0.0 }] }
constraints: []
securityPolicies: [{ use: no-write, container: far-away }]
`,
  });
  t.is(attached.get('deployment-policies/far.yaml')?.container, 'far-away');
});

test('what is legal and unlikely to be meant is a warning', async (t) => {
  const { warnings } = await bundleWith(t, {
    ...source(WEB, 'version: 1.0.0', 'version: 0.9.0'),
    ...source('deployment-policies/web/own.yaml', 'spec: {', 'spec: { selector: { matchLabels: { app: web } },'),
  });
  const said = warnings.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n');
  t.regex(said, /web\.yaml:2 the bundle has web 1\.0\.0, not 0\.9\.0/);
  t.regex(said, /own\.yaml:4 the selector of own\.yaml is replaced/);
  t.regex(said, /services\/web\/service\.yaml:9 example\.com\/web:1\.0 is not locked for amd64, arm64/);
});

function bomb(): string {
  const levels = Array.from(
    { length: 30 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? 'x'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join(',')
      }]`,
  );
  return levels.join('\n');
}
