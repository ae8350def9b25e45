import type { ValuePath } from '../document.ts';
import { type Fields, isFields } from '../flat-rules.ts';
import { substitute } from '../template-substitute.ts';

/** A template's policy as it would be with its defaults, and where in the template each part of it is written. */
export interface ExpandedTemplate {
  readonly value: unknown;
  originOf(path: ValuePath): ValuePath;
}

/** Marks every map with the number of its path, so that it is still known after lists were repeated and emptied. */
const MARK = '\u0000at';

/**
 * Fills the placeholders of a hardening template with the defaults of its parameters, or with a value of the right form
 * where a parameter has none, or nothing but an empty list: lint judges the policy, not the holes in it.
 */
export function expandTemplate(file: Fields): ExpandedTemplate {
  const { template, ...policy } = file;
  const paths: ValuePath[] = [];
  const parameters = isFields(template) && isFields(template.parameters) ? template.parameters : {};
  const values = Object.fromEntries(Object.entries(parameters).map(([name, schema]) => [name, sample(schema)]));
  const origins = new WeakMap<object, ValuePath>();
  const value = unmark(substitute(mark(policy, [], paths), values), paths, origins);
  return { value, originOf: (path) => originOf(value, path, origins) };
}

function mark(node: unknown, path: ValuePath, paths: ValuePath[]): unknown {
  if (Array.isArray(node)) return node.map((child, index) => mark(child, [...path, index], paths));
  if (!isFields(node)) return node;
  const children = Object.entries(node).map(([key, child]) => [key, mark(child, [...path, key], paths)]);
  return Object.fromEntries([...children, [MARK, String(paths.push(path) - 1)]]);
}

function unmark(node: unknown, paths: readonly ValuePath[], origins: WeakMap<object, ValuePath>): unknown {
  if (Array.isArray(node)) return node.map((child) => unmark(child, paths, origins));
  if (!isFields(node)) return node;
  const { [MARK]: at, ...rest } = node;
  const clean = Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, unmark(child, paths, origins)]));
  origins.set(clean, paths[Number(at)] ?? []);
  return clean;
}

function originOf(root: unknown, path: ValuePath, origins: WeakMap<object, ValuePath>): ValuePath {
  let node = root;
  let origin: ValuePath = [];
  for (const [index, step] of [...path, ''].entries()) {
    const known = typeof node === 'object' && node !== null ? origins.get(node) : undefined;
    if (known !== undefined) origin = [...known, ...path.slice(index)];
    if (index === path.length) return origin;
    node = typeof node === 'object' && node !== null ? Reflect.get(node, step) : undefined;
  }
  return origin;
}

const BY_FORMAT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    directory: '/example/',
    file: '/example/file',
    'executable-name': 'example',
    domain: 'example.org',
    capability: 'chown',
    'policy-name': 'example',
  }),
);

function sample(schema: unknown): unknown {
  if (!isFields(schema)) return 'example';
  const empty = Array.isArray(schema.default) && schema.default.length === 0;
  if (schema.default !== undefined && !empty) return schema.default;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  switch (schema.type) {
    case 'array':
      return [sample(schema.items)];
    case 'boolean':
      return false;
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    default:
      return typeof schema.format === 'string' ? (BY_FORMAT.get(schema.format) ?? 'example') : 'example';
  }
}
