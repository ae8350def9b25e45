import { type Answer, attribute, duplicateKey, listing, missingOrg } from './answer.ts';
import { asBoolean } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId, localId, serviceId } from './composite-id.ts';
import { CastFailure, NullAccess } from './defects.ts';
import {
  type Identity,
  isMultiTenantAgbot,
  isNode,
  isOrgAdmin,
  isOrgAgbot,
  isStandardUser,
  isSuperUser,
} from './identity.ts';
import { isLike, passesFilter } from './like.ts';
import type { ServiceRecord } from './records.ts';
import type { Route } from './router.ts';
import {
  isComplete,
  isSharable,
  requiredOf,
  type ServiceBody,
  type ServicePatch,
  serviceBody,
  servicePatch,
  serviceProblem,
} from './service-body.ts';
import { missingRequiredService } from './service-references.ts';
import { nameOfUser, type Store } from './store.ts';
import { isVersion } from './version.ts';

export const SERVICE_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/services', '/catalog/:org/services'], methods: { GET: listServices, POST: createService } },
  {
    paths: ['/orgs/:org/services/:service'],
    methods: { DELETE: deleteService, PATCH: patchService, PUT: replaceService, GET: getService },
  },
  { paths: ['/catalog/services', '/services'], methods: { GET: listCatalog } },
];

function listServices(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'service', id: compositeId(organization, '*') }, 'READ');
  const version = call.query('version');
  const nodeType = call.query('nodetype');
  const isPublic = call.queryFlag('public');
  if (version !== undefined && !isVersion(version)) call.demand(['version.not.valid.format', version]);
  if (nodeType !== undefined && !['device', 'cluster'].includes(nodeType.toLowerCase())) {
    call.demand(['invalid.node.type2', 'cluster, device']);
  }
  return answerServices(call, isPublic, (service) => isVisible(call.identity, organization, service));
}

/** Every org's: the caller's own, IBM's, and what is public. */
function listCatalog(call: Call): Answer {
  call.authorize({ kind: 'service', id: '*/*' }, 'READ_ALL_SERVICES');
  const { identity } = call;
  const everything = isSuperUser(identity) || isMultiTenantAgbot(identity);
  return answerServices(
    call,
    call.queryFlag('public'),
    (service) =>
      (everything ||
        service.organization === identity.organization ||
        service.organization === 'IBM' ||
        service.public) &&
      passesFilter(service.organization, call.query('organization')),
  );
}

function answerServices(
  call: Call,
  isPublic: boolean | undefined,
  isListed: (service: ServiceRecord) => boolean,
): Answer {
  const { store } = call.hub;
  const nodeType = call.query('nodetype');
  const required = call.query('requiredurl');
  const chosen = [...store.services.values()].filter(
    (service) =>
      isListed(service) &&
      (isPublic === undefined || service.public === isPublic) &&
      (nodeType !== 'device' || service.deployment !== '') &&
      (nodeType !== 'cluster' || service.clusterDeployment !== '') &&
      (required === undefined || isLike(JSON.stringify(service.requiredServices), `%"url":"${required}"%`)) &&
      passesFilter(service.arch, call.query('arch')) &&
      passesFilter(service.url, call.query('url')) &&
      passesFilter(service.version, call.query('version')) &&
      passesFilter(nameOfUser(store, service.owner) ?? null, call.query('owner')),
  );
  return listing('services', Object.fromEntries(chosen.map((service) => [service.id, viewService(store, service)])));
}

function getService(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'READ');
  const { store } = call.hub;
  const service = store.services.get(id);
  const name = call.query('attribute') ?? '';
  if (service === undefined || !isVisible(call.identity, call.param('org'), service)) {
    throw call.refusal(404, 'not-found', 'service.not.found', id);
  }
  const values = attributesOf(viewService(store, service));
  const value = values.get(name.toLowerCase());
  if (name === '' || value === undefined) return listing('services', { [id]: viewService(store, service) });
  if (name.toLowerCase() === 'public' && name !== 'public') throw new CastFailure('public (of class java.lang.String)');
  return attribute(name, name === 'public' ? '(services Path @1._1).public' : value);
}

function createService(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'service', id: compositeId(organization, '') }, 'CREATE');
  const body = readService(call);
  call.demand(serviceProblem(organization, body));
  const { store, limits, clock, ownership } = call.hub;
  const id = serviceId(organization, body.url, body.version, body.arch);
  const owner = ownerOf(call.identity);
  const missing = missingRequiredService(call, requiredOf(body), true);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.created', id, missing);
  const owned = store.services.values().filter((service) => service.owner === owner);
  if (limits.services !== 0 && owned.toArray().length > limits.services) {
    throw call.refusal(403, 'access-denied', 'over.the.limit.of.services', limits.services);
  }
  if (store.services.has(id)) {
    throw call.refusal(
      403,
      'already-exists',
      'service.already.exists',
      id,
      duplicateKey('services_pkey', 'service', id),
    );
  }
  if (!store.orgs.has(organization)) {
    throw call.refusal(500, 'internal_error', 'service.not.created', id, missingOrg('services', organization));
  }
  store.services.set(id, {
    id,
    organization,
    keys: new Map(),
    dockAuths: new Map(),
    ...fieldsOf(body, owner, clock.instant()),
  });
  ownership.put('service', id, { owner, public: body.public });
  logService(call, id, 'created', body.public);
  return call.done('service.created', id);
}

