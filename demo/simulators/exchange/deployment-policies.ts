import { type Answer, attribute, duplicateKey, listing, missingOrg } from './answer.ts';
import { readSecretBindings, wholeNumbers } from './bodies.ts';
import { BodyProblem } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId, serviceId } from './composite-id.ts';
import { NullAccess } from './defects.ts';
import {
  type DeploymentPolicyBody,
  deploymentPolicyBody,
  deploymentPolicyPatch,
  isReference,
  policyServiceProblem,
} from './deployment-policy-body.ts';
import { type Identity, isMultiTenantAgbot, isSuperUser } from './identity.ts';
import { passesFilter } from './like.ts';
import type { DeploymentPolicyRecord, DeploymentPolicyService } from './records.ts';
import type { Route } from './router.ts';
import { missingService, type NamedService, servicesOfUserInput } from './service-references.ts';
import { attributesOf, ownerOf } from './services.ts';
import { deleteDeploymentPolicy, nameOfUser, type Store } from './store.ts';

export const DEPLOYMENT_POLICY_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/business/policies', '/orgs/:org/deployment/policies'], methods: { GET: listPolicies } },
  {
    paths: ['/orgs/:org/business/policies/:policy', '/orgs/:org/deployment/policies/:policy'],
    methods: { DELETE: deletePolicy, PATCH: patchPolicy, PUT: replacePolicy, GET: getPolicy, POST: createPolicy },
  },
];

/** Defaults of a policy's service, in seconds. */
const NODE_HEALTH = { missing_heartbeat_interval: 1800, check_agreement_status: 1800 } as const;

function listPolicies(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'business policy', id: compositeId(organization, '*') }, 'READ');
  const { store } = call.hub;
  const chosen = [...store.deploymentPolicies.values()].filter(
    (policy) =>
      policy.organization === organization &&
      isVisible(call.identity, policy) &&
      passesFilter(policy.description, call.query('description')) &&
      passesFilter(policy.id, call.query('idfilter')) &&
      passesFilter(policy.label, call.query('label')) &&
      passesFilter(nameOfUser(store, policy.owner) ?? null, call.query('owner')),
  );
  return listing('businessPolicy', Object.fromEntries(chosen.map((policy) => [policy.id, viewPolicy(store, policy)])));
}

function getPolicy(call: Call): Answer {
  const id = idOf(call, 'policy');
  call.authorize(call.target('business policy', id), 'READ');
  const { store } = call.hub;
  const stored = store.deploymentPolicies.get(id);
  const policy = stored !== undefined && isVisible(call.identity, stored) ? stored : undefined;
  const name = call.query('attribute');
  if (name === undefined)
    return listing('businessPolicy', policy === undefined ? {} : { [id]: viewPolicy(store, policy) });
  const known = [
    ...['owner', 'constraints', 'created', 'description', 'label', 'lastupdated', 'properties', 'secretbinding'],
    ...['service', 'userinput'],
  ];
  if (!known.includes(name.toLowerCase())) {
    throw new NullAccess('Cannot invoke "slick.lifted.Rep.toNode()" because "value" is null');
  }
  if (policy === undefined) throw call.refusal(404, 'not-found', 'not.found');
  return attribute(name, attributesOf(viewPolicy(store, policy)).get(name.toLowerCase()) ?? '');
}

function createPolicy(call: Call): Answer {
  const organization = call.param('org');
  const id = idOf(call, 'policy');
  call.authorize(call.target('business policy', id), 'CREATE');
  const body = readPolicy(call);
  const { store, limits, clock, ownership } = call.hub;
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.created', id, missing);
  const owner = ownerOf(call.identity);
  const owned = [...store.deploymentPolicies.values()].filter((policy) => policy.owner === owner).length;
  if (limits.deploymentPolicies !== 0 && owned > limits.deploymentPolicies) {
    throw call.refusal(403, 'access-denied', 'over.max.limit.buspols', limits.deploymentPolicies);
  }
  if (store.deploymentPolicies.has(id)) {
    const cause = duplicateKey('businesspolicies_pkey', '"businessPolicy"', id);
    throw call.refusal(403, 'already-exists', 'buspol.already.exists', id, cause);
  }
  if (!store.orgs.has(organization)) {
    throw call.refusal(500, 'internal_error', 'buspol.not.created', id, missingOrg('businesspolicies', organization));
  }
  const created = clock.instant();
  store.deploymentPolicies.set(id, { id, organization, owner, created, ...fieldsOf(body, clock.instant()) });
  ownership.put('business policy', id, { owner, public: false });
  logPolicy(call, 'created');
  return call.done('buspol.created', id);
}

