import { Ajv, type ValidateFunction } from 'ajv';
import { API_VERSION, isPolicyKind, POLICY_KINDS, type PolicyKind } from './kinds.ts';
import { crossFieldProblems } from './schema-cross-field.ts';
import { networkPolicySections } from './schema-network-policy.ts';
import { explainSchemaError, type PolicyProblem } from './schema-problem.ts';
import { containerSections, hostSections, object, type Schema } from './schema-sections.ts';
import { shownValue } from './shown-value.ts';

/**
 * JSON Schemas of KubeArmor's policies, equal in effect to the CRDs of security.kubearmor.com/v1 with what the API
 * server asks of every object (apiVersion, kind, a name). A field that the schema does not know is no error, as it is
 * none for the API server, which drops it; lint says so.
 */

const matchLabels: Schema = { type: 'object', additionalProperties: { type: 'string' } };

function matchExpressions(keys: readonly string[]): Schema {
  return {
    type: 'array',
    items: object({
      key: { type: 'string', enum: keys },
      operator: { type: 'string', enum: ['In', 'NotIn'] },
      values: { type: 'array', items: { type: 'string' } },
    }),
  };
}

const selector = object({ matchLabels, matchExpressions: matchExpressions(['label']) });
const nodeSelector = object({ matchLabels });

const specs: Readonly<Record<PolicyKind, Schema>> = {
  KubeArmorPolicy: object({ selector, ...containerSections }),
  KubeArmorHostPolicy: object({ nodeSelector, ...hostSections }, ['nodeSelector']),
  KubeArmorClusterPolicy: object({
    selector: object({ matchExpressions: matchExpressions(['namespace', 'label']) }),
    ...containerSections,
  }),
  KubeArmorNetworkPolicy: object({ nodeSelector, selector, ...networkPolicySections }),
};

/** The schema of a whole policy. Names are those of Kubernetes objects: KubeArmor makes a file of each (§3.6). */
export function policySchema(kind: PolicyKind): Schema {
  const strings = { type: 'object', additionalProperties: { type: 'string' } };
  return object(
    {
      apiVersion: { const: API_VERSION },
      kind: { const: kind },
      metadata: object(
        {
          name: {
            type: 'string',
            maxLength: 253,
            pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
          },
          namespace: { type: 'string' },
          labels: strings,
          annotations: strings,
        },
        ['name'],
      ),
      spec: specs[kind],
      status: { type: 'object' },
    },
    ['apiVersion', 'kind', 'metadata', 'spec'],
  );
}

/**
 * What KubeArmor's CRD rejects in a policy; empty when it is accepted. The kind is read from the value; whatever is no
 * policy at all has the one problem that its kind is unknown.
 */
export function policyProblems(value: unknown): PolicyProblem[] {
  const kind = isObject(value) ? value.kind : undefined;
  if (!isObject(value) || !isPolicyKind(kind)) {
    const message = kind === undefined ? 'kind is missing' : `"${shownValue(kind)}" is no kind of KubeArmor policy`;
    return [{ path: isObject(value) ? ['kind'] : [], message, fix: `Write one of ${POLICY_KINDS.join(', ')}.` }];
  }
  const validate = validator(kind);
  const errors = validate(value) ? [] : (validate.errors ?? []);
  return [...errors.map((error) => explainSchemaError(error, value)), ...crossFieldProblems(kind, value)];
}

const validators = new Map<PolicyKind, ValidateFunction>();

/** Compiled when first needed: a program that meets no policy does not pay for it. */
function validator(kind: PolicyKind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const ajv = new Ajv({
    code: { optimize: false },
    allErrors: true,
    strict: true,
    formats: { int32: { type: 'number', validate: isInt32 } },
  });
  const compiled = ajv.compile(policySchema(kind));
  validators.set(kind, compiled);
  return compiled;
}

function isInt32(value: number): boolean {
  return value >= -(2 ** 31) && value < 2 ** 31;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type { PolicyProblem };
