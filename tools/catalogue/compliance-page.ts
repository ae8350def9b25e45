import { type Framework, frameworks } from '#policy/compliance.ts';
import { GENERATED } from './catalogue-page.ts';
import type { CatalogueEntry } from './load-catalogue.ts';

/** docs/compliance-matrix.md: for each requirement the templates that serve it, and the other way round. */
export function compliancePage(catalogue: readonly CatalogueEntry[]): string {
  return `${[
    GENERATED,
    '# Compliance matrix',
    `Which template serves which requirement. A tag means that the template contributes to it on a node that enforces it, not
that a requirement is met: that takes an assessor. Ids and titles are checked against the lists in
services/security-agent/src/policy/compliance/ when a template is read; every policy carries its ids as tags, so that
events and SIEM rules can be sorted by them.`,
    summaryTable(catalogue),
    ...frameworks.map((framework) => frameworkSection(framework, catalogue)),
  ].join('\n\n')}\n`;
}

function summaryTable(catalogue: readonly CatalogueEntry[]): string {
  const used = frameworks.filter((framework) => requirementsOf(framework, catalogue).length > 0);
  const rows = catalogue.map(({ template: { id, compliance } }) => {
    const cells = used.map(({ framework }) => compliance.filter((entry) => entry.framework === framework).length);
    return `| [${id}](catalogue.md#${id}) | ${cells.map((count) => (count === 0 ? '' : count)).join(' | ')} |`;
  });
  return [
    `| template | ${used.map(({ framework }) => framework).join(' | ')} |`,
    `|---|${used.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n');
}

function frameworkSection(framework: Framework, catalogue: readonly CatalogueEntry[]): string {
  const rows = requirementsOf(framework, catalogue).map(([id, title, templates]) => {
    const links = templates.map((template) => `[${template}](catalogue.md#${template})`).join(', ');
    return `| ${id} | ${title} | ${links} |`;
  });
  const source = framework.source.startsWith('https://') ? `<${framework.source}>` : framework.source;
  return [
    `## ${framework.framework} ${framework.version}`,
    `Source: ${source}${framework.notice === undefined ? '' : `. ${framework.notice}`}`,
    ['| id | title | templates |', '|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

/** Ids that some template names, in the order of the framework's own list. */
function requirementsOf(
  { framework, ids }: Framework,
  catalogue: readonly CatalogueEntry[],
): [id: string, title: string, templates: string[]][] {
  return Object.entries(ids).flatMap(([id, title]): [string, string, string[]][] => {
    const templates = catalogue.flatMap(({ template }) =>
      template.compliance.some((entry) => entry.framework === framework && entry.id === id) ? [template.id] : [],
    );
    return templates.length === 0 ? [] : [[id, title, templates]];
  });
}
