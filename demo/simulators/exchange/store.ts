import type { Clock } from './clock.ts';
import type {
  AgbotAgreementRecord,
  AgbotRecord,
  AgentFileVersions,
  ChangeRecord,
  DeploymentPolicyRecord,
  HaGroupRecord,
  ManagementPolicyRecord,
  NodeAgreementRecord,
  NodeRecord,
  OrgRecord,
  PatternRecord,
  SearchSession,
  ServiceRecord,
  UserRecord,
} from './records.ts';

/** Everything an Exchange holds, keyed by composite id unless said otherwise. Deleting cascades as the database does. */
export interface Store {
  readonly orgs: Map<string, OrgRecord>;
  readonly users: Map<string, UserRecord>;
  readonly services: Map<string, ServiceRecord>;
  readonly patterns: Map<string, PatternRecord>;
  readonly deploymentPolicies: Map<string, DeploymentPolicyRecord>;
  readonly managementPolicies: Map<string, ManagementPolicyRecord>;
  readonly nodes: Map<string, NodeRecord>;
  readonly haGroups: Map<string, HaGroupRecord>;
  /** By agreement id: one agreement belongs to one node. */
  readonly nodeAgreements: Map<string, NodeAgreementRecord>;
  readonly agbots: Map<string, AgbotRecord>;
  readonly agbotAgreements: Map<string, AgbotAgreementRecord>;
  /** By `<agbot> <policy>`. */
  readonly searchSessions: Map<string, SearchSession>;
  /** By org. */
  readonly agentFiles: Map<string, AgentFileVersions>;
  readonly changes: ChangeRecord[];
  /** The last number given out; the sequence says 1 before the first. */
  lastChangeId: number;
  nextDockAuthId: number;
  /** Nodes and agbots have a sequence each. */
  readonly nextMessageId: { node: number; agbot: number };
}

export function createStore(): Store {
  return {
    orgs: new Map(),
    users: new Map(),
    services: new Map(),
    patterns: new Map(),
    deploymentPolicies: new Map(),
    managementPolicies: new Map(),
    nodes: new Map(),
    haGroups: new Map(),
    nodeAgreements: new Map(),
    agbots: new Map(),
    agbotAgreements: new Map(),
    searchSessions: new Map(),
    agentFiles: new Map(),
    changes: [],
    lastChangeId: 0,
    nextDockAuthId: 1,
    nextMessageId: { node: 1, agbot: 1 },
  };
}

/** Writes a line into the log that agbots and nodes poll. */
export function logChange(store: Store, clock: Clock, change: Omit<ChangeRecord, 'changeId' | 'lastUpdated'>): void {
  store.lastChangeId += 1;
  store.changes.push({ ...change, changeId: store.lastChangeId, lastUpdated: clock.instant() });
}

/** `org/name` of the user with this UUID, as bodies show owners; undefined when the user is gone. */
export function nameOfUser(store: Store, uuid: string | null): string | undefined {
  for (const [id, user] of store.users) if (user.uuid === uuid) return id;
  return undefined;
}

/** The group that a node is in. */
export function haGroupOf(store: Store, node: string): HaGroupRecord | undefined {
  return store.haGroups.values().find(({ members }) => members.has(node));
}

export function deleteNode(store: Store, id: string): void {
  store.nodes.delete(id);
  haGroupOf(store, id)?.members.delete(id);
  deleteWhere(store.nodeAgreements, ({ node }) => node === id);
}

export function deleteAgbot(store: Store, id: string): void {
  store.agbots.delete(id);
  deleteWhere(store.agbotAgreements, ({ agbot }) => agbot === id);
  for (const key of store.searchSessions.keys()) if (key.startsWith(`${id} `)) store.searchSessions.delete(key);
}

export function deleteDeploymentPolicy(store: Store, id: string): void {
  store.deploymentPolicies.delete(id);
  for (const key of store.searchSessions.keys()) if (key.endsWith(` ${id}`)) store.searchSessions.delete(key);
}

export function deleteManagementPolicy(store: Store, id: string): void {
  store.managementPolicies.delete(id);
  for (const node of store.nodes.values()) node.managementStatus.delete(id);
}

/** A user goes with everything that is theirs. */
export function deleteUser(store: Store, id: string): void {
  const user = store.users.get(id);
  if (user === undefined) return;
  store.users.delete(id);
  for (const other of store.users.values()) if (other.modifiedBy === user.uuid) other.modifiedBy = null;
  deleteWhere(store.services, ({ owner }) => owner === user.uuid);
  deleteWhere(store.patterns, ({ owner }) => owner === user.uuid);
  for (const policy of [...store.deploymentPolicies.values()]) {
    if (policy.owner === user.uuid) deleteDeploymentPolicy(store, policy.id);
  }
  for (const policy of [...store.managementPolicies.values()]) {
    if (policy.owner === user.uuid) deleteManagementPolicy(store, policy.id);
  }
  for (const node of [...store.nodes.values()]) if (node.owner === user.uuid) deleteNode(store, node.id);
  for (const agbot of [...store.agbots.values()]) if (agbot.owner === user.uuid) deleteAgbot(store, agbot.id);
}

/** An org goes with its users and everything in it. */
export function deleteOrg(store: Store, id: string): void {
  store.orgs.delete(id);
  store.agentFiles.delete(id);
  for (const [userId, { organization }] of [...store.users]) if (organization === id) deleteUser(store, userId);
  deleteWhere(store.haGroups, ({ organization }) => organization === id);
  deleteWhere(store.services, ({ organization }) => organization === id);
  deleteWhere(store.patterns, ({ organization }) => organization === id);
  for (const policy of [...store.deploymentPolicies.values()]) {
    if (policy.organization === id) deleteDeploymentPolicy(store, policy.id);
  }
  for (const policy of [...store.managementPolicies.values()]) {
    if (policy.organization === id) deleteManagementPolicy(store, policy.id);
  }
  for (const node of [...store.nodes.values()]) if (node.organization === id) deleteNode(store, node.id);
  for (const agbot of [...store.agbots.values()]) if (agbot.organization === id) deleteAgbot(store, agbot.id);
}

function deleteWhere<K, V>(table: Map<K, V>, doomed: (record: V) => boolean): void {
  for (const [key, record] of table) if (doomed(record)) table.delete(key);
}
