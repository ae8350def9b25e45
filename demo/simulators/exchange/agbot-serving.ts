import type { Answer } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, DELETED, type Handler, idOf } from './call.ts';
import {
  type Identity,
  isAgbot,
  isHubAdmin,
  isNode,
  isOrgAdmin,
  isOrgAgbot,
  isStandardUser,
  resourceOf,
} from './identity.ts';
import { passesFilter } from './like.ts';
import type { MessageKey } from './messages.ts';
import type { AgbotRecord, ServedRecord } from './records.ts';
import type { Route } from './router.ts';

/**
 * What an agbot serves: deployment policies (`businesspols`) and patterns, each for the nodes of an org; `*` stands for
 * all of an org. The id is `<org>_<name>_<node org>`.
 */
interface Serving {
  readonly listKey: 'businessPols' | 'patterns';
  readonly resource: 'agbotbusinesspols' | 'agbotpatterns';
  /** Names of the query parameters that filter by name and by its org. */
  readonly filters: readonly [name: string, organization: string];
  readonly says: Readonly<Record<'added' | 'exists' | 'notAdded' | 'missing' | 'noneFound', MessageKey>>;
  /** Whether a caller other than root and IBM's agbots must stay in his own org. */
  readonly ownOrgOnly: boolean;
  /** Stored for want of a node org. For policies the real one takes the policy's name by mistake; the id has the org. */
  readonly defaultNodeOrganization: (served: Served) => string;
  readonly entries: (agbot: AgbotRecord) => Map<string, ServedRecord>;
  readonly read: (call: Call) => Served;
  readonly view: (entry: ServedRecord) => Record<string, unknown>;
}

interface Served {
  readonly organization: string;
  readonly name: string;
  readonly nodeOrganization: string | null;
}

const ROUTE = 'org.openhorizon.exchangeapi.route.agreementbot';

const policyBody = record(
  `${ROUTE}.PostAgbotBusinessPolRequest`,
  { businessPolOrgid: text, businessPol: text, nodeOrgid: optional(text) },
  { required: ['businessPolOrgid', 'businessPol'] },
);
const patternBody = record(
  `${ROUTE}.PostAgbotPatternRequest`,
  { patternOrgid: text, pattern: text, nodeOrgid: optional(text) },
  { required: ['patternOrgid', 'pattern'] },
);

const POLICIES: Serving = {
  listKey: 'businessPols',
  resource: 'agbotbusinesspols',
  filters: ['deployment_policy', 'deployment_policy_organization'],
  says: {
    added: 'buspol.added',
    exists: 'buspol.foragbot.already.exists',
    notAdded: 'buspol.not.inserted',
    missing: 'buspol.not.found',
    noneFound: 'buspols.not.found',
  },
  ownOrgOnly: true,
  defaultNodeOrganization: ({ name }) => name,
  entries: (agbot) => agbot.policies,
  read(call) {
    const { businessPolOrgid, businessPol, nodeOrgid } = call.body(policyBody);
    return { organization: businessPolOrgid ?? '', name: businessPol ?? '', nodeOrganization: nodeOrgid };
  },
  view: ({ organization, name, nodeOrgid, lastUpdated }) => ({
    businessPolOrgid: organization,
    businessPol: name,
    lastUpdated,
    nodeOrgid,
  }),
};

const PATTERNS: Serving = {
  listKey: 'patterns',
  resource: 'agbotpatterns',
  filters: ['deployment_pattern', 'deployment_pattern_organization'],
  says: {
    added: 'pattern.added',
    exists: 'pattern.foragbot.already.exists',
    notAdded: 'pattern.not.inserted',
    missing: 'patterns.not.deleted',
    noneFound: 'patterns.not.deleted',
  },
  ownOrgOnly: false,
  defaultNodeOrganization: ({ organization }) => organization,
  entries: (agbot) => agbot.patterns,
  read(call) {
    const { patternOrgid, pattern, nodeOrgid } = call.body(patternBody);
    return { organization: patternOrgid ?? '', name: pattern ?? '', nodeOrganization: nodeOrgid };
  },
  view: ({ organization, name, nodeOrgid, lastUpdated }) => ({
    lastUpdated,
    nodeOrgid,
    pattern: name,
    patternOrgid: organization,
  }),
};

export const AGBOT_SERVING_ROUTES: readonly Route[] = [
  ...routesOf(POLICIES, ['/orgs/:org/agbots/:agbot/businesspols', '/orgs/:org/agbots/:agbot/deployment/policy']),
  ...routesOf(PATTERNS, ['/orgs/:org/agbots/:agbot/patterns', '/orgs/:org/agbots/:agbot/deployment/patterns']),
];

function routesOf(serving: Serving, paths: readonly string[]): Route[] {
  return [
    { paths, methods: { GET: listServed(serving), DELETE: deleteAll(serving), POST: addServed(serving) } },
    {
      paths: paths.map((path) => `${path}/:entry`),
      methods: { GET: getServed(serving), DELETE: deleteServed(serving) },
    },
  ];
}

