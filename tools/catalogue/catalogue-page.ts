import { stringify } from 'yaml';
import type { ParameterSchema } from '#policy/template-values.ts';
import { complianceByFramework, describeTemplate, typeOf } from './describe-template.ts';
import type { CatalogueEntry } from './load-catalogue.ts';
import type { TemplateCase } from './template-tests.ts';
import { USE_CASES } from './use-cases.ts';

export const GENERATED =
  '<!-- Written by `hzn-armor template docs` from services/kubearmor/hardening. Do not edit; edit those. -->';

/** docs/catalogue.md: every template by use case, with what a deployer must know before attaching it. */
export function cataloguePage(catalogue: readonly CatalogueEntry[]): string {
  const groups = Object.entries(USE_CASES).map(([useCase, title]) => ({
    title,
    entries: catalogue.filter(({ template }) => template.useCase === useCase),
  }));
  return `${[
    GENERATED,
    '# Hardening catalogue',
    introduction(catalogue),
    overview(groups),
    ...groups.flatMap(({ title, entries }) => [`## ${title}`, ...entries.map(section)]),
  ].join('\n\n')}\n`;
}

function introduction(catalogue: readonly CatalogueEntry[]): string {
  const cases = catalogue.reduce((sum, { tests }) => sum + tests.cases.length, 0);
  return `${catalogue.length} templates. Attach one to a deployment or node policy by its id:

\`\`\`yaml
securityPolicies:
  - use: root-certificates
  - use: file-integrity
    with: { directories: [/config/], action: Audit }
\`\`\`

Every template also takes \`name\`, the name of the resulting policy: two uses of one template at one point need two names,
and a layer overrides a policy by using its name ([layers](layers.md)). \`hzn-armor template show <id>\` prints a template
with its policy; \`hzn-armor template test\` runs the ${cases} cases below through the evaluator.
How to write one is in [templates](templates.md), which requirement each serves in the
[compliance matrix](compliance-matrix.md).

Default actions are safe ones: Block only where nothing legitimate does the same, Audit where a start script, a health
check or an update may. *BPF-LSM* means that part of a template is idle on nodes that have AppArmor alone.`;
}

interface Group {
  readonly title: string;
  readonly entries: readonly CatalogueEntry[];
}

function overview(groups: readonly Group[]): string {
  const rows = groups.flatMap(({ entries }) =>
    entries.map((entry) => {
      const { id, action, summary, required, bpfOnly } = describeTemplate(entry);
      const notes = [...required.map((name) => `needs \`${name}\``), ...(bpfOnly ? ['BPF-LSM'] : [])].join(', ');
      return `| [${id}](#${id}) | ${action} | ${summary} | ${notes} |`;
    }),
  );
  return ['| template | default | what it does | |', '|---|---|---|---|', ...rows].join('\n');
}

function section(entry: CatalogueEntry): string {
  const { template, tests } = entry;
  const { id, summary, description, parameters, limits, references } = template;
  return [
    `### ${id}`,
    summary,
    ...(description === undefined ? [] : [description]),
    parameterTable(parameters),
    example(entry),
    caseTable(tests.cases),
    ...(limits === undefined ? [] : [['Limits:', '', ...limits.map((limit) => `- ${limit}`)].join('\n')]),
    complianceByFramework(template)
      .map(([framework, ids]) => `${framework}: ${ids.join(', ')}`)
      .join('. ')
      .concat('.'),
    `See ${references.map(({ title, url }) => `[${title}](${url})`).join(', ')}.`,
  ].join('\n\n');
}

function parameterTable(parameters: Readonly<Record<string, ParameterSchema>>): string {
  const rows = Object.entries(parameters).map(([name, schema]) => {
    const value = schema.default === undefined ? '**required**' : code(schema.default);
    return `| \`${name}\` | ${typeOf(schema)} | ${schema.description} | ${value} |`;
  });
  return ['| parameter | takes | | default |', '|---|---|---|---|', ...rows].join('\n');
}

function code(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return text === '' ? 'none' : `\`${text}\``;
}

/** Only where it can not be attached by its id alone. */
function example({ template, tests }: CatalogueEntry): string {
  const values = Object.keys(tests.with).length === 0 ? {} : { with: tests.with };
  const text = stringify([{ use: template.id, ...values }], { collectionStyle: 'any', lineWidth: 110 }).trimEnd();
  return `\`\`\`yaml\n${text}\n\`\`\``;
}

function caseTable(cases: readonly TemplateCase[]): string {
  const rows = cases.map((each) => {
    const found = each.kind === 'attack' ? `**${each.expect}**` : 'passes';
    const values = Object.keys(each.ownValues).length === 0 ? '' : ` (with ${code(flow(each.ownValues))})`;
    return `| ${each.kind} | ${each.name}${values} | ${act(each)} | ${found} |`;
  });
  return ['| | | by | |', '|---|---|---|---|', ...rows].join('\n');
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

/** What happens in a case, in the shortest form that can be checked by hand. */
function act(each: TemplateCase): string {
  const what =
    each.exec !== undefined
      ? `starts ${[each.exec, ...(each.args ?? [])].join(' ')}`
      : each.read !== undefined
        ? `reads ${each.read}`
        : each.write !== undefined
          ? `writes ${each.write}`
          : each.change !== undefined
            ? `${each.hook} ${each.change}`
            : each.socket !== undefined
              ? `opens a ${each.socket} socket`
              : each.query !== undefined
                ? `looks up ${each.query}`
                : each.capability !== undefined
                  ? `uses ${each.capability}`
                  : `calls ${each.syscall}`;
  const at = each.tty === undefined ? '' : ' at a terminal';
  return `\`${each.by}\` ${what.replaceAll('|', '\\|')}${at}`;
}
