import { type Call, idOf } from './call.ts';
import { type Identity, isOrgAdmin, isSuperUser } from './identity.ts';
import type { HaGroupRecord } from './records.ts';

/** Whose nodes and groups are whose, for the routes of HA groups and of their members. */

export function groupOf(call: Call): HaGroupRecord | undefined {
  return call.hub.store.haGroups.get(idOf(call, 'group'));
}

export function isOverseer(identity: Identity): boolean {
  return isOrgAdmin(identity) || isSuperUser(identity);
}

/** A group made by an admin is for admins to change. */
export function mayEdit(identity: Identity, group: HaGroupRecord): boolean {
  return isOrgAdmin(identity) || !group.admin;
}

/** The org's nodes, all of them for overseers (and whoever else is to have all), else those of one owner. */
export function ownNodes(call: Call, all: boolean, owner: string | null): ReadonlySet<string> {
  const organization = call.param('org');
  const everything = all || isOverseer(call.identity);
  const own = [...call.hub.store.nodes.values()].filter(
    (node) => node.organization === organization && (everything || node.owner === owner),
  );
  return new Set(own.map(({ id }) => id));
}

export function foreignMembers(group: HaGroupRecord, own: ReadonlySet<string>): readonly string[] {
  return [...group.members].filter((id) => !own.has(id));
}

/** One line for each node concerned, by its name, then one for the group. */
export function logGroup(call: Call, nodes: readonly string[], operation: 'created' | 'modified' | 'deleted'): void {
  const orgId = call.param('org');
  for (const id of nodes) {
    call.logChange({ orgId, id, category: 'node', resource: 'node', operation: 'modified' });
  }
  call.logChange({ orgId, id: call.param('group'), category: 'ha_group', resource: 'ha_group', operation });
}
