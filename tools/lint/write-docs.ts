import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ArmorError } from '#errors';
import { editorSchemas } from '#policy/schema-editor.ts';
import { jsonText } from './json-text.ts';
import { allRules } from './rule-list.ts';
import { rulePages } from './rule-pages.ts';

/** Writes the page of every rule and the table of docs/lint.md; pages of rules that are gone go too. */
export async function writeRulePages(directory: string): Promise<readonly string[]> {
  const lintPage = await readFile(join(directory, 'lint.md'), 'utf8').catch(() => {
    throw new ArmorError('SOURCE_MISSING', 'there is no lint.md', { file: directory }, 'Name the docs folder.');
  });
  const pages = rulePages(allRules, lintPage);
  await mkdir(join(directory, 'rules'), { recursive: true });
  for (const name of await readdir(join(directory, 'rules'))) {
    if (/^[A-Z]{2}\d{3}\.md$/.test(name) && !pages.has(`rules/${name}`)) await rm(join(directory, 'rules', name));
  }
  return writeAll(directory, pages);
}

/** Writes the JSON Schemas of KubeArmor's policies for editors. */
export async function writeSchemas(directory: string): Promise<readonly string[]> {
  return writeAll(directory, new Map([...editorSchemas()].map(([name, schema]) => [name, jsonText(schema)])));
}

async function writeAll(directory: string, files: ReadonlyMap<string, string>): Promise<readonly string[]> {
  for (const [name, text] of files) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return [...files.keys()];
}
