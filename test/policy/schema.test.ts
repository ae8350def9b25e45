import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { parseText } from '#policy/document.ts';
import { API_VERSION, POLICY_KINDS, type PolicyKind } from '#policy/kinds.ts';
import { policyProblems, policySchema } from '#policy/schema.ts';
import { editorSchemas } from '#policy/schema-editor.ts';
import { referenceFile, testWith } from '#test/support/reference.ts';
import { jsonText } from '#tools/lint/json-text.ts';

const withReference = testWith('crds', 'policy-corpus', 'policy-corpus-invalid');

function policy(kind: PolicyKind, spec: unknown): Record<string, unknown> {
  return { apiVersion: API_VERSION, kind, metadata: { name: 'p' }, spec };
}

const problems = test.macro({
  exec(t, kind: PolicyKind, spec: unknown, path: readonly (string | number)[], message: RegExp) {
    const [first, ...rest] = policyProblems(policy(kind, spec));
    t.deepEqual(rest, []);
    t.deepEqual(first?.path, path);
    t.regex(first?.message ?? '', message);
    t.regex(first?.fix ?? '', /\.$/);
  },
  title: (what) => `refuses ${what}`,
});

const files = (rule: object) => ({ file: { matchPaths: [rule] } });
test(
  'a path without its slash',
  problems,
  'KubeArmorPolicy',
  files({ path: 'etc/passwd' }),
  ['spec', 'file', 'matchPaths', 0, 'path'],
  /begins with a slash/,
);
test('a severity in quotes', problems, 'KubeArmorPolicy', { severity: '5' }, ['spec', 'severity'], /the text "5"/);
test('a severity of 11', problems, 'KubeArmorPolicy', { severity: 11 }, ['spec', 'severity'], /1 to 10/);
test('an action that is none', problems, 'KubeArmorPolicy', { action: 'Deny' }, ['spec', 'action'], /"Deny"/);
test('a null', problems, 'KubeArmorPolicy', { file: null }, ['spec', 'file'], /empty/);
test('a host policy for nobody', problems, 'KubeArmorHostPolicy', {}, ['spec'], /lacks nodeSelector/);
test(
  'a firewall rule for both',
  problems,
  'KubeArmorNetworkPolicy',
  { nodeSelector: {}, selector: { matchLabels: { a: 'b' } } },
  ['spec', 'nodeSelector'],
  /not for both/,
);
test(
  'a container quota without a duration',
  problems,
  'KubeArmorNetworkPolicy',
  { selector: { matchLabels: {} }, egress: [{ limit: '5MB' }] },
  ['spec', 'egress', 0],
  /limit and duration/,
);

test('what is no policy has one problem', (t) => {
  for (const value of [null, undefined, 7, 'text', [], {}, { kind: 'Pod' }]) t.is(policyProblems(value).length, 1);
});

test('names are those of Kubernetes objects', (t) => {
  const named = (name: unknown) => policyProblems({ ...policy('KubeArmorPolicy', {}), metadata: { name } }).length;
  t.is(named('block-apt.v1'), 0);
  for (const name of ['', '-a', 'A', 'a/b', '../a', 'a_b', `${'a'.repeat(254)}`, 7, undefined])
    t.is(named(name), 1, String(name));
});

test('a field with the name of a prototype is only an unknown field', (t) => {
  const spec: unknown = JSON.parse('{"__proto__": {"severity": "x"}, "constructor": 1, "toString": null}');
  t.deepEqual(policyProblems(policy('KubeArmorPolicy', spec)), []);
});

test('the schemas for editors are those that are committed', (t) => {
  for (const [name, schema] of editorSchemas()) {
    const committed = new URL(`../../services/security-agent/src/policy/schemas/${name}`, import.meta.url);
    t.is(
      readFileSync(committed, 'utf8'),
      jsonText(schema),
      `${name}: run hzn-armor lint --schemas ${committed.pathname}`,
    );
  }
});

test('editors mark a field that the CRD would drop', (t) => {
  const schema = editorSchemas().get('kubearmor-policy.schema.json');
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema ?? {});
  t.true(validate(policy('KubeArmorPolicy', files({ path: '/etc/passwd', readOnly: true }))));
  t.false(validate(policy('KubeArmorPolicy', files({ path: '/etc/passwd', readonly: true }))));
});

