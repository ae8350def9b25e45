import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { ArmorError, ArmorErrors } from '#errors';
import { type ParsedDocument, parseText } from '#policy/document.ts';
import { policyProblems } from '#policy/schema.ts';
import { instantiate, parseTemplate } from '#policy/template.ts';
import type { SecurityPolicy } from '#policy/types.ts';

/** Policies to try, and what was passed over on the way. */
export interface LoadedPolicies {
  readonly policies: readonly SecurityPolicy[];
  readonly notes: readonly string[];
}

/** Values for templates, as after `with:` in an attachment. */
export type TemplateValues = Readonly<Record<string, unknown>>;

interface Found {
  templates: number;
  readonly policies: SecurityPolicy[];
  readonly notes: string[];
  readonly errors: ArmorError[];
}

const SOURCE_NAME = /\.(?:ya?ml|json)$/;

/**
 * Reads policies from files (YAML with any number of documents, JSON, templates of the catalogue) and from directories,
 * where what is no policy is passed over.
 *
 * @throws ArmorErrors with everything that is wrong in any of them
 */
export async function loadPolicies(
  paths: readonly string[],
  cwd: string,
  values: TemplateValues,
): Promise<LoadedPolicies> {
  const found: Found = { templates: 0, policies: [], notes: [], errors: [] };
  for (const path of paths) await loadPath(resolve(cwd, path), cwd, values, found);
  const errors = [...found.errors, ...doubleNames(found.policies)];
  if (errors.length === 0 && found.templates === 0 && Object.keys(values).length > 0) errors.push(noTemplate());
  const [first, ...rest] = errors;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  return found;
}

async function loadPath(path: string, cwd: string, values: TemplateValues, found: Found): Promise<void> {
  const file = relative(cwd, path) || '.';
  const kind = await stat(path).catch(() => undefined);
  if (kind === undefined) {
    found.errors.push(new ArmorError('SOURCE_MISSING', 'no such file or directory', { file }, 'Check the path.'));
  } else if (kind.isDirectory()) {
    const before = found.policies.length;
    for (const entry of await sourcesIn(path)) await loadFile(entry, relative(cwd, entry), true, values, found);
    if (found.policies.length === before && found.errors.length === 0) found.errors.push(noPolicy(file));
  } else await loadFile(path, file, false, values, found);
}

/** In order of name, directories included, so that the order of policies does not depend on the machine. */
async function sourcesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && SOURCE_NAME.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[\\/](?:node_modules|\.git)[\\/]/.test(path))
    .sort();
}

async function loadFile(
  path: string,
  file: string,
  searching: boolean,
  values: TemplateValues,
  found: Found,
): Promise<void> {
  const text = await readFile(path, 'utf8');
  const { documents } = parseText(text);
  const before = found.policies.length + found.errors.length;
  for (const document of documents) {
    if (document.problems.length > 0) addSyntaxErrors(document, file, searching, found);
    else if (isTemplate(document.value)) addTemplate(text, file, searching, values, found);
    else addDocument(document, file, searching, found);
  }
  const nothing = found.policies.length + found.errors.length === before;
  if (nothing && !searching) found.errors.push(noPolicy(file));
}

function noTemplate(): ArmorError {
  const fix = 'Leave it out, or name a template of the catalogue.';
  return new ArmorError(
    'USAGE',
    'none of the files is a template, which values could go into',
    { request: '--with' },
    fix,
  );
}

function noPolicy(file: string): ArmorError {
  return new ArmorError(
    'SOURCE_INVALID',
    'holds no KubeArmorPolicy or KubeArmorHostPolicy',
    { file },
    'Name a policy, a template of the catalogue, or a directory of them.',
  );
}

function addSyntaxErrors(document: ParsedDocument, file: string, searching: boolean, found: Found): void {
  if (searching && document.problems.every(({ kind }) => kind === 'duplicate-key')) return;
  for (const { message, fix, at } of document.problems) {
    found.errors.push(new ArmorError('SOURCE_INVALID', message, { file, ...at }, fix));
  }
}

function isTemplate(value: unknown): boolean {
  return isObject(value) && 'template' in value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In a directory, templates that need values are passed over: a catalogue always has some. */
function addTemplate(text: string, file: string, searching: boolean, values: TemplateValues, found: Found): void {
  try {
    found.templates += 1;
    const template = parseTemplate(text, file);
    const required = Object.entries(template.parameters).filter(([, schema]) => schema.default === undefined);
    const missing = required.map(([name]) => name).filter((name) => !(name in values));
    if (searching && missing.length > 0) {
      found.notes.push(`${file}: passed over, the template needs ${missing.join(', ')}`);
      return;
    }
    const known = Object.entries(values).filter(([name]) => !searching || name in template.parameters);
    found.policies.push(instantiate(template, Object.fromEntries(known), { file }));
  } catch (error) {
    if (error instanceof ArmorErrors) found.errors.push(...error.errors);
    else if (error instanceof ArmorError) found.errors.push(error);
    else throw error;
  }
}

function addDocument(document: ParsedDocument, file: string, searching: boolean, found: Found): void {
  const { value } = document;
  const kind = isObject(value) && typeof value.kind === 'string' ? value.kind : '';
  if (kind === 'KubeArmorClusterPolicy' || kind === 'KubeArmorNetworkPolicy') {
    found.notes.push(`${file}: a ${kind} is passed over, events do not show what it does outside Kubernetes`);
    return;
  }
  const known = kind === 'KubeArmorPolicy' || kind === 'KubeArmorHostPolicy';
  if (value === null || (!known && searching)) return;
  if (isPolicy(value)) found.policies.push(value);
  else {
    for (const { path, message, fix } of policyProblems(value)) {
      const said = path.length === 0 ? message : `${path.join('.')}: ${message}`;
      found.errors.push(new ArmorError('SOURCE_INVALID', said, { file, ...document.positionOf(path) }, fix));
    }
  }
}

function isPolicy(value: unknown): value is SecurityPolicy {
  return policyProblems(value).length === 0;
}

/** KubeArmor knows a policy by its name alone (reference/kubearmor.md §3.1): the second would replace the first. */
function doubleNames(policies: readonly SecurityPolicy[]): ArmorError[] {
  const names = policies.map(({ metadata }) => metadata.name);
  const doubles = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...doubles].map(
    (name) =>
      new ArmorError(
        'SOURCE_INVALID',
        `two policies are called "${name}"`,
        { file: name },
        'Rename one: KubeArmor would replace the first by the second.',
      ),
  );
}
