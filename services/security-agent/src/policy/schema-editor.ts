import { isFields } from './flat-rules.ts';
import { POLICY_KINDS, type PolicyKind } from './kinds.ts';
import { policySchema } from './schema.ts';
import type { Schema } from './schema-sections.ts';

/**
 * The schemas as editors want them: stricter than the CRD, which drops unknown fields in silence, since a field that the
 * editor marks is mostly a slip.
 */
export function editorSchemas(): ReadonlyMap<string, Schema> {
  return new Map(POLICY_KINDS.map((kind) => [fileName(kind), editorSchema(kind)]));
}

function editorSchema(kind: PolicyKind): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `${kind} (security.kubearmor.com/v1)`,
    description: 'Written by "hzn-armor lint --schemas"; see docs/lint.md.',
    ...closed(policySchema(kind)),
  };
}

/** kubearmor-host-policy.schema.json */
function fileName(kind: PolicyKind): string {
  const words = kind.replace('KubeArmor', 'kubearmor').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${words}.schema.json`;
}

/** Every map with named fields takes no others, metadata apart, which Kubernetes fills. */
function closed(schema: Schema, name = ''): Schema {
  const entries = Object.entries(schema).map(([key, value]) => {
    if (key === 'items' && isFields(value)) return [key, closed(value)];
    if (key !== 'properties' || !isFields(value)) return [key, value];
    const properties = Object.entries(value).map(([field, child]) => [
      field,
      isFields(child) ? closed(child, field) : child,
    ]);
    return [key, Object.fromEntries(properties)];
  });
  const whole = Object.fromEntries(entries);
  return isFields(schema.properties) && name !== 'metadata' ? { ...whole, additionalProperties: false } : whole;
}
