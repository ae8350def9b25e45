import { type Answer, missingParent } from './answer.ts';
import { PROPERTY_TYPES, property, wrongPropertyType } from './bodies.ts';
import { list, optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { localId } from './composite-id.ts';
import type { Route } from './router.ts';

/** A service's policy: an upsert, and a 500 where the service is missing (reference/exchange-mms.md §0). */
export const SERVICE_POLICY_ROUTES: readonly Route[] = [
  {
    paths: ['/orgs/:org/services/:service/policy'],
    methods: { DELETE: deletePolicy, PUT: putPolicy, GET: getPolicy },
  },
];

const body = record(
  'org.openhorizon.exchangeapi.route.service.PutServicePolicyRequest',
  {
    label: optional(text),
    description: optional(text),
    properties: optional(list(property)),
    constraints: optional(list(text)),
  },
  { leaksFormats: true },
);

function getPolicy(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'READ');
  const policy = call.hub.store.services.get(id)?.policy;
  if (policy === undefined) throw call.refusal(404, 'not-found', 'not.found');
  return { status: 200, json: policy };
}

function putPolicy(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'WRITE');
  const { label, description, properties, constraints } = call.body(body);
  const wrong = wrongPropertyType(properties);
  if (wrong !== undefined) call.demand(['property.type.must.be', wrong, PROPERTY_TYPES.join(', ')]);
  const service = call.hub.store.services.get(id);
  if (service === undefined) {
    const cause = missingParent('servicepolicies', 'service_fk', 'serviceid', id, 'services');
    throw call.refusal(
      500,
      'internal_error',
      'policy.not.inserted.or.updated',
      id,
      `org.postgresql.util.PSQLException: ${cause}`,
    );
  }
  service.policy = {
    label: label ?? '',
    description: description ?? label ?? '',
    properties: properties ?? [],
    constraints: constraints ?? [],
    lastUpdated: call.hub.clock.instant(),
  };
  logPolicy(call, id, 'created/modified', service.public);
  return call.done('policy.added.or.updated');
}

function deletePolicy(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'WRITE');
  const service = call.hub.store.services.get(id);
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  if (service.policy === undefined) throw call.refusal(404, 'not-found', 'service.policy.not.found', id);
  delete service.policy;
  logPolicy(call, id, 'deleted', service.public);
  return DELETED;
}

function logPolicy(call: Call, id: string, operation: 'created/modified' | 'deleted', isPublic: boolean): void {
  call.logChange({
    orgId: call.param('org'),
    id: localId(id),
    category: 'service',
    public: isPublic,
    resource: 'servicepolicies',
    operation,
  });
}
