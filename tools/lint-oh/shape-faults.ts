import type { ValuePath } from '#policy/document.ts';
import { namesVariable } from '#policy/document-variables.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { FieldType, Shape } from './shapes.ts';

/** Where a value is not of the shape it should have. */
export type ShapeFault =
  | { readonly kind: 'unknown'; readonly path: ValuePath; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: 'missing'; readonly path: ValuePath; readonly name: string }
  | { readonly kind: 'type'; readonly path: ValuePath; readonly wanted: string };

/** Every fault of a map against its shape, those below it included. */
export function* shapeFaults(shape: Shape, value: unknown, path: ValuePath): Generator<ShapeFault> {
  if (!isFields(value)) {
    yield { kind: 'type', path, wanted: 'a map' };
    return;
  }
  const known = Object.keys(shape.fields);
  for (const name of shape.required ?? []) {
    if (value[name] === undefined || value[name] === null) yield { kind: 'missing', path, name };
  }
  for (const [name, child] of Object.entries(value)) {
    const type = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (type === undefined) yield { kind: 'unknown', path: [...path, name], name, known };
    else yield* fieldFaults(type, child, [...path, name], shape.below?.[name]);
  }
}

function* fieldFaults(
  type: FieldType,
  value: unknown,
  path: ValuePath,
  below: Shape | undefined,
): Generator<ShapeFault> {
  if (value === null || (typeof value === 'string' && namesVariable(value))) return;
  const wanted = TYPES[type];
  if (!wanted.fits(value)) {
    yield { kind: 'type', path, wanted: wanted.says };
    return;
  }
  if (type === 'texts' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'string') yield { kind: 'type', path: [...path, index], wanted: TYPES.text.says };
    }
  }
  if (below === undefined) return;
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* shapeFaults(below, item, [...path, index]);
  else if (isFields(value)) yield* shapeFaults(below, value, path);
}

const isText = (value: unknown): boolean => typeof value === 'string';

const TYPES: Readonly<Record<FieldType, { readonly says: string; fits(value: unknown): boolean }>> = {
  any: { says: 'a value', fits: () => true },
  text: { says: 'a text', fits: isText },
  texts: { says: 'a list of texts', fits: Array.isArray },
  list: { says: 'a list', fits: Array.isArray },
  flag: { says: 'true or false', fits: (value) => typeof value === 'boolean' },
  integer: { says: 'a whole number', fits: Number.isInteger },
  number: { says: 'a number', fits: (value) => typeof value === 'number' },
  map: { says: 'a map', fits: isFields },
  deployment: { says: 'a map, or a text that is signed', fits: (value) => isText(value) || isFields(value) },
  arch: { says: 'a text, or a list of texts in a bundle', fits: (value) => isText(value) || Array.isArray(value) },
};

/** A list of maps under a name; what is no map is left out. */
export function mapsAt(fields: Fields, name: string): { readonly fields: Fields; readonly index: number }[] {
  const list = fields[name];
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown, index) => (isFields(each) ? [{ fields: each, index }] : []));
}

/** A text under a name, when it is one and names no variable. */
export function known(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && !namesVariable(value) ? value : undefined;
}
