import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import {
  type Identity,
  isAgbot,
  isHubAdmin,
  isMultiTenantAgbot,
  isNode,
  isOrgAdmin,
  isOrgAgbot,
  isStandardUser,
  isSuperUser,
  resourceOf,
} from './identity.ts';
import type { NodeRecord, UserRecord } from './records.ts';
import type { Route } from './router.ts';
import type { Store } from './store.ts';

/** Counts, and root's switches. */
export const ADMIN_ROUTES: readonly Route[] = [
  { paths: ['/admin/status'], methods: { GET: getStatus } },
  { paths: ['/admin/orgstatus'], methods: { GET: getOrgStatus } },
  { paths: ['/orgs/:org/status'], methods: { GET: getStatusOfOrg } },
  { paths: ['/admin/clearauthcaches'], methods: { POST: clearCaches } },
  { paths: ['/admin/reload'], methods: { POST: reload } },
];

const SCHEMA_VERSION = 62;

function getStatus(call: Call): Answer {
  call.authorize({ kind: 'action', id: '' }, 'STATUS');
  const { identity } = call;
  const schema = isSuperUser(identity) || isHubAdmin(identity) ? SCHEMA_VERSION : -1;
  return { status: 200, json: { dbSchemaVersion: schema, ...counts(call) } };
}

function getStatusOfOrg(call: Call): Answer {
  const organization = call.param('org');
  const { identity } = call;
  call.authorize({ kind: 'org', id: organization }, 'READ');
  if (!call.hub.store.orgs.has(organization)) throw call.refusal(404, 'not-found', 'org.not.found', organization);
  const schema = isSuperUser(identity) || isHubAdmin(identity) ? SCHEMA_VERSION : -1;
  return { status: 200, json: { ...counts(call, organization), SchemaVersion: schema } };
}

/** Root counts his own nodes only, as the real one has it. */
function getOrgStatus(call: Call): Answer {
  call.authorize({ kind: 'action', id: '' }, 'ORGSTATUS');
  const { identity } = call;
  const { store } = call.hub;
  const all = isSuperUser(identity) || isHubAdmin(identity) || isMultiTenantAgbot(identity);
  const orgs = [...store.orgs.keys()]
    .filter((id) => all || id === identity.organization || (id === 'IBM' && !isNode(identity)))
    .sort();
  const ownOnly = isStandardUser(identity) || isSuperUser(identity);
  const counted = (node: NodeRecord): boolean => {
    if (ownOnly) return node.owner === identity.identifier;
    return !isNode(identity) || node.id === resourceOf(identity);
  };
  const count = (id: string): number =>
    isHubAdmin(identity)
      ? -1
      : [...store.nodes.values()].filter((node) => node.organization === id && counted(node)).length;
  return {
    status: 200,
    json: {
      msg: call.text('exchange.server.operating.normally'),
      nodes: Object.fromEntries(orgs.map((id) => [id, count(id)])),
    },
  };
}

function clearCaches(call: Call): Answer {
  call.authorize({ kind: 'action', id: '' }, 'ADMIN');
  call.hub.logins.clear();
  call.hub.ownership.clear();
  return call.done('cache.cleared');
}

function reload(call: Call): Answer {
  call.authorize({ kind: 'action', id: '' }, 'ADMIN');
  return call.done('reload.successful');
}

/** What the caller may count: of one org, or of all he sees. Hub admins count no nodes, machines no users. */
function counts(call: Call, organization?: string) {
  const { identity } = call;
  const { store } = call.hub;
  const within = (org: string): boolean => organization === undefined || org === organization;
  const own = organization ?? identity.organization;
  const limited = !isSuperUser(identity) && !isMultiTenantAgbot(identity) && !isHubAdmin(identity);
  const agbots = [...store.agbots.values()].filter(
    (agbot) => within(agbot.organization) && (!limited || [own, 'IBM'].includes(agbot.organization)),
  );
  const nodes = [...store.nodes.values()].filter(
    (node) => within(node.organization) && isCounted(identity, node, organization),
  );
  const registered = nodes.filter(({ pattern, publicKey }) => pattern !== '' || publicKey !== '').length;
  const ofNodes = isHubAdmin(identity)
    ? { numberOfNodeAgreements: -1, numberOfNodeMsgs: -1, numberOfNodes: -1 }
    : {
        numberOfNodeAgreements: [...store.nodeAgreements.values()].filter(({ node }) =>
          nodes.some(({ id }) => id === node),
        ).length,
        numberOfNodeMsgs: sum(nodes.map(({ messages }) => messages.size)),
        numberOfNodes: nodes.length,
        numberOfRegisteredNodes: registered,
        numberOfUnregisteredNodes: nodes.length - registered,
      };
  return {
    msg: call.text('exchange.server.operating.normally'),
    numberOfAgbotAgreements: [...store.agbotAgreements.values()].filter(({ agbot }) =>
      agbots.some(({ id }) => id === agbot),
    ).length,
    numberOfAgbotMsgs: sum(agbots.map(({ messages }) => messages.size)),
    numberOfAgbots: agbots.length,
    ...ofNodes,
    numberOfOrganizations: [...store.orgs.keys()].filter((id) => within(id) && (!limited || [own, 'IBM'].includes(id)))
      .length,
    numberOfUsers: countUsers(identity, store, organization),
  };
}

function isCounted(identity: Identity, node: NodeRecord, organization?: string): boolean {
  if (isOrgAdmin(identity) || isOrgAgbot(identity))
    return node.organization === (organization ?? identity.organization);
  if (isStandardUser(identity)) return node.owner === identity.identifier;
  if (isNode(identity)) return node.id === resourceOf(identity);
  return true;
}

function countUsers(identity: Identity, store: Store, organization: string | undefined): number {
  if (isAgbot(identity) || isNode(identity)) return -1;
  const counted = ({ organization: org, username, ...user }: UserRecord): boolean => {
    if (organization !== undefined && org !== organization) return false;
    if (!isSuperUser(identity) && (org === 'root' || username === 'root')) return false;
    if (isHubAdmin(identity)) return user.hubAdmin || user.admin;
    if (isOrgAdmin(identity)) return org === (organization ?? identity.organization);
    return !isStandardUser(identity) || user.uuid === identity.identifier;
  };
  return [...store.users.values()].filter(counted).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