/** The CRD of a kind, compiled as it stands. */
function crd(kind: PolicyKind): (spec: unknown) => boolean {
  const definition = parse(readFileSync(referenceFile(`crds/${kind}.yaml`), 'utf8'));
  const schema = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  const int32 = { type: 'number', validate: (value: number) => value >= -(2 ** 31) && value < 2 ** 31 } as const;
  return new Ajv({ strict: false, formats: { int32 } }).compile(schema);
}

/** Values that a schema takes, or nearly: now and then a wrong type or an odd text is in them. */
function near(schema: unknown): fc.Arbitrary<unknown> {
  return mostly(
    meant(schema),
    fc.oneof(fc.constant(null), fc.string(), fc.integer(), fc.constant([]), fc.constant({})),
  );
}

function mostly(right: fc.Arbitrary<unknown>, odd: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: right }, { weight: 1, arbitrary: odd });
}

const TEXTS = [
  '/',
  '/a',
  '/a/',
  'a',
  '//b',
  '/a/b/',
  'tcp',
  'TCP',
  'xtcp',
  'net_raw',
  'cap_chown',
  '5MB',
  'Tcp',
  '',
  'CAP_X',
];

function meant(schema: unknown): fc.Arbitrary<unknown> {
  if (typeof schema !== 'object' || schema === null) return fc.constant(undefined);
  const at = (name: string): unknown => Reflect.get(schema, name);
  const choices = at('enum');
  if (Array.isArray(choices)) return mostly(fc.constantFrom(...choices), fc.constant('other'));
  const properties = at('properties');
  if (typeof properties === 'object' && properties !== null) {
    const fields = Object.entries(properties).map(([name, child]) => [name, near(child)] as const);
    const required = at('required');
    const requiredKeys = Array.isArray(required) ? required.map(String) : [];
    const whole = Object.fromEntries([...fields, ['unknown', fc.string()]]);
    return mostly(fc.record(whole, { requiredKeys }), fc.record(whole, { requiredKeys: [] }));
  }
  switch (at('type')) {
    case 'array':
      return fc.array(near(at('items')), { maxLength: 2 });
    case 'integer':
      return mostly(fc.integer({ min: 1, max: 10 }), fc.oneof(fc.integer(), fc.double(), fc.constant(2 ** 40)));
    case 'boolean':
      return fc.boolean();
    case 'object':
      return fc.dictionary(fc.string(), mostly(fc.string(), fc.integer()), { maxKeys: 2 });
    default: {
      const fits = TEXTS.filter((text) => new RegExp(String(at('pattern') ?? '')).test(text));
      return mostly(
        fc.constantFrom(...fits),
        fc.oneof(fc.constantFrom(...TEXTS), fc.string(), fc.constant(`/${'a'.repeat(200)}`)),
      );
    }
  }
}

for (const kind of POLICY_KINDS) {
  withReference(`agrees with the CRD of ${kind} on what is generated`, (t) => {
    const accepts = crd(kind);
    const specs = near(Reflect.get(Object(policySchema(kind).properties), 'spec'));
    let accepted = 0;
    fc.assert(
      fc.property(specs, (spec) => {
        const ours = policyProblems(policy(kind, spec)).filter(
          ({ message }) => !/not for both|has limit and duration/.test(message),
        );
        const theirs = accepts(spec);
        if (theirs) accepted += 1;
        return (ours.length === 0) === theirs;
      }),
      { numRuns: 400 },
    );
    t.true(accepted > 10 && accepted < 395, `${accepted} of 400 were accepted`);
  });
}

withReference('agrees with the CRDs on every policy of the corpus', (t) => {
  const validators = new Map(POLICY_KINDS.map((kind) => [String(kind), crd(kind)]));
  let compared = 0;
  for (const folder of ['policy-corpus', 'policy-corpus-invalid']) {
    for (const file of readdirSync(referenceFile(folder))) {
      for (const { value } of parseText(readFileSync(referenceFile(`${folder}/${file}`), 'utf8')).documents) {
        if (typeof value !== 'object' || value === null || !('kind' in value) || !('apiVersion' in value)) continue;
        const accepts = validators.get(String(value.kind));
        if (accepts === undefined) continue;
        t.is(policyProblems(value).length === 0, accepts('spec' in value ? value.spec : undefined), file);
        compared += 1;
      }
    }
  }
  t.true(compared > 500);
});
