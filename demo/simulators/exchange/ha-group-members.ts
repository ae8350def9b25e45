import type { Answer } from './answer.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { notNull } from './defects.ts';
import { foreignMembers, groupOf, isOverseer, logGroup, ownNodes } from './ha-group-rules.ts';
import { isAgbot } from './identity.ts';
import type { Route } from './router.ts';
import { haGroupOf } from './store.ts';

/** Single members of an HA group. Whose the node is does not matter to these, which lets users take others' nodes. */
export const HA_GROUP_MEMBER_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/hagroups/:group/nodes/:node'], methods: { DELETE: removeMember, POST: addMember } },
];

function addMember(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize({ kind: 'node', id }, 'WRITE');
  const { identity } = call;
  const { store, clock } = call.hub;
  const all = isOverseer(identity) || isAgbot(identity);
  const own = ownNodes(call, all, all ? null : notNull(identity.identifier, 'None.get'));
  const group = groupOf(call);
  if (group === undefined) throw call.refusal(404, 'not-found', 'node.group.not.found', idOf(call, 'group'));
  if ((group.admin && !isOverseer(identity)) || foreignMembers(group, own).length > 0) {
    throw call.refusal(403, 'access-denied', 'node.group.access.denied');
  }
  if (haGroupOf(store, id) !== undefined) {
    throw call.refusal(409, 'already-exists', 'node.group.node.conflict', `${call.param('org')}/${call.param('node')}`);
  }
  if (!store.nodes.has(id)) throw call.refusal(404, 'not-found', 'node.not.found', id);
  group.members.add(id);
  group.lastUpdated = clock.instant();
  logGroup(call, [call.param('node')], 'modified');
  return call.done('node.group.node.inserted');
}

/** No matter whose node or whose group it is. */
function removeMember(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize({ kind: 'node', id }, 'WRITE');
  const group = groupOf(call);
  if (group?.members.delete(id) !== true) {
    const member = `${idOf(call, 'group')}/${call.param('node')}`;
    throw call.refusal(404, 'not-found', 'node.group.node.not.found', member);
  }
  group.lastUpdated = call.hub.clock.instant();
  logGroup(call, [call.param('node')], 'modified');
  return DELETED;
}
