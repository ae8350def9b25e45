import { readFile } from 'node:fs/promises';
import test from 'ava';
import { BPF_MAP_ENTRIES, bpfBudget } from '#policy/budget.ts';
import { complianceId } from '#policy/compliance.ts';
import { lintPolicy, lintText } from '#policy/lint/index.ts';
import type { RuleSections } from '#policy/types.ts';
import { describeTemplate, samplePolicy } from '#tools/catalogue/describe-template.ts';
import { loadCatalogue } from '#tools/catalogue/load-catalogue.ts';
import { runCases } from '#tools/catalogue/run-cases.ts';
import { USE_CASES } from '#tools/catalogue/use-cases.ts';
import { catalogueDocs } from '#tools/commands/template.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const catalogue = await loadCatalogue(ROOT);

/** What the project promises a template for. */
const PROMISED = [
  ...['file-integrity', 'root-certificates', 'kernel-modules', 'system-folders', 'package-managers'],
  ...['maintenance-tools', 'permission-primitives', 'shells', 'privilege-escalation', 'crypto-miners'],
  ...['fileless-execution', 'network-tools', 'network-control', 'process-allowlist', 'secrets', 'volumes', 'dns'],
  ...['time', 'logs', 'host-kernel-modules', 'host-boot', 'host-credentials', 'host-docker'],
];

test('every promised use case has a template, and every template a use case that documents know', (t) => {
  const covered = new Set(catalogue.map(({ template }) => template.useCase));
  t.deepEqual(
    PROMISED.filter((useCase) => !covered.has(useCase)),
    [],
  );
  t.deepEqual(
    [...covered].filter((useCase) => !(useCase in USE_CASES)),
    [],
  );
});

for (const entry of catalogue) {
  const { template, text, tests } = entry;
  const policy = samplePolicy(entry);

  test(`${template.id}: attacks are noticed, everyday use passes`, (t) => {
    for (const { passed, name, expected, found } of runCases(entry)) {
      t.true(passed, `${name}: expected ${expected}, found ${found}`);
    }
    const kinds = new Set(tests.cases.map(({ kind }) => kind));
    t.true(kinds.has('everyday'));
    // Executable anonymous memory leaves no trace in any stream: there is no event to test with (kubearmor.md §0).
    t.is(kinds.has('attack'), template.id !== 'anonymous-memory');
  });

  test(`${template.id}: lint has nothing to say under BPF-LSM`, (t) => {
    t.deepEqual(lintText(text, template.file, { enforcer: 'bpf' }), []);
    t.deepEqual(
      lintPolicy(policy, { enforcer: 'bpf' }).filter(({ severity }) => severity === 'error'),
      [],
    );
  });

  test(`${template.id}: leaves room for others in the map of a container`, (t) => {
    t.true(bpfBudget([policy]).entries <= BPF_MAP_ENTRIES / 2);
  });

  test(`${template.id}: names no patterns, which BPF-LSM skips in silence`, (t) => {
    const { process, file }: RuleSections = policy.spec;
    t.is(process?.matchPatterns, undefined);
    t.is(file?.matchPatterns, undefined);
  });

  test(`${template.id}: says what its events are about`, (t) => {
    t.truthy(policy.spec.message);
    t.truthy(policy.spec.severity);
    t.true((policy.spec.tags ?? []).length >= template.compliance.length);
    t.false((policy.spec.tags ?? []).some((tag) => tag.includes(',')));
  });

  test(`${template.id}: blocks only where its tests show everyday use of the same thing`, (t) => {
    const byDefault = tests.cases.filter(({ ownValues }) => Object.keys(ownValues).length === 0);
    const shown = byDefault.filter(({ kind }) => kind === 'everyday').length;
    t.true(describeTemplate(entry).action !== 'Block' || shown >= 2);
  });
}

const numberOf = (id: string): string | undefined => /\d+\.\d+/.exec(id)?.[0];
const isOfSystem = (id: string): boolean => complianceId('IEC 62443-3-3', `SR ${numberOf(id)}`) !== undefined;

for (const { template } of catalogue) {
  const idsOf = (framework: string): readonly string[] =>
    template.compliance.filter((entry) => entry.framework === framework).map(({ id }) => id);

  test(`${template.id}: names a technique in its narrowest form alone, and no id twice`, (t) => {
    const techniques = idsOf('MITRE ATT&CK');
    t.deepEqual(
      techniques.filter((id) => techniques.some((other) => other.startsWith(`${id}.`))),
      [],
    );
    const all = template.compliance.map(({ framework, id }) => `${framework} ${id}`);
    t.is(new Set(all).size, all.length);
  });

  test(`${template.id}: a technique that it refers to is one that it names, by its name`, (t) => {
    const named = new Map<string, string>();
    for (const id of idsOf('MITRE ATT&CK').flatMap((each) => [each, each.replace(/\..*/, '')])) {
      named.set(
        `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`,
        `MITRE ATT&CK, ${complianceId('MITRE ATT&CK', id)?.title.replace(/^.*: /, '')}`,
      );
    }
    const referred = template.references.filter(({ url }) => url.includes('attack.mitre.org/techniques/'));
    t.deepEqual(
      referred.filter(({ title, url }) => named.get(url) !== title),
      [],
    );
  });

  test(`${template.id}: what it does for a component it does for the system`, (t) => {
    // A requirement of IEC 62443-4-2 has the number of the one of 62443-3-3 that it derives from, where it has one.
    const system = new Set(idsOf('IEC 62443-3-3').map(numberOf));
    const component = idsOf('IEC 62443-4-2').filter((id) => !id.startsWith('CCSC'));
    t.deepEqual(
      component.filter((id) => isOfSystem(id) && !system.has(numberOf(id))),
      [],
    );
    // NDR is for network devices; what these templates protect are hosts and applications.
    t.deepEqual(
      component.filter((id) => id.startsWith('NDR')),
      [],
    );
  });
}

test('all container templates that need no parameter fit into one container together', (t) => {
  const together = catalogue
    .filter((entry) => entry.template.kind === 'KubeArmorPolicy' && describeTemplate(entry).required.length === 0)
    .map(samplePolicy);
  // dns-denylist and crypto-miners take five entries for each domain: attach one of them where many others hold.
  const without = together.filter(({ metadata }) => metadata.name !== 'dns-denylist');
  t.true(bpfBudget(without).entries <= BPF_MAP_ENTRIES);
});

test('all host templates fit together', (t) => {
  const host = catalogue.filter(({ template }) => template.kind === 'KubeArmorHostPolicy').map(samplePolicy);
  t.true(bpfBudget(host).entries <= BPF_MAP_ENTRIES);
});

for (const [file, text] of catalogueDocs(catalogue)) {
  test(`${file} is current`, async (t) => {
    t.is(await readFile(`${ROOT}${file}`, 'utf8'), text, 'run: npx hzn-armor template docs');
  });
}
