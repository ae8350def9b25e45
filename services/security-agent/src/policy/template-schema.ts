import { formats } from './template-formats.ts';

const text = { type: 'string', minLength: 1 } as const;
const scalarList = { type: 'array', minItems: 1, uniqueItems: true, items: { type: ['string', 'integer'] } } as const;
const format = {
  enum: Object.keys(formats),
  description: Object.entries(formats)
    .map(([name, { says }]) => `${name}: ${says}`)
    .join('; '),
};

const parameter = {
  type: 'object',
  required: ['type', 'description'],
  additionalProperties: false,
  properties: {
    type: { enum: ['string', 'integer', 'boolean', 'array'] },
    description: text,
    default: { description: 'Used when a deployer gives no value. A parameter without default is required.' },
    enum: scalarList,
    format,
    minimum: { type: 'integer' },
    maximum: { type: 'integer' },
    minItems: { type: 'integer', minimum: 0 },
    maxItems: { type: 'integer', minimum: 1 },
    uniqueItems: { type: 'boolean' },
    items: {
      type: 'object',
      required: ['type'],
      additionalProperties: false,
      properties: { type: { enum: ['string', 'integer'] }, enum: scalarList, format },
    },
  },
} as const;

const compliance = {
  type: 'object',
  required: ['framework', 'version', 'id', 'title', 'source'],
  additionalProperties: false,
  properties: { framework: text, version: text, id: text, title: text, source: text },
} as const;

/** JSON Schema of the `template:` header: what parseTemplate checks, and what editors show. */
export const headerSchema = {
  type: 'object',
  required: ['id', 'useCase', 'summary', 'parameters', 'compliance', 'references'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', description: 'The same as the file name.' },
    useCase: { ...text, description: 'The protection it belongs to; several templates may share one.' },
    summary: { ...text, maxLength: 120, description: 'What it does, in one line.' },
    description: {
      ...text,
      description: 'What an attacker does that this stops or shows, and why the default is safe.',
    },
    limits: { type: 'array', items: text, description: 'What it can not see or stop, one sentence each.' },
    parameters: {
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9]*$', not: { const: 'name' } },
      additionalProperties: parameter,
    },
    compliance: { type: 'array', minItems: 1, items: compliance },
    references: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['title', 'url'],
        additionalProperties: false,
        properties: { title: text, url: { type: 'string', pattern: '^https://' } },
      },
    },
  },
} as const;

/** JSON Schema of a template file. Placeholders may stand in any value of the policy. */
export const templateSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Hardening template of horizon-armor',
  type: 'object',
  required: ['template', 'apiVersion', 'kind', 'metadata', 'spec'],
  additionalProperties: false,
  properties: {
    template: headerSchema,
    apiVersion: { const: 'security.kubearmor.com/v1' },
    kind: { enum: ['KubeArmorPolicy', 'KubeArmorHostPolicy'] },
    metadata: {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: { ...text, description: 'The same as the id of the template.' } },
    },
    spec: { type: 'object', minProperties: 1 },
  },
} as const;