function replaceService(call: Call): Answer {
  const organization = call.param('org');
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'WRITE');
  const body = readService(call);
  call.demand(serviceProblem(organization, body, id));
  const missing = missingRequiredService(call, requiredOf(body), true);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.updated', id, missing);
  const service = call.hub.store.services.get(id);
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  Object.assign(service, fieldsOf(body, ownerOf(call.identity), call.hub.clock.instant()));
  logService(call, id, 'created/modified', body.public);
  return call.done('service.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = [
  ...['label', 'description', 'public', 'documentation', 'url', 'version', 'arch', 'sharable', 'matchHardware'],
  ...['requiredServices', 'userInput', 'deployment', 'deploymentSignature', 'imageStore'],
] as const;

function patchService(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'WRITE');
  const body: ServicePatch = call.body(servicePatch);
  const values: Readonly<Record<string, unknown>> = { ...body };
  const name = PATCHABLE.find((known) => values[known] !== null && values[known] !== undefined);
  if (name === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.service.attr.specified');
  if (name === 'public') asBoolean(body.public);
  if (['url', 'version', 'arch'].includes(name)) call.demand(['cannot.patch.these.attributes']);
  if (name === 'sharable' && !isSharable(body.sharable ?? '')) call.demand(['invalid.sharable.value', body.sharable]);
  const missing = missingRequiredService(call, requiredOf(body), name === 'requiredServices');
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.updated', id, missing);
  const service = call.hub.store.services.get(id);
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  Object.assign(service, { [name]: values[name], lastUpdated: call.hub.clock.instant() });
  logService(call, id, 'modified', body.public === null ? service.public : asBoolean(body.public));
  return call.done('service.attr.updated', name, id);
}

function deleteService(call: Call): Answer {
  const id = idOf(call, 'service');
  call.authorize(call.target('service', id), 'WRITE');
  const { store, ownership } = call.hub;
  const service = store.services.get(id);
  if (service === undefined) throw call.refusal(404, 'not-found', 'service.not.found', id);
  store.services.delete(id);
  ownership.remove('service', id);
  logService(call, id, 'deleted', service.public);
  return DELETED;
}

/** Standard users see their own and what is public; admins, nodes and agbots their org's and what is public. */
function isVisible(identity: Identity, organization: string, service: ServiceRecord): boolean {
  if (service.organization !== organization) return false;
  const inOwnOrg = service.organization === identity.organization;
  if (isOrgAgbot(identity) || isNode(identity) || isOrgAdmin(identity)) return inOwnOrg || service.public;
  if (isStandardUser(identity)) return (inOwnOrg && service.owner === identity.identifier) || service.public;
  return true;
}

/** The UUID that a create is booked on: the user's own, or that of a machine's owner. */
export function ownerOf({ identifier, owner }: Identity): string {
  const booked = identifier ?? owner;
  if (booked === null) throw new NullAccess('None.get');
  return booked;
}

function readService(call: Call): ServiceBody {
  const body = call.body(serviceBody);
  if (!isComplete(body)) throw new NullAccess('requirement failed');
  return body;
}

function fieldsOf(body: ServiceBody, owner: string, lastUpdated: string) {
  return {
    owner,
    label: body.label,
    description: body.description ?? body.label,
    public: body.public,
    documentation: body.documentation ?? '',
    url: body.url,
    version: body.version,
    arch: body.arch,
    sharable: body.sharable,
    matchHardware: body.matchHardware ?? {},
    requiredServices: requiredOf(body),
    userInput: body.userInput ?? [],
    deployment: body.deployment ?? '',
    deploymentSignature: body.deploymentSignature ?? '',
    clusterDeployment: body.clusterDeployment ?? '',
    clusterDeploymentSignature: body.clusterDeploymentSignature ?? '',
    imageStore: body.imageStore ?? {},
    lastUpdated,
  };
}

function viewService(store: Store, service: ServiceRecord) {
  const { id, keys, dockAuths, policy, ...fields } = service;
  return {
    ...fields,
    owner: nameOfUser(store, service.owner) ?? '',
    requiredServices: service.requiredServices.map((reference) => ({
      ...reference,
      versionRange: reference?.versionRange ?? reference?.version ?? null,
    })),
  };
}

/** By lower-case name, as text: containers as JSON, in which an optional field that is not there leaves no trace. */
export function attributesOf(view: Readonly<Record<string, unknown>>): Map<string, string> {
  return new Map(
    Object.entries(view).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'object' ? JSON.stringify(value, withoutNulls) : String(value),
    ]),
  );
}

function withoutNulls(key: string, value: unknown): unknown {
  return value === null && key !== 'value' && Number.isNaN(Number(key || 'x')) ? undefined : value;
}

function logService(
  call: Call,
  id: string,
  operation: 'created' | 'created/modified' | 'modified' | 'deleted',
  isPublic: boolean,
): void {
  call.logChange({
    orgId: call.param('org'),
    id: localId(id),
    category: 'service',
    public: isPublic,
    resource: 'service',
    operation,
  });
}
