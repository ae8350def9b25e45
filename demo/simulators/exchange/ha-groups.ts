import type { Answer } from './answer.ts';
import { optional, record, sequence, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { notNull } from './defects.ts';
import { foreignMembers, groupOf, isOverseer, logGroup, mayEdit, ownNodes } from './ha-group-rules.ts';
import { isAgbot, isHubAdmin, isOrgAdmin, resourceOf } from './identity.ts';
import type { HaGroupRecord } from './records.ts';
import type { Route } from './router.ts';
import { haGroupOf } from './store.ts';

/** Groups of nodes that are upgraded one at a time (`hzn exchange hagroup`). A node is in one group at most. */
export const HA_GROUP_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/hagroups'], methods: { GET: listGroups } },
  {
    paths: ['/orgs/:org/hagroups/:group'],
    methods: { DELETE: deleteGroup, POST: createGroup, GET: getGroup, PUT: putGroup },
  },
];

const FIELDS = { description: optional(text), members: optional(sequence(text)) };
const createBody = record('org.openhorizon.exchangeapi.table.node.group.assignment.PostPutNodeGroupsRequest', FIELDS);
const putBody = record('org.openhorizon.exchangeapi.route.nodegroup.PutNodeGroupsRequest', FIELDS);

function listGroups(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'node', id: compositeId(organization, '#') }, 'READ');
  const groups = [...call.hub.store.haGroups.values()]
    .filter((group) => group.organization === organization)
    .sort((one, two) => (one.name < two.name ? -1 : 1));
  return answerGroups(call, groups);
}

function getGroup(call: Call): Answer {
  call.authorize({ kind: 'node', id: compositeId(call.param('org'), '#') }, 'READ');
  const group = groupOf(call);
  return answerGroups(call, group === undefined ? [] : [group]);
}

/** Only members that the caller may see are named, and an admin's description only to admins. */
function answerGroups(call: Call, groups: readonly HaGroupRecord[]): Answer {
  const { identity } = call;
  const visible = ownNodes(call, isAgbot(identity), identity.identifier ?? identity.owner);
  const nodeGroups = groups.map(({ name, description, members, admin, lastUpdated }) => ({
    name,
    description: admin && !isOverseer(identity) ? '' : (description ?? ''),
    members: [...members]
      .filter((id) => visible.has(id))
      .sort()
      .map((id) => id.split('/')[1]),
    admin,
    lastUpdated,
  }));
  return { status: groups.length === 0 ? 404 : 200, json: { nodeGroups } };
}

function createGroup(call: Call): Answer {
  const organization = call.param('org');
  const id = idOf(call, 'group');
  call.authorize({ kind: 'node', id }, 'WRITE');
  const { description, members: given } = call.body(createBody);
  const { store, clock } = call.hub;
  const admin = isOverseer(call.identity);
  const own = ownNodes(call, false, admin ? null : notNull(call.identity.identifier, 'None.get'));
  const members = memberIds(organization, given ?? []);
  if (store.haGroups.has(id)) throw call.refusal(409, 'already-exists', 'node.group.already.exists', id);
  if (!store.orgs.has(organization)) throw call.refusal(404, 'not-found', 'org.not.found', organization);
  if (!members.every((member) => own.has(member))) {
    const caller = resourceOf(call.identity);
    throw call.refusal(403, 'access-denied', 'access.denied.no.auth', caller, 'WRITE_ALL_NODES', '');
  }
  demandUnassigned(call, members);
  const lastUpdated = clock.instant();
  store.haGroups.set(id, {
    organization,
    name: call.param('group'),
    admin,
    description,
    members: new Set(members),
    lastUpdated,
  });
  logGroup(call, members.map(nameIn), 'created');
  return call.done('node.group.created', id);
}

/** The order of these checks is the real one's; a group made by an admin is not even root's to change. */
function putGroup(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'node', id: compositeId(organization, '#') }, 'WRITE');
  const { description, members: given } = call.body(putBody);
  const { identity } = call;
  const own = ownNodes(call, false, isOverseer(identity) ? null : notNull(identity.identifier, 'None.get'));
  const members = given === null ? null : memberIds(organization, given);
  if (isHubAdmin(identity)) throw call.refusal(403, 'access-denied', 'access.denied');
  const group = groupOf(call);
  if (group === undefined) throw call.refusal(404, 'not-found', 'not.found');
  const isAllowed = mayEdit(identity, group) && foreignMembers(group, own).length === 0;
  if (!isAllowed || members?.some((member) => !own.has(member)) === true) {
    throw call.refusal(403, 'access-denied', 'access.denied');
  }
  if (members !== null) demandUnassigned(call, members, group);
  const changed = members === null ? [] : [...new Set([...members, ...group.members])];
  if (description !== null) group.description = description;
  if (members !== null) group.members = new Set(members);
  group.lastUpdated = call.hub.clock.instant();
  logGroup(call, changed.map(nameIn), 'modified');
  return call.done('node.group.updated.successfully', call.param('group'), organization);
}

function deleteGroup(call: Call): Answer {
  const id = idOf(call, 'group');
  call.authorize({ kind: 'node', id }, 'WRITE');
  const group = groupOf(call);
  if (group === undefined) throw call.refusal(404, 'not-found', 'not.found');
  const own = ownNodes(call, false, call.identity.identifier);
  if (!isOrgAdmin(call.identity) && (group.admin || foreignMembers(group, own).length > 0)) {
    throw call.refusal(403, 'access-denied', 'access.denied');
  }
  call.hub.store.haGroups.delete(id);
  logGroup(call, [...group.members].map(nameIn), 'deleted');
  return DELETED;
}

function nameIn(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function memberIds(organization: string, given: readonly (string | null)[]): readonly string[] {
  return [...new Set(given)].map((name) => compositeId(organization, notNull(name, 'String.startsWith(String)')));
}

/** A node that is in another group cannot be in this one. */
function demandUnassigned(call: Call, members: readonly string[], own?: HaGroupRecord): void {
  const taken = members.some((member) => {
    const group = haGroupOf(call.hub.store, member);
    return group !== undefined && group !== own;
  });
  if (taken) throw call.refusal(409, 'already-exists', 'node.group.conflict');
}
