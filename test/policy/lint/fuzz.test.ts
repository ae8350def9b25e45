import test from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseText } from '#policy/document.ts';
import { explainPolicies } from '#policy/explain.ts';
import type { Finding } from '#policy/finding.ts';
import { API_VERSION, POLICY_KINDS } from '#policy/kinds.ts';
import { lintPolicy, lintText } from '#policy/lint/index.ts';
import { kubeArmorRules } from '#policy/lint/rules/index.ts';
import { lintDefinitions, openHorizonRules } from '#tools/lint-oh/index.ts';

/** LINT_FUZZ_SEED takes the seed of a report, LINT_FUZZ_RUNS how many inputs each property gets. */
const RUNS = {
  numRuns: Number(process.env.LINT_FUZZ_RUNS ?? 1500),
  ...(process.env.LINT_FUZZ_SEED === undefined ? {} : { seed: Number(process.env.LINT_FUZZ_SEED) }),
};

/** Words that mean something to some rule, and what breaks careless code. */
const WORDS = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    '',
    ' ',
    '\u0000',
    '\ud800',
    'ﬁ',
    '\u202e',
    '😀',
  ],
  ...[
    '/',
    '//',
    '/a',
    '/a/',
    '/a b/',
    'a/*',
    '/a/**',
    '/**/b',
    '[',
    '{',
    '$a',
    '$each(a)',
    '*',
    '!',
    'TCP',
    'all',
    'CAP_',
  ],
  ...[
    '5',
    'true',
    'null',
    '1.0.0',
    '[1,2)',
    'a == b',
    '0.0.0.0/0',
    '::1',
    'x'.repeat(5000),
    'a.'.repeat(3000),
    '(('.repeat(999),
  ],
];

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

/** Every key that a rule might look at. */
const KEYS = [
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'name',
    'spec',
    'selector',
    'nodeSelector',
    'matchLabels',
    'matchExpressions',
    'key',
  ],
  ...[
    'operator',
    'values',
    'process',
    'file',
    'network',
    'capabilities',
    'syscalls',
    'device',
    'presets',
    'apparmor',
    'action',
  ],
  ...[
    'severity',
    'tags',
    'message',
    'matchPaths',
    'matchDirectories',
    'matchPatterns',
    'matchProtocols',
    'matchDNSQueries',
  ],
  ...[
    'matchCapabilities',
    'matchSyscalls',
    'matchDevice',
    'path',
    'dir',
    'pattern',
    'protocol',
    'domain',
    'capability',
    'syscall',
  ],
  ...[
    'fromSource',
    'recursive',
    'readOnly',
    'ownerOnly',
    'execname',
    'allowedArgs',
    'template',
    'parameters',
    'items',
    'ingress',
  ],
  ...[
    'egress',
    'to',
    'from',
    'ports',
    'port',
    'ipBlock',
    'cidr',
    'url',
    'version',
    'deployment',
    'services',
    'image',
    'constraints',
  ],
  ...[
    'properties',
    'serviceVersions',
    'priority',
    'destinationPolicy',
    'objectType',
    'meta',
    'binds',
    'userInput',
    'userInputs',
  ],
  ...[
    'requiredServices',
    'patterns',
    'service',
    'secrets',
    'secretBinding',
    '__proto__',
    'constructor',
    'toString',
    '',
  ],
];

const scalar: fc.Arbitrary<unknown> = fc.oneof(word, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: unknown; map: unknown }>((tie) => ({
  tree: fc.oneof({ maxDepth: 5, withCrossShrink: true }, scalar, tie('map'), fc.array(tie('tree'), { maxLength: 3 })),
  map: fc.array(fc.tuple(fc.constantFrom(...KEYS), tie('tree')), { maxLength: 5 }).map(own),
}));

/** `__proto__` as a key of its own, as a YAML reader makes it. */
function own(pairs: readonly (readonly [string, unknown])[]): unknown {
  const map: Record<string, unknown> = {};
  for (const [key, value] of pairs)
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
  return map;
}

const kind = fc.constantFrom(...POLICY_KINDS, 'List', 'Pod', '__proto__');

