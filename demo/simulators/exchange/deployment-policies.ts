import { type Answer, attribute, attributesOf, listing } from './answer.ts';
import { NODE_HEALTH, readSecretBindings, readVersions, wholeNumbers } from './bodies.ts';
import { BodyProblem } from './body-shape.ts';
import type { Call } from './call.ts';
import { serviceId } from './composite-id.ts';
import {
  type DeploymentPolicyBody,
  deploymentPolicyBody,
  deploymentPolicyPatch,
  isReference,
  policyServiceProblem,
} from './deployment-policy-body.ts';
import { ownerOf, seesInto } from './identity.ts';
import { passesFilter } from './like.ts';
import {
  authorizedId,
  authorizedOrg,
  deletePublished,
  demandAttribute,
  demandNew,
  demandRoom,
  demandStored,
  firstGiven,
  logPublished,
} from './published.ts';
import { DEPLOYMENT_POLICY } from './published-kinds.ts';
import type { DeploymentPolicyRecord, DeploymentPolicyService } from './records.ts';
import type { Route } from './router.ts';
import { missingService, type NamedService, servicesOfUserInput } from './service-references.ts';
import { nameOfUser, type Store } from './store.ts';

export const DEPLOYMENT_POLICY_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/business/policies', '/orgs/:org/deployment/policies'], methods: { GET: listPolicies } },
  {
    paths: ['/orgs/:org/business/policies/:policy', '/orgs/:org/deployment/policies/:policy'],
    methods: {
      DELETE: deletePublished(DEPLOYMENT_POLICY),
      PATCH: patchPolicy,
      PUT: replacePolicy,
      GET: getPolicy,
      POST: createPolicy,
    },
  },
];

function listPolicies(call: Call): Answer {
  const organization = authorizedOrg(call, DEPLOYMENT_POLICY);
  const { store } = call.hub;
  const chosen = [...store.deploymentPolicies.values()].filter(
    (policy) =>
      policy.organization === organization &&
      seesInto(call.identity, policy.organization) &&
      passesFilter(policy.description, call.query('description')) &&
      passesFilter(policy.id, call.query('idfilter')) &&
      passesFilter(policy.label, call.query('label')) &&
      passesFilter(nameOfUser(store, policy.owner) ?? null, call.query('owner')),
  );
  return listing('businessPolicy', Object.fromEntries(chosen.map((policy) => [policy.id, viewPolicy(store, policy)])));
}

function getPolicy(call: Call): Answer {
  const id = authorizedId(call, DEPLOYMENT_POLICY, 'READ');
  const { store } = call.hub;
  const stored = store.deploymentPolicies.get(id);
  const policy = stored !== undefined && seesInto(call.identity, stored.organization) ? stored : undefined;
  const name = call.query('attribute');
  if (name === undefined)
    return listing('businessPolicy', policy === undefined ? {} : { [id]: viewPolicy(store, policy) });
  const known = [
    ...['owner', 'constraints', 'created', 'description', 'label', 'lastupdated', 'properties', 'secretbinding'],
    ...['service', 'userinput'],
  ];
  const attributeName = demandAttribute(name, known);
  if (policy === undefined) throw call.refusal(404, 'not-found', 'not.found');
  return attribute(name, attributesOf(viewPolicy(store, policy)).get(attributeName) ?? '');
}

function createPolicy(call: Call): Answer {
  const organization = call.param('org');
  const id = authorizedId(call, DEPLOYMENT_POLICY, 'CREATE');
  const body = readPolicy(call);
  const { store, clock, ownership } = call.hub;
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.created', id, missing);
  const owner = ownerOf(call.identity);
  demandRoom(call, DEPLOYMENT_POLICY, owner);
  demandNew(call, DEPLOYMENT_POLICY, id);
  const created = clock.instant();
  store.deploymentPolicies.set(id, { id, organization, owner, created, ...fieldsOf(body, clock.instant()) });
  ownership.put('business policy', id, { owner, public: false });
  logPublished(call, DEPLOYMENT_POLICY, id, 'created');
  return call.done('buspol.created', id);
}

/** Owner and creation time stay, everything else is replaced. */
function replacePolicy(call: Call): Answer {
  const id = authorizedId(call, DEPLOYMENT_POLICY, 'WRITE');
  const body = readPolicy(call);
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.updated', id, missing);
  const policy = demandStored(call, DEPLOYMENT_POLICY, id);
  Object.assign(policy, fieldsOf(body, call.hub.clock.instant()));
  logPublished(call, DEPLOYMENT_POLICY, id, 'created/modified');
  return call.done('buspol.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = [
  ...['constraints', 'description', 'label', 'properties', 'secretBinding', 'service', 'userInput'],
] as const;

function patchPolicy(call: Call): Answer {
  const id = authorizedId(call, DEPLOYMENT_POLICY, 'WRITE');
  const body = call.body(deploymentPolicyPatch);
  if (body.service !== null) {
    if (!isReference(body.service)) call.demand(['no.service.ref.specified.for.service']);
    call.demand(policyServiceProblem(body.service));
  }
  const given = firstGiven(body, PATCHABLE);
  if (given === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.buspol.attribute.specified');
  const [name, value] = given;
  const named =
    name === 'service' && body.service !== null
      ? servicesOfPolicy(body.service)
      : name === 'userInput'
        ? servicesOfUserInput(body.userInput ?? [])
        : [];
  const missing = missingService(call, named);
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'buspol.not.updated', id, missing);
  const policy = demandStored(call, DEPLOYMENT_POLICY, id);
  Object.assign(policy, { [name]: value, lastUpdated: call.hub.clock.instant() });
  logPublished(call, DEPLOYMENT_POLICY, id, 'modified');
  return call.done('buspol.attribute.updated', name, id);
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
      serviceVersions: readVersions(service.serviceVersions),
    },
  };
}
