import test from 'ava';
import fc from 'fast-check';
import { ArmorErrors } from '#errors';
import { policyProblems } from '#policy/schema.ts';
import { instantiate, parseTemplate } from '#policy/template.ts';

const FILE = 'services/kubearmor/hardening/sample.yaml';
const TEXT = `template:
  id: sample
  useCase: file-integrity
  summary: Watches things.
  parameters:
    directories:
      type: array
      description: What to watch.
      items: { type: string, format: directory }
      uniqueItems: true
      default: [/etc/]
    sources:
      type: array
      description: Who is watched.
      items: { type: string, format: file }
    severity: { type: integer, minimum: 1, maximum: 10, description: How bad., default: 5 }
    action: { type: string, enum: [Audit, Block], description: What to do., default: Audit }
  compliance:
    - { framework: CIS Docker Benchmark, version: "1.6.0", id: "5.13", title: Ensure that the container's root filesystem is mounted as read only, source: "https://www.cisecurity.org/benchmark/docker" }
  references:
    - { title: A page, url: "https://example.org/" }
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: sample }
spec:
  severity: $severity
  tags: [own]
  file:
    matchDirectories:
      - dir: $each(directories)
        recursive: true
        fromSource:
          - path: $each(sources)
    matchPaths:
      - path: /etc/passwd
        readOnly: true
  action: $action
`;

const WHERE = { file: 'deployment-policies/x.yaml', line: 7, column: 3 };
const template = parseTemplate(TEXT, FILE);

/** The errors of a call, one a line. */
function errorsOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof ArmorErrors) return error.errors.map(String).join('\n');
    return String(error);
  }
  return '';
}

test('a list parameter makes one rule of each item, a nested one too', (t) => {
  const policy = instantiate(template, { directories: ['/a/', '/b/'], sources: ['/x', '/y'] }, WHERE);
  t.like(policy.spec, {
    severity: 5,
    action: 'Audit',
    file: {
      matchDirectories: [
        { dir: '/a/', recursive: true, fromSource: [{ path: '/x' }, { path: '/y' }] },
        { dir: '/b/', recursive: true, fromSource: [{ path: '/x' }, { path: '/y' }] },
      ],
    },
  });
});

test('a value keeps its type', (t) => {
  t.is(instantiate(template, { sources: ['/x'], severity: 9 }, WHERE).spec.severity, 9);
});

test('compliance ids become tags behind the own ones, and the name can be chosen', (t) => {
  const policy = instantiate(template, { sources: ['/x'], name: 'sample-2' }, WHERE);
  t.is(policy.metadata.name, 'sample-2');
  t.deepEqual(policy.spec.tags, ['own', 'CIS_DOCKER_5.13']);
});

test('an empty list takes its rules with it, and the rest stays', (t) => {
  const { file } = instantiate(template, { directories: [], sources: ['/x'] }, WHERE).spec;
  t.deepEqual(file, { matchPaths: [{ path: '/etc/passwd', readOnly: true }] });
});

test('a rule whose sources ran empty goes; it never becomes a rule for everybody', (t) => {
  const { file } = instantiate(template, { sources: [] }, WHERE).spec;
  t.false(file !== undefined && 'matchDirectories' in file);
});

test('values that leave nothing are refused', (t) => {
  const bare = parseTemplate(TEXT.replace(/ {4}matchPaths:\n.*\n.*\n/, ''), FILE);
  t.regex(
    errorsOf(() => instantiate(bare, { sources: [] }, WHERE)),
    /^deployment-policies\/x\.yaml:7:3: template sample with these values protects nothing/,
  );
});

const refusal = test.macro({
  exec(t, values: Record<string, unknown>, expected: RegExp) {
    t.regex(
      errorsOf(() => instantiate(template, { sources: ['/x'], ...values }, WHERE)),
      expected,
    );
  },
  title: (behaviour) => `a value is refused: ${behaviour}`,
});