/** Something like a policy, a rule list in every section, with anything in it. */
const list = fc.array(fc.array(fc.tuple(fc.constantFrom(...KEYS), tree), { maxLength: 4 }).map(own), { maxLength: 3 });
const section = fc
  .array(fc.tuple(fc.constantFrom(...KEYS.filter((key) => key.startsWith('match'))), list), { maxLength: 3 })
  .map(own);
const spec = fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.oneof(section, tree)), { maxLength: 6 }).map(own);
const policy = fc.oneof(
  fc.record({ apiVersion: fc.constant(API_VERSION), kind, metadata: fc.record({ name: word }), spec }),
  fc.record({ kind, spec, template: tree }),
  tree,
);

function isOrdered(findings: readonly Finding[]): boolean {
  return findings.every(({ line, column }, index) => {
    const before = findings[index - 1];
    return before === undefined || before.line < line || (before.line === line && before.column <= column);
  });
}

test('a policy with anything in it is judged, explained, and never thrown at', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(policy, fc.constantFrom('bpf', 'apparmor', 'both'), (value, enforcer) => {
        const findings = lintPolicy(value, { enforcer });
        explainPolicies([value, value], { enforcer, posture: 'block' });
        return JSON.stringify(lintPolicy(value, { enforcer })) === JSON.stringify(findings);
      }),
      RUNS,
    ),
  );
});

/** The examples of the rules as data. */
const examples = [...kubeArmorRules.policy, ...kubeArmorRules.set, ...openHorizonRules].flatMap(({ bad, good }) =>
  [bad, good]
    .filter((text) => text.length < 4000)
    .flatMap((text) => parseText(text).documents.map(({ value }) => value)),
);

/** The value with another one somewhere in it: the way there is chosen by numbers. */
function planted(value: unknown, way: readonly number[], other: unknown): unknown {
  const [step, ...rest] = way;
  if (step === undefined || typeof value !== 'object' || value === null) return other;
  const entries = Object.entries(value);
  const at = step % Math.max(1, entries.length);
  const changed = entries.map(
    ([key, child], index) => [key, index === at ? planted(child, rest, other) : child] as const,
  );
  return Array.isArray(value) ? changed.map(([, child]) => child) : own(changed);
}

test('an example of a rule with anything planted in it is judged by every rule', (t) => {
  let definitions = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...examples),
      fc.array(fc.nat(30), { minLength: 1, maxLength: 7 }),
      tree,
      (value, way, other) => {
        const changed = planted(value, way, other);
        lintPolicy(changed);
        const text = parseText(JSON.stringify(changed) ?? '', { json: true });
        definitions += lintDefinitions(text, { file: 'x', enforcer: 'both' }).definitions;
      },
    ),
    RUNS,
  );
  t.true(definitions > 300);
});

test('a text of anything is linted in order, within its lines', (t) => {
  const bytes = fc.string({ unit: 'binary', maxLength: 200 });
  const tokens = fc
    .array(
      fc.oneof(
        word,
        fc.constantFrom(
          ...KEYS,
          ': ',
          '\n',
          '\n  ',
          '- ',
          '---\n',
          '{',
          '}',
          '[',
          ']',
          '&a ',
          '*a',
          '<<: ',
          '"',
          '\t',
          '#',
          '? ',
          '|\n',
          '!!binary ',
        ),
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(''));
  const written = policy.filter((value) => value !== undefined).map((value) => stringify(value));
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.oneof(bytes, tokens, written), fc.constantFrom('x.yaml', 'x.json'), (text, file) => {
        const findings = lintText(text, file);
        const last = text.split('\n').length;
        return isOrdered(findings) && findings.every(({ line, column }) => line >= 1 && line <= last && column >= 1);
      }),
      RUNS,
    ),
  );
});

test('a rule example cut anywhere is still linted', (t) => {
  const texts = [...kubeArmorRules.policy, ...kubeArmorRules.document, ...kubeArmorRules.set, ...openHorizonRules]
    .flatMap(({ bad, good }) => [bad, good])
    .filter((text) => text.length < 4000);
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(30), word, (text, at, cut, put) => {
        const place = at % (text.length + 1);
        const damaged = text.slice(0, place) + put + text.slice(place + cut);
        lintDefinitions(parseText(damaged), { file: 'x', enforcer: 'both' });
        return isOrdered(lintText(damaged, 'x.yaml'));
      }),
      RUNS,
    ),
  );
});
