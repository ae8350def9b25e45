import type { ValuePath } from '../document.ts';
import { type Fields, isFields } from '../flat-rules.ts';
import type { PolicyKind } from '../kinds.ts';
import { policySchema } from '../schema.ts';

/** A key that no schema knows, with those that could stand in its place. */
export interface UnknownField {
  readonly path: ValuePath;
  readonly name: string;
  readonly known: readonly string[];
  /** Those of `known` that the map does not have yet, and whose values are of the type that stands here. */
  readonly free: readonly string[];
}

/** Keys of a policy that its CRD does not know: the API server drops them, KubeArmor outside Kubernetes ignores them. */
export function* unknownFields(kind: PolicyKind, policy: Fields): Generator<UnknownField> {
  yield* walk(schemaOf(kind), policy, []);
}

const schemas = new Map<PolicyKind, Fields>();

function schemaOf(kind: PolicyKind): Fields {
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const schema = policySchema(kind);
  schemas.set(kind, schema);
  return schema;
}

function* walk(schema: Fields, value: unknown, path: ValuePath): Generator<UnknownField> {
  if (Array.isArray(value)) {
    if (!isFields(schema.items)) return;
    for (const [index, item] of value.entries()) yield* walk(schema.items, item, [...path, index]);
    return;
  }
  const { properties } = schema;
  if (!isFields(value) || !isFields(properties)) return;
  const known = Object.keys(properties);
  for (const [name, child] of Object.entries(value)) {
    const below = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (isFields(below)) yield* walk(below, child, [...path, name]);
    else if (!isOpen(path)) {
      const free = known.filter((key) => !Object.hasOwn(value, key) && takes(properties[key], child));
      yield { path: [...path, name], name, known, free };
    }
  }
}

/** Kubernetes puts much into metadata that is none of ours. */
function isOpen(path: ValuePath): boolean {
  return path.length === 1 && path[0] === 'metadata';
}

function takes(schema: unknown, value: unknown): boolean {
  const type = isFields(schema) ? schema.type : undefined;
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isFields(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'boolean':
      return typeof value === type;
    default:
      return true;
  }
}