test('an unknown name, with the nearest', refusal, { directorys: [] }, /no parameter "directorys".*"directories"/);
test('a wrong type', refusal, { severity: 'high' }, /severity of template sample is "high", not an integer/);
test('a text for a list', refusal, { directories: '/etc/' }, /directories of template sample is "\/etc\/", not a list/);
test('a number among texts', refusal, { directories: ['/etc/', 5] }, /directories\.1 .* is 5, not a string/);
test('one of a closed list in another case', refusal, { action: 'block' }, /is "block".*Did you mean "Block"\?/);
test('a limit', refusal, { severity: 11 }, /severity of template sample is 11: must be <= 10/);
test('the same thing twice', refusal, { directories: ['/a/', '/a/'] }, /has item 2 twice/);
test('a directory without its slash', refusal, { directories: ['/config'] }, /never matches it.*Write "\/config\/"/);
test('a relative path', refusal, { sources: ['bin/sh'] }, /not an absolute path.*Write "\/bin\/sh"/);
test('a file with a slash', refusal, { sources: ['/bin/'] }, /a file has no slash at its end.*Write "\/bin"/);
test('a wildcard', refusal, { directories: ['/home/*/'] }, /wildcards are not matched under BPF-LSM/);
test('a path that is not resolved', refusal, { sources: ['/usr/../bin/sh'] }, /Write "\/bin\/sh"/);
test('a directory of 65 bytes', refusal, { directories: [`/${'d'.repeat(63)}/`] }, /65 bytes.*at most 64/);
test('a path of 200 bytes', refusal, { sources: [`/${'f'.repeat(199)}`] }, /200 bytes.*at most 199/);
test('a name that can not be a file', refusal, { name: '../x' }, /KubeArmor makes a file of this name/);

test('a directory of 64 bytes is taken', (t) => {
  t.is(
    errorsOf(() => instantiate(template, { sources: ['/x'], directories: [`/${'d'.repeat(62)}/`] }, WHERE)),
    '',
  );
});

test('a missing value is asked for, with what it takes', (t) => {
  t.regex(
    errorsOf(() => instantiate(template, {}, WHERE)),
    /needs the parameter "sources".*sources \(a list\): Who is watched\./,
  );
});

test('every fault is said at once, each where its value stands', (t) => {
  const where = (path: readonly (string | number)[]) => ({ file: 'x.yaml', line: path.length, column: 1 });
  t.deepEqual(
    errorsOf(() => instantiate(template, { severity: 0, directories: ['/a'], sources: [] }, where))
      .split('\n')
      .map((line) => line.split(': ')[0]),
    ['x.yaml:2:1', 'x.yaml:1:1'],
  );
});

const formats: readonly [format: string, right: readonly string[], wrong: readonly string[]][] = [
  ['executable-name', ['nc.openbsd', 'x86_64-linux-gnu-as'], ['/bin/nc', 'nc*', '']],
  [
    'domain',
    ['example.org', 'a.b-c.example', '2miners.com', 'localhost'],
    ['*.example.org', 'https://a.org', 'a..b', 'a.org.'],
  ],
  ['capability', ['net_raw', 'sys_admin'], ['CAP_NET_RAW', 'NET_RAW', 'net-raw', 'bpf']],
];
for (const [format, right, wrong] of formats) {
  test(`the format ${format} takes what KubeArmor matches`, (t) => {
    const text = TEXT.replace('type: string, format: file', `type: string, format: ${format}`);
    const other = parseTemplate(text, FILE);
    for (const value of right) {
      t.false(errorsOf(() => instantiate(other, { sources: [value] }, WHERE)).includes('sources.0'), value);
    }
    for (const value of wrong) {
      t.regex(
        errorsOf(() => instantiate(other, { sources: [value] }, WHERE)),
        /sources\.0 of template sample/,
        value,
      );
    }
  });
}

test('a capability in capitals is explained by what KubeArmor makes of it', (t) => {
  const other = parseTemplate(TEXT.replace('type: string, format: file', 'type: string, format: capability'), FILE);
  t.regex(
    errorsOf(() => instantiate(other, { sources: ['CAP_NET_RAW'] }, WHERE)),
    /unknown capability for CAP_CHOWN.*Write "net_raw"\./,
  );
});

const fault = test.macro({
  exec(t, from: string | RegExp, to: string, expected: RegExp) {
    const text = TEXT.replace(from, to);
    t.not(text, TEXT);
    t.regex(
      errorsOf(() => parseTemplate(text, FILE)),
      expected,
    );
  },
  title: (behaviour) => `a template file is refused: ${behaviour}`,
});

