import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import type { Template } from '#policy/template.ts';
import { templateSchema } from '#policy/template-schema.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { HARDENING } from '#tools/bundle/source-files.ts';
import { cataloguePage } from '#tools/catalogue/catalogue-page.ts';
import { compliancePage } from '#tools/catalogue/compliance-page.ts';
import {
  complianceByFramework,
  describeTemplate,
  samplePolicy,
  type TemplateLine,
  typeOf,
} from '#tools/catalogue/describe-template.ts';
import { type CatalogueEntry, entryOf, loadCatalogue } from '#tools/catalogue/load-catalogue.ts';
import { type CaseResult, runCases } from '#tools/catalogue/run-cases.ts';
import type { TemplateCase } from '#tools/catalogue/template-tests.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { table } from '#tools/table.ts';

interface Options {
  readonly bundle: string;
  readonly json?: boolean;
}

/** What `template show --json` prints. */
export interface TemplateDetails extends Template {
  /** With the template's defaults, and the values of its tests where it has none. */
  readonly sample: SecurityPolicy;
  readonly cases: readonly TemplateCase[];
}

/** What `template docs --json` prints: files written, or with --check those that are out of date. */
export interface DocsResult {
  readonly files: readonly string[];
  readonly stale: readonly string[];
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const command = new Command().description('The hardening catalogue: templates that are attached with `use:`.');
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--bundle <dir>', 'a bundle; without a catalogue of its own, the one that comes with hzn-armor', '.')
      .option('--json', 'print the result as one JSON document');
  sub('list', 'List every template with its default action.').action(async ({ bundle, json }: Options) => {
    const lines = (await loadCatalogue(resolve(context.cwd, bundle))).map(describeTemplate);
    context.stdout.write(json ? `${JSON.stringify(lines)}\n` : listing(lines));
    done(0);
  });
  sub('show', 'Show a template: parameters, compliance, limits, tests, and the policy it makes.')
    .argument('<id>')
    .action(async (id: string, { bundle, json }: Options) => {
      const entry = entryOf(await loadCatalogue(resolve(context.cwd, bundle)), id);
      context.stdout.write(json ? `${JSON.stringify(details(entry))}\n` : description(entry));
      done(0);
    });
  sub('test', "Run the templates' tests: attacks must be noticed, everyday use must pass.")
    .argument('[id...]', 'templates; all of them when none is named')
    .action(async (ids: readonly string[], { bundle, json }: Options) => {
      const results = testTemplates(await loadCatalogue(resolve(context.cwd, bundle)), ids);
      context.stdout.write(json ? `${JSON.stringify(results)}\n` : report(results));
      done(results.every(({ passed }) => passed) ? 0 : 1);
    });
  sub('docs', 'Write docs/catalogue.md, docs/compliance-matrix.md and the JSON Schema of templates.')
    .option('--check', 'write nothing; exit 1 when a page is out of date')
    .action(async ({ bundle, json, check }: Options & { readonly check?: boolean }) => {
      const dir = resolve(context.cwd, bundle);
      const { files, stale } = await writeDocs(dir, await loadCatalogue(dir), check === true);
      if (json) context.stdout.write(`${JSON.stringify({ files, stale })}\n`);
      else for (const file of files) context.stdout.write(`${file}${stale.includes(file) ? ': out of date' : ''}\n`);
      done(stale.length === 0 ? 0 : 1);
    });
  return command;
}

/** @throws ArmorError USAGE for an id that there is not */
export function testTemplates(catalogue: readonly CatalogueEntry[], ids: readonly string[]): CaseResult[] {
  const chosen = ids.length === 0 ? catalogue : ids.map((id) => entryOf(catalogue, id));
  return chosen.flatMap(runCases);
}

/** The pages that are made of the catalogue, by their place in a bundle. */
export function catalogueDocs(catalogue: readonly CatalogueEntry[]): ReadonlyMap<string, string> {
  return new Map([
    ['docs/catalogue.md', cataloguePage(catalogue)],
    ['docs/compliance-matrix.md', compliancePage(catalogue)],
    [`${HARDENING}/template.schema.json`, `${JSON.stringify(templateSchema, null, 2)}\n`],
  ]);
}

async function writeDocs(dir: string, catalogue: readonly CatalogueEntry[], check: boolean): Promise<DocsResult> {
  const pages = [...catalogueDocs(catalogue)];
  const stale: string[] = [];
  for (const [file, text] of pages) {
    const path = resolve(dir, file);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
    if (check) stale.push(file);
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
  return { files: pages.map(([file]) => relative(dir, resolve(dir, file))), stale };
}

function details(entry: CatalogueEntry): TemplateDetails {
  return { ...entry.template, sample: samplePolicy(entry), cases: entry.tests.cases };
}

function listing(lines: readonly TemplateLine[]): string {
  const rows = lines.map(({ id, kind, action, summary, required }) => [
    id,
    kind === 'KubeArmorHostPolicy' ? 'host' : 'container',
    action,
    required.length === 0 ? summary : `${summary} Needs ${required.join(', ')}.`,
  ]);
  return table(['TEMPLATE', 'FOR', 'DEFAULT', 'WHAT IT DOES'], rows);
}

function description(entry: CatalogueEntry): string {
  const { id, summary, description: text, parameters, limits, references, file } = entry.template;
  const rows = Object.entries(parameters).map(([name, schema]) => [
    name,
    typeOf(schema),
    schema.default === undefined ? 'required' : JSON.stringify(schema.default),
    schema.description,
  ]);
  const policy = stringify(samplePolicy(entry), { lineWidth: 120 });
  return `${id}: ${summary}
${file}

${text === undefined ? '' : `${text.trim()}\n\n`}Parameters
${indent(table(['NAME', 'TAKES', 'DEFAULT', ''], rows))}
Compliance
${indent(
  complianceByFramework(entry.template)
    .map(([framework, ids]) => `${framework}: ${ids.join(', ')}\n`)
    .join(''),
)}
${limits === undefined ? '' : `Limits\n${indent(limits.map((limit) => `${limit}\n`).join(''))}\n`}References
${indent(references.map(({ title, url }) => `${title} ${url}\n`).join(''))}
Policy
${indent(policy)}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function report(results: readonly CaseResult[]): string {
  const failed = results.filter(({ passed }) => !passed);
  const lines = failed.map(
    ({ file, line, template, name, expected, found }) =>
      `${file}:${line}: ${template}: ${name}: expected ${expected}, found ${found}\n`,
  );
  const templates = new Set(results.map(({ template }) => template)).size;
  return `${lines.join('')}${results.length - failed.length} passed, ${failed.length} failed, ${templates} templates\n`;
}
