import { type Answer, attribute, attributesOf, listing } from './answer.ts';
import { asBoolean } from './body-shape.ts';
import type { Call } from './call.ts';
import { compositeId, serviceId } from './composite-id.ts';
import { CastFailure, NullAccess } from './defects.ts';
import {
  type Identity,
  isMultiTenantAgbot,
  isNode,
  isOrgAdmin,
  isOrgAgbot,
  isStandardUser,
  isSuperUser,
  ownerOf,
} from './identity.ts';
import { isLike, passesFilter } from './like.ts';
import {
  authorizedId,
  authorizedOrg,
  deletePublished,
  demandNew,
  demandRoom,
  demandStored,
  firstGiven,
  logPublished,
} from './published.ts';
import { SERVICE } from './published-kinds.ts';
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
    methods: { DELETE: deletePublished(SERVICE), PATCH: patchService, PUT: replaceService, GET: getService },
  },
  { paths: ['/catalog/services', '/services'], methods: { GET: listCatalog } },
];

function listServices(call: Call): Answer {
  const organization = authorizedOrg(call, SERVICE);
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
  const id = authorizedId(call, SERVICE, 'READ');
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
  const { store, clock, ownership } = call.hub;
  const id = serviceId(organization, body.url, body.version, body.arch);
  const owner = ownerOf(call.identity);
  const missing = missingRequiredService(call, requiredOf(body), true);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.created', id, missing);
  demandRoom(call, SERVICE, owner);
  demandNew(call, SERVICE, id);
  store.services.set(id, {
    id,
    organization,
    keys: new Map(),
    dockAuths: new Map(),
    ...fieldsOf(body, owner, clock.instant()),
  });
  ownership.put('service', id, { owner, public: body.public });
  logPublished(call, SERVICE, id, 'created', body.public);
  return call.done('service.created', id);
}

function replaceService(call: Call): Answer {
  const organization = call.param('org');
  const id = authorizedId(call, SERVICE, 'WRITE');
  const body = readService(call);
  call.demand(serviceProblem(organization, body, id));
  const missing = missingRequiredService(call, requiredOf(body), true);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.updated', id, missing);
  const service = demandStored(call, SERVICE, id);
  Object.assign(service, fieldsOf(body, ownerOf(call.identity), call.hub.clock.instant()));
  logPublished(call, SERVICE, id, 'created/modified', body.public);
  return call.done('service.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = [
  ...['label', 'description', 'public', 'documentation', 'url', 'version', 'arch', 'sharable', 'matchHardware'],
  ...['requiredServices', 'userInput', 'deployment', 'deploymentSignature', 'imageStore'],
] as const;

function patchService(call: Call): Answer {
  const id = authorizedId(call, SERVICE, 'WRITE');
  const body: ServicePatch = call.body(servicePatch);
  const given = firstGiven(body, PATCHABLE);
  if (given === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.service.attr.specified');
  const [name, value] = given;
  if (name === 'public') asBoolean(body.public);
  if (['url', 'version', 'arch'].includes(name)) call.demand(['cannot.patch.these.attributes']);
  if (name === 'sharable' && !isSharable(body.sharable ?? '')) call.demand(['invalid.sharable.value', body.sharable]);
  const missing = missingRequiredService(call, requiredOf(body), name === 'requiredServices');
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'service.not.updated', id, missing);
  const service = demandStored(call, SERVICE, id);
  Object.assign(service, { [name]: value, lastUpdated: call.hub.clock.instant() });
  logPublished(call, SERVICE, id, 'modified', body.public === null ? service.public : asBoolean(body.public));
  return call.done('service.attr.updated', name, id);
}

/** Standard users see their own and what is public; admins, nodes and agbots their org's and what is public. */
function isVisible(identity: Identity, organization: string, service: ServiceRecord): boolean {
  if (service.organization !== organization) return false;
  const inOwnOrg = service.organization === identity.organization;
  if (isOrgAgbot(identity) || isNode(identity) || isOrgAdmin(identity)) return inOwnOrg || service.public;
  if (isStandardUser(identity)) return (inOwnOrg && service.owner === identity.identifier) || service.public;
  return true;
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