test('no YAML', fault, 'template:', 'template: [', /sample\.yaml:\d+:\d+: /);
test('no template', fault, /^template:[\s\S]*?(?=apiVersion)/, '', /the file lacks "template"/);
test('a header without summary', fault, /.*summary.*\n/, '', /sample\.yaml:2:3: template lacks "summary"/);
test(
  'an unknown key',
  fault,
  '  useCase',
  '  usecase: x\n  useCase',
  /sample\.yaml:3:3: template has an unknown key "usecase"/,
);
test('an id that is not the file', fault, 'id: sample', 'id: other', /:2:7: the id is other, the file sample/);
test('another policy name', fault, '{ name: sample }', '{ name: x }', /the policy is called x.*"sample"/);
test('a parameter called name', fault, '    severity: {', '    name: {', /propert|name/);
test('an undeclared placeholder', fault, 'action: $action', 'action: $actoin', /no parameter "actoin".*"action"/);
test('an unused parameter', fault, 'severity: $severity', 'severity: 3', /the parameter severity is not used/);
test('a placeholder in a text', fault, 'path: /etc/passwd', 'path: /etc/$action', /inside a text is not replaced/);
test('an $each outside of a list', fault, 'action: $action', 'action: $each(sources)', /stands in none/);
test('two lists in one item', fault, 'recursive: true', 'message: $each(sources)', /for one list only/);
test('an $each of no list', fault, 'path: /etc/passwd', 'path: $each(action)', /action is no list.*\$action/);
test('a default against its schema', fault, 'default: [/etc/]', 'default: [/etc]', /:7:7: the default of directories/);
test('a list of nothing in particular', fault, /\n.*items: .*directory.*/, '', /does not say what is in it/);
test('an unknown format', fault, 'format: directory', 'format: folder', /format is none of/);
test('an unknown compliance id', fault, 'id: "5.13"', 'id: "5.33"', /1\.6\.0 has no "5\.33"/);
test('a wrong compliance title', fault, 'mounted as read only', 'read only', /the title of 5\.13 is.*Write "Ensure/);
test(
  'an unknown framework',
  fault,
  'CIS Docker Benchmark',
  'CIS Docker Benchmrk',
  /Did you mean "CIS Docker Benchmark"/,
);
test('a kind without an enforcer', fault, 'kind: KubeArmorPolicy', 'kind: KubeArmorClusterPolicy', /kind is none of/);
test('a second document', fault, /$/, '---\na: 1\n', /a second document/);

test('a policy that KubeArmor would refuse is the fault of its template', (t) => {
  const odd = parseTemplate(TEXT.replace('recursive: true', 'recursive: 3'), FILE);
  t.regex(
    errorsOf(() => instantiate(odd, { sources: ['/x'] }, WHERE)),
    /sample\.yaml: spec\.file\.matchDirectories/,
  );
});

test('no value can change the structure of a policy', (t) => {
  const open = parseTemplate(TEXT.replaceAll(/, format: (directory|file)/g, ''), FILE);
  const shape = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shape)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shape(child)]))
        : typeof value;
  const plain = shape(instantiate(open, { directories: ['/a/'], sources: ['/x'] }, WHERE));
  fc.assert(
    fc.property(fc.string(), fc.string(), (directory, source) => {
      const thrown = errorsOf(() => {
        const policy = instantiate(open, { directories: [`/${directory}/`], sources: [source] }, WHERE);
        t.deepEqual(shape(policy), plain);
      });
      // What the schema of KubeArmor does not take is refused; nothing else may go wrong.
      if (thrown !== '') t.regex(thrown, /SOURCE_INVALID/);
    }),
  );
});

test('whatever is given, it is a policy that KubeArmor takes, or one of our errors', (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('directories', 'sources', 'severity', 'action', 'name', 'x'), fc.jsonValue()),
      (values) => {
        try {
          t.deepEqual(policyProblems(instantiate(template, values, WHERE)), []);
        } catch (error) {
          t.true(error instanceof ArmorErrors, String(error));
        }
      },
    ),
  );
});

test('whatever text is read, it is a template or one of our errors', (t) => {
  const lines = TEXT.split('\n');
  const mangled = fc
    .tuple(fc.nat({ max: lines.length - 1 }), fc.oneof(fc.string(), fc.constant('- - - ['), fc.constant('&a *a')))
    .map(([at, line]) => lines.with(at, line).join('\n'));
  fc.assert(
    fc.property(fc.oneof(mangled, fc.string(), fc.constant('['.repeat(100_000))), (text) => {
      try {
        t.is(parseTemplate(text, FILE).id, 'sample');
      } catch (error) {
        t.true(error instanceof ArmorErrors, String(error));
      }
    }),
  );
});
