import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import { parseTemplate, type Template } from '#policy/template.ts';
import { Problems } from '#tools/bundle/problems.ts';
import { HARDENING, listSources } from '#tools/bundle/source-files.ts';
import { readSourceText } from '#tools/bundle/source-text.ts';
import { parseTemplateTests, type TemplateTests } from './template-tests.ts';

/** A template with the tests that prove what it says. */
export interface CatalogueEntry {
  readonly template: Template;
  readonly text: string;
  readonly tests: TemplateTests;
}

/** The program's own copy of the catalogue, for use outside of a bundle. */
const SHIPPED = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Every template of the catalogue, by id.
 *
 * @param dir a bundle; one without a catalogue, or none, means the catalogue that comes with the program
 * @throws ArmorErrors with everything that is wrong in any template or its tests
 */
export async function loadCatalogue(dir: string): Promise<CatalogueEntry[]> {
  const root = await catalogueRoot(dir);
  const problems = new Problems();
  const files = await listSources(root, HARDENING, problems);
  const entries = await Promise.all(files.map(({ file, name }) => problems.gather(() => readEntry(root, file, name))));
  problems.throwIfAny();
  return entries.flatMap((entry) => entry ?? []);
}

/** The entry of one id. @throws ArmorError USAGE with the nearest id that there is */
export function entryOf(catalogue: readonly CatalogueEntry[], id: string): CatalogueEntry {
  const entry = catalogue.find(({ template }) => template.id === id);
  if (entry !== undefined) return entry;
  const ids = catalogue.map(({ template }) => template.id);
  const fix = `${didYouMean(id, ids)}hzn-armor template list shows them all.`;
  throw new ArmorError('USAGE', `there is no template "${id}"`, { request: 'template' }, fix);
}

/** The named templates, and every id there is. Names that there are not are left out. */
export async function loadTemplates(
  dir: string,
  ids: readonly string[],
): Promise<{ readonly templates: ReadonlyMap<string, Template>; readonly templateIds: readonly string[] }> {
  const root = await catalogueRoot(dir);
  const problems = new Problems();
  const files = await listSources(root, HARDENING, problems);
  const read = await Promise.all(
    files
      .filter(({ name }) => ids.includes(name))
      .map(({ file, name }) =>
        problems.gather(async () => [name, parseTemplate(await readSourceText(root, file), file)] as const),
      ),
  );
  problems.throwIfAny();
  return {
    templates: new Map(read.flatMap((entry) => (entry === undefined ? [] : [entry]))),
    templateIds: files.map(({ name }) => name),
  };
}

async function catalogueRoot(dir: string): Promise<string> {
  const root = resolve(dir);
  if ((await stat(root).catch(() => undefined))?.isDirectory() !== true) {
    throw new ArmorError('SOURCE_MISSING', 'there is no such directory', { file: dir }, 'Correct --bundle.');
  }
  const own = await stat(join(root, HARDENING)).catch(() => undefined);
  return own?.isDirectory() === true ? root : resolve(SHIPPED);
}

async function readEntry(root: string, file: string, id: string): Promise<CatalogueEntry> {
  const testsFile = `${HARDENING}/tests/${id}.yaml`;
  const [text, tests] = await Promise.all([readSourceText(root, file), readSourceText(root, testsFile)]);
  return { template: parseTemplate(text, file), text, tests: parseTemplateTests(tests, testsFile) };
}
