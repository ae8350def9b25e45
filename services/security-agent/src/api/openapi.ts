/** The API in OpenAPI 3.1, served as /openapi.json. docs/api.md shows it in use. */

const json = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });
const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const listOf = (name: string) => ({ type: 'array', items: { $ref: `#/components/schemas/${name}` } });
const unauthorised = { '401': { description: 'no bearer token, or a wrong one' } };

const query = (name: string, description: string, schema: object) => ({
  name,
  in: 'query',
  required: false,
  description,
  schema,
});

export const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'horizon-armor security agent',
    version: '1',
    description:
      'What protects the workloads of this node, what does not, and what happened. Nothing can be changed here.',
  },
  security: [{ token: [] }],
  paths: {
    '/healthz': {
      get: {
        summary: 'Is the agent doing its job?',
        security: [],
        responses: {
          '200': json('all is well', { $ref: '#/components/schemas/Health' }),
          '503': json('something is missing; problems says what', { $ref: '#/components/schemas/Health' }),
        },
      },
    },
    '/v1/status': {
      get: {
        summary: 'The report that also goes to the hub: node, KubeArmor, workloads, attachments',
        responses: { '200': json('status', { $ref: '#/components/schemas/Status' }), ...unauthorised },
      },
    },
    '/v1/workloads': {
      get: {
        summary: 'Every Open Horizon container: how protected, since when, why not, and when it was exposed',
        responses: { '200': json('workloads', listOf('Workload')), ...unauthorised },
      },
    },
    '/v1/policies': {
      get: {
        summary: 'Every policy that shall hold, with its layer and source',
        responses: { '200': json('policies', listOf('Policy')), ...unauthorised },
      },
    },
    '/v1/events': {
      get: {
        summary:
          'Recent events; with Accept: text/event-stream the recent ones after Last-Event-ID, then each as it comes',
        parameters: [
          query('kind', 'findings of policies, or notices of the agent', { enum: ['finding', 'notice'] }),
          query('workload', 'container name in the deployment, or Docker’s name', text),
          query('after', 'only events with a higher id', { type: 'integer' }),
          query('limit', 'the newest so many', { type: 'integer', minimum: 1, maximum: 2000, default: 100 }),
        ],
        responses: { '200': json('events, oldest first', listOf('Event')), ...unauthorised },
      },
    },
    '/metrics': {
      get: {
        summary: 'Prometheus text format',
        responses: { '200': { description: 'metrics', content: { 'text/plain': { schema: text } } }, ...unauthorised },
      },
    },
  },
  components: {
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer', description: 'file api-token in the agent’s data volume' },
    },
    schemas: {
      Health: {
        type: 'object',
        required: ['ok', 'problems'],
        properties: { ok: { type: 'boolean' }, problems: texts },
      },
      Workload: {
        type: 'object',
        required: ['container', 'containerName', 'running', 'protection', 'reasons', 'since', 'gaps'],
        properties: {
          container: text,
          containerName: text,
          org: text,
          service: text,
          version: text,
          agreement: text,
          image: text,
          running: { type: 'boolean' },
          protection: { enum: ['enforced', 'audit-only', 'unprotected'] },
          reasons: texts,
          since: { type: 'string', format: 'date-time' },
          exposedSeconds: { type: 'number' },
          startWindowSeconds: { type: 'number' },
          crashes: { type: 'integer' },
          policies: texts,
          gaps: {
            type: 'array',
            items: {
              type: 'object',
              properties: { reasons: texts, fromMs: { type: 'number' }, toMs: { type: 'number' } },
            },
          },
          warnings: texts,
        },
      },
      Policy: {
        type: 'object',
        required: ['name', 'kubearmorName', 'subject', 'layer', 'payloadId', 'seq', 'state', 'policy'],
        properties: {
          name: text,
          kubearmorName: text,
          subject: text,
          layer: { enum: ['node', 'deployment', 'live'] },
          payloadId: text,
          seq: { type: 'integer' },
          template: text,
          state: { enum: ['applied', 'pending', 'rejected', 'collides'] },
          policy: { type: 'object' },
        },
      },
      Event: {
        type: 'object',
        required: ['kind', 'id', 'time'],
        properties: {
          kind: { enum: ['finding', 'notice'] },
          id: { type: 'integer' },
          time: { type: 'string', format: 'date-time' },
        },
        additionalProperties: true,
      },
      Status: {
        type: 'object',
        required: ['format', 'node', 'seq', 'at', 'workloads', 'attachments'],
        additionalProperties: true,
      },
    },
  },
} as const;
