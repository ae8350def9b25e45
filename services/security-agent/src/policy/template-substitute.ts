import type { Values } from './template-values.ts';

/**
 * Placeholders in a template's policy. A scalar that is exactly `$name` becomes the typed value. `$each(name)` stands in
 * an item of a list: the item is repeated for each element of the list parameter. Text is never pasted into text, so a
 * value can not change the structure of the policy.
 */
const VALUE = /^\$([A-Za-z][A-Za-z0-9]*)$/;
const EACH = /^\$each\(([A-Za-z][A-Za-z0-9]*)\)$/;

/** A placeholder where it stands. `badEach` says why an `$each` can not work there. */
export interface Placeholder {
  readonly name: string;
  readonly each: boolean;
  readonly path: readonly (string | number)[];
  readonly badEach?: string;
}

/** The tree with every placeholder replaced; lists and sections that end up empty are left out. */
export function substitute(tree: unknown, values: Values): unknown {
  return replace(tree, values, new Map());
}

/** Every placeholder of the tree, in document order. */
export function placeholders(tree: unknown): Placeholder[] {
  const found: Placeholder[] = [];
  const walk = (node: unknown, path: readonly (string | number)[], item: Set<string> | undefined): void => {
    if (typeof node === 'string') {
      const name = VALUE.exec(node)?.[1];
      if (name !== undefined) found.push({ name, each: false, path });
      const each = EACH.exec(node)?.[1];
      if (each === undefined) return;
      item?.add(each);
      const badEach =
        item === undefined
          ? '$each() repeats an item of a list, and stands in none'
          : item.size > 1
            ? 'an item is repeated for one list only'
            : undefined;
      found.push({ name: each, each: true, path, ...(badEach === undefined ? {} : { badEach }) });
    } else if (Array.isArray(node)) {
      for (const [index, child] of node.entries()) walk(child, [...path, index], new Set());
    } else if (isObject(node)) {
      for (const [key, child] of Object.entries(node)) walk(child, [...path, key], item);
    }
  };
  walk(tree, [], undefined);
  return found;
}

function replace(node: unknown, values: Values, item: ReadonlyMap<string, unknown>): unknown {
  if (typeof node === 'string') {
    const each = EACH.exec(node)?.[1];
    if (each !== undefined) return item.get(each);
    const name = VALUE.exec(node)?.[1];
    return name === undefined ? node : values[name];
  }
  if (Array.isArray(node)) return node.flatMap((element) => replaceItem(element, values));
  if (isObject(node)) return replaceObject(node, values, item);
  return node;
}

function replaceItem(element: unknown, values: Values): unknown[] {
  const [each] = placeholders(element).filter((placeholder) => placeholder.each && !placeholder.path.some(isIndex));
  const repeated =
    each === undefined
      ? [replace(element, values, new Map())]
      : asList(values[each.name]).map((value) => replace(element, values, new Map([[each.name, value]])));
  return repeated.filter((value) => value !== undefined);
}

/**
 * A list that ran empty takes its key with it, and what had lists and lost all of them goes too: a section without
 * rules, and above all a rule whose `fromSource` ran empty, which would otherwise hold for every process.
 */
function replaceObject(
  node: Readonly<Record<string, unknown>>,
  values: Values,
  item: ReadonlyMap<string, unknown>,
): Record<string, unknown> | undefined {
  const replaced: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(node)) {
    const value = replace(child, values, item);
    const ranEmpty = value === undefined || (Array.isArray(value) && value.length === 0);
    if (ranEmpty && key === 'fromSource') return undefined;
    if (!ranEmpty) replaced[key] = value;
  }
  const lists = Object.keys(node).filter((key) => key.startsWith('match') && Array.isArray(node[key]));
  return lists.length > 0 && lists.every((key) => !(key in replaced)) ? undefined : replaced;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isIndex(key: string | number): boolean {
  return typeof key === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