/** Owner and creation time stay, everything else is replaced. */
function replacePolicy(call: Call): Answer {
  const id = idOf(call, 'policy');
  call.authorize(call.target('business policy', id), 'WRITE');
  const body = readPolicy(call);
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.updated', id, missing);
  const policy = call.hub.store.deploymentPolicies.get(id);
  if (policy === undefined) throw call.refusal(404, 'not-found', 'business.policy.not.found', id);
  Object.assign(policy, fieldsOf(body, call.hub.clock.instant()));
  logPolicy(call, 'created/modified');
  return call.done('buspol.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = [
  ...['constraints', 'description', 'label', 'properties', 'secretBinding', 'service', 'userInput'],
] as const;

function patchPolicy(call: Call): Answer {
  const id = idOf(call, 'policy');
  call.authorize(call.target('business policy', id), 'WRITE');
  const body = call.body(deploymentPolicyPatch);
  if (body.service !== null) {
    if (!isReference(body.service)) call.demand(['no.service.ref.specified.for.service']);
    call.demand(policyServiceProblem(body.service));
  }
  const values: Readonly<Record<string, unknown>> = { ...body };
  const name = PATCHABLE.find((known) => values[known] !== null && values[known] !== undefined);
  if (name === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.buspol.attribute.specified');
  const named =
    name === 'service' && body.service !== null
      ? servicesOfPolicy(body.service)
      : name === 'userInput'
        ? servicesOfUserInput(body.userInput ?? [])
        : [];
  const missing = missingService(call, named);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.updated', id, missing);
  const policy = call.hub.store.deploymentPolicies.get(id);
  if (policy === undefined) throw call.refusal(404, 'not-found', 'business.policy.not.found', id);
  Object.assign(policy, { [name]: values[name], lastUpdated: call.hub.clock.instant() });
  logPolicy(call, 'modified');
  return call.done('buspol.attribute.updated', name, id);
}

function deletePolicy(call: Call): Answer {
  const id = idOf(call, 'policy');
  call.authorize(call.target('business policy', id), 'WRITE');
  const { store, ownership } = call.hub;
  if (!store.deploymentPolicies.has(id)) throw call.refusal(404, 'not-found', 'business.policy.not.found', id);
  deleteDeploymentPolicy(store, id);
  ownership.remove('business policy', id);
  logPolicy(call, 'deleted');
  return DELETED;
}

/** Policies are for their own org; only root and IBM's agbots look into others. */
function isVisible(identity: Identity, policy: DeploymentPolicyRecord): boolean {
  return isSuperUser(identity) || isMultiTenantAgbot(identity) || policy.organization === identity.organization;
}

function readPolicy(call: Call): DeploymentPolicyBody & { readonly service: DeploymentPolicyService } {
  const body = call.body(deploymentPolicyBody);
  if (body.service === null || !isReference(body.service)) {
    throw new BodyProblem(`Cannot construct instance of \`${deploymentPolicyBody.type}\`, problem: requirement failed`);
  }
  call.demand(policyServiceProblem(body.service));
  return { ...body, service: body.service };
}

function servicesOf(body: DeploymentPolicyBody & { readonly service: DeploymentPolicyService }): NamedService[] {
  return [...servicesOfPolicy(body.service), ...servicesOfUserInput(body.userInput ?? [])];
}

/** Exact version text; arch `*` and "" stand for any (reference/exchange-mms.md §A.9). */
function servicesOfPolicy({ name, org, arch, serviceVersions }: DeploymentPolicyService): NamedService[] {
  return serviceVersions.map((stored) => {
    const version = stored?.version ?? null;
    const wanted = arch === '*' || arch === '' ? '%' : arch;
    return { org, url: name, version, arch, id: serviceId(org, name, version, wanted) };
  });
}

function fieldsOf(body: DeploymentPolicyBody & { readonly service: DeploymentPolicyService }, lastUpdated: string) {
  const label = body.label ?? '';
  return {
    label,
    description: body.description ?? label,
    service: { ...body.service, nodeHealth: body.service.nodeHealth ?? NODE_HEALTH },
    userInput: body.userInput ?? [],
    secretBinding: body.secretBinding ?? [],
    properties: body.properties ?? [],
    constraints: body.constraints ?? [],
    lastUpdated,
  };
}

function viewPolicy(store: Store, policy: DeploymentPolicyRecord) {
  const { id, organization, service, ...fields } = policy;
  return {
    ...fields,
    owner: nameOfUser(store, policy.owner) ?? '',
    secretBinding: readSecretBindings(policy.secretBinding),
    service: {
      ...service,
      nodeHealth: wholeNumbers(service.nodeHealth),
      serviceVersions: service.serviceVersions.map(
        (version) => version && { ...version, priority: wholeNumbers(version.priority) },
      ),
    },
  };
}

function logPolicy(call: Call, operation: 'created' | 'created/modified' | 'modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('policy'),
    category: 'policy',
    resource: 'policy',
    operation,
  });
}