function listServed(serving: Serving): Handler {
  return (call) => {
    const agbot = authorized(call, 'READ');
    const [byName, byOrganization] = serving.filters;
    const entries = [...(agbot === undefined ? [] : serving.entries(agbot))].filter(
      ([, entry]) =>
        passesFilter(entry.name, call.query(byName)) &&
        passesFilter(entry.organization, call.query(byOrganization)) &&
        passesFilter(entry.nodeOrgid, call.query('node_organization')),
    );
    return answer(serving, Object.fromEntries(entries.map(([id, entry]) => [id, serving.view(entry)])));
  };
}

function getServed(serving: Serving): Handler {
  return (call) => {
    const agbot = authorized(call, 'READ');
    const id = call.param('entry');
    const entry = agbot === undefined ? undefined : serving.entries(agbot).get(id);
    return answer(serving, entry === undefined ? {} : { [id]: serving.view(entry) });
  };
}

function addServed(serving: Serving): Handler {
  return (call) => {
    const { identity } = call;
    const id = idOf(call, 'agbot');
    call.authorize(call.target('agbot', id), 'WRITE');
    const served = serving.read(call);
    const nodeOrgid = served.nodeOrganization ?? served.organization;
    const entryId = `${served.organization}_${served.name}_${nodeOrgid}`;
    const agbot = call.hub.store.agbots.get(id);
    const limited = isOrgAgbot(identity) || isOrgAdmin(identity) || isStandardUser(identity);
    const strays = limited && (served.organization !== identity.organization || served.organization !== nodeOrgid);
    if (isNode(identity) || agbot === undefined || !mayAdd(identity, agbot) || (serving.ownOrgOnly && strays)) {
      throw call.refusal(403, 'access-denied', serving.says.notAdded, entryId, id, serving.ownOrgOnly ? '' : null);
    }
    const entries = serving.entries(agbot);
    if (entries.has(entryId)) throw call.refusal(409, 'already-exists', serving.says.exists, entryId, id);
    const { organization, name } = served;
    const stored = served.nodeOrganization ?? serving.defaultNodeOrganization(served);
    entries.set(entryId, { organization, name, nodeOrgid: stored, lastUpdated: call.hub.clock.instant() });
    logServing(call, serving, 'created');
    return call.done(serving.says.added, entryId);
  };
}

function deleteServed(serving: Serving): Handler {
  return (call): Answer => {
    const id = idOf(call, 'agbot');
    call.authorize(call.target('agbot', id), 'WRITE');
    const entry = call.param('entry');
    const agbot = call.hub.store.agbots.get(id);
    if (agbot === undefined || !serving.entries(agbot).delete(entry)) {
      const args = serving.says.missing === 'buspol.not.found' ? [entry, id] : [id, null];
      throw call.refusal(404, 'not-found', serving.says.missing, ...args);
    }
    logServing(call, serving, 'deleted');
    return DELETED;
  };
}

function deleteAll(serving: Serving): Handler {
  return (call) => {
    const id = idOf(call, 'agbot');
    call.authorize(call.target('agbot', id), 'WRITE');
    const agbot = call.hub.store.agbots.get(id);
    const entries = agbot === undefined ? undefined : serving.entries(agbot);
    if (entries === undefined || entries.size === 0) {
      throw call.refusal(404, 'not-found', serving.says.noneFound, id, null);
    }
    entries.clear();
    logServing(call, serving, 'deleted');
    return DELETED;
  };
}

/** A listing without lastIndex. */
function answer({ listKey }: Serving, entries: Readonly<Record<string, unknown>>): Answer {
  return { status: Object.keys(entries).length === 0 ? 404 : 200, json: { [listKey]: entries } };
}

function authorized(call: Call, access: 'READ' | 'WRITE'): AgbotRecord | undefined {
  const id = idOf(call, 'agbot');
  call.authorize(call.target('agbot', id), access);
  const agbot = call.hub.store.agbots.get(id);
  return agbot !== undefined && isServingVisible(call.identity, agbot) ? agbot : undefined;
}

/** Users see what their own agbots serve, everybody else what those of their org do; and what IBM's do. */
function isServingVisible(identity: Identity, agbot: AgbotRecord): boolean {
  const ofIbm = agbot.organization === 'IBM';
  if (isStandardUser(identity)) return agbot.owner === identity.identifier || ofIbm;
  if (isOrgAgbot(identity) || isHubAdmin(identity) || isNode(identity) || isOrgAdmin(identity)) {
    return agbot.organization === identity.organization || ofIbm;
  }
  return true;
}

function mayAdd(identity: Identity, agbot: AgbotRecord): boolean {
  const ofIbm = agbot.organization === 'IBM';
  if (isStandardUser(identity)) return agbot.owner === identity.identifier || ofIbm;
  if (isAgbot(identity)) return agbot.id === resourceOf(identity);
  if (isHubAdmin(identity) || isOrgAdmin(identity)) return agbot.organization === identity.organization || ofIbm;
  return true;
}

function logServing(call: Call, { resource }: Serving, operation: 'created' | 'deleted'): void {
  call.logChange({ orgId: call.param('org'), id: call.param('agbot'), category: 'agbot', resource, operation });
}
