import { type Answer, attribute, attributesOf, listing, nullColumn } from './answer.ts';
import { property } from './bodies.ts';
import { flag, list, long, optional, orElse, record, type Shaped, text } from './body-shape.ts';
import type { Call } from './call.ts';
import { ownerOf, seesInto } from './identity.ts';
import { passesFilter } from './like.ts';
import {
  authorizedId,
  authorizedOrg,
  deletePublished,
  demandAttribute,
  demandNew,
  demandRoom,
  logPublished,
} from './published.ts';
import { MANAGEMENT_POLICY } from './published-kinds.ts';
import type { ManagementPolicyRecord } from './records.ts';
import type { Route } from './router.ts';
import { nameOfUser, type Store } from './store.ts';

/** Node management policies. A PUT on a missing one answers 201 and stores nothing (reference/exchange-mms.md §F.6). */
export const MANAGEMENT_POLICY_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/managementpolicies'], methods: { GET: listPolicies } },
  {
    paths: ['/orgs/:org/managementpolicies/:policy'],
    methods: { DELETE: deletePublished(MANAGEMENT_POLICY), PUT: replacePolicy, GET: getPolicy, POST: createPolicy },
  },
];

const policyBody = record(
  'org.openhorizon.exchangeapi.route.managementpolicy.PostPutManagementPolicyRequest',
  {
    label: text,
    description: optional(text),
    properties: optional(list(property)),
    constraints: optional(list(text)),
    patterns: optional(list(text)),
    enabled: flag,
    start: orElse(text, 'now'),
    startWindow: orElse(long, 0),
    agentUpgradePolicy: optional(
      record('org.openhorizon.exchangeapi.table.managementpolicy.AgentUpgradePolicy', {
        allowDowngrade: flag,
        manifest: text,
      }),
    ),
  },
  { leaksFormats: true },
);
type PolicyBody = NonNullable<Shaped<typeof policyBody>>;

function listPolicies(call: Call): Answer {
  const organization = authorizedOrg(call, MANAGEMENT_POLICY);
  const { store } = call.hub;
  const chosen = [...store.managementPolicies.values()]
    .filter(
      (policy) =>
        policy.organization === organization &&
        seesInto(call.identity, policy.organization) &&
        passesFilter(policy.description, call.query('description')) &&
        passesFilter(policy.id, call.query('idfilter')) &&
        passesFilter(policy.label, call.query('label')) &&
        passesFilter(policy.manifest, call.query('manifest')) &&
        passesFilter(nameOfUser(store, policy.owner) ?? null, call.query('owner')),
    )
    .sort((one, two) => (one.id < two.id ? -1 : 1));
  return listing(
    'managementPolicy',
    Object.fromEntries(chosen.map((policy) => [policy.id, viewPolicy(store, policy)])),
  );
}

function getPolicy(call: Call): Answer {
  const id = authorizedId(call, MANAGEMENT_POLICY, 'READ');
  const { store } = call.hub;
  const stored = store.managementPolicies.get(id);
  const policy = stored !== undefined && seesInto(call.identity, stored.organization) ? stored : undefined;
  const name = call.query('attribute');
  if (name === undefined) {
    return listing('managementPolicy', policy === undefined ? {} : { [id]: viewPolicy(store, policy) });
  }
  const known = [
    ...['allowdowngrade', 'enabled', 'owner', 'startwindow', 'constraints', 'created', 'description', 'label'],
    ...['lastupdated', 'manifest', 'patterns', 'properties', 'start'],
  ];
  const attributeName = demandAttribute(name, known);
  if (policy === undefined) throw call.refusal(404, 'not-found', 'not.found');
  if (['allowdowngrade', 'enabled', 'startwindow'].includes(attributeName)) {
    return attribute(name, `(managementpolicies Ref @1).${attributeName}`);
  }
  const view = { ...viewPolicy(store, policy), manifest: policy.manifest };
  return attribute(name, attributesOf(view).get(attributeName) ?? '');
}

function createPolicy(call: Call): Answer {
  const organization = call.param('org');
  const id = authorizedId(call, MANAGEMENT_POLICY, 'CREATE');
  const body = readPolicy(call);
  const { store, ownership } = call.hub;
  const owner = ownerOf(call.identity);
  demandRoom(call, MANAGEMENT_POLICY, owner);
  demandColumns(call, id, body);
  demandNew(call, MANAGEMENT_POLICY, id);
  store.managementPolicies.set(id, { id, organization, ...fieldsOf(call, body, owner) });
  ownership.put('management policy', id, { owner, public: false });
  logPublished(call, MANAGEMENT_POLICY, id, 'created');
  return call.done('mgmtpol.created', id);
}

function replacePolicy(call: Call): Answer {
  const id = authorizedId(call, MANAGEMENT_POLICY, 'WRITE');
  const body = readPolicy(call);
  const policy = call.hub.store.managementPolicies.get(id);
  if (policy !== undefined) {
    demandColumns(call, id, body);
    Object.assign(policy, fieldsOf(call, body, ownerOf(call.identity)));
  }
  logPublished(call, MANAGEMENT_POLICY, id, 'modified');
  return call.done('mgmtpol.updated');
}

function readPolicy(call: Call): PolicyBody {
  const body = call.body(policyBody);
  if (body.constraints !== null && body.patterns !== null) call.demand(['mgmtpol.constraints.or.patterns']);
  return body;
}

function fieldsOf(call: Call, body: PolicyBody, owner: string): Omit<ManagementPolicyRecord, 'id' | 'organization'> {
  return {
    owner,
    label: body.label,
    description: body.description ?? body.label,
    properties: body.properties ?? [],
    constraints: body.constraints ?? [],
    patterns: body.patterns ?? [],
    enabled: body.enabled,
    start: body.start ?? 'now',
    startWindow: Math.max(0, body.startWindow),
    allowDowngrade: body.agentUpgradePolicy?.allowDowngrade ?? false,
    manifest: body.agentUpgradePolicy?.manifest ?? '',
    created: call.hub.clock.instant(),
    lastUpdated: call.hub.clock.instant(),
  };
}

function viewPolicy(store: Store, policy: ManagementPolicyRecord) {
  const { id, organization, allowDowngrade, manifest, ...fields } = policy;
  return {
    ...fields,
    agentUpgradePolicy: { allowDowngrade, manifest },
    owner: nameOfUser(store, policy.owner) ?? '',
  };
}

/** What the class lets through and the table does not. */
function demandColumns(call: Call, id: string, { label, agentUpgradePolicy }: PolicyBody): void {
  const column = label === null ? 'label' : agentUpgradePolicy?.manifest === null ? 'manifest' : undefined;
  if (column === undefined) return;
  throw call.refusal(500, 'internal_error', 'mgmtpol.not.created', id, nullColumn('managementpolicies', column));
}
