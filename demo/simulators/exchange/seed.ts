import { randomUUID } from 'node:crypto';
import type { HubState } from '../types.ts';
import { NO_HEARTBEAT_INTERVALS } from './bodies.ts';
import type { Hub } from './hub.ts';
import type { UserRecord } from './records.ts';
import { logChange } from './store.ts';

/** Fills an empty Exchange: orgs root and IBM are always there; nodes and agbots belong to their org's first admin. */
export function seed(hub: Hub, state: HubState): void {
  for (const id of new Set(['root', 'IBM', ...state.orgs])) addOrg(hub, id);
  const root = state.users.find((user) => user.root === true)?.id;
  for (const user of state.users) addUser(hub, state.password, user);
  const rootUuid = root === undefined ? null : (hub.store.users.get(root)?.uuid ?? null);
  for (const user of hub.store.users.values()) user.modifiedBy = user.uuid === rootUuid ? null : rootUuid;
  for (const node of state.nodes) addNode(hub, node);
  for (const agbot of state.agbots ?? []) addAgbot(hub, agbot);
}

/** What a fresh database calls its two orgs. */
const BUILT_IN: Readonly<Record<string, readonly [label: string, description: string]>> = {
  root: ['Root Org', 'Organization for the root user only'],
  IBM: ['IBM Org', 'Organization containing IBM services'],
};

function addOrg({ store, clock }: Hub, id: string): void {
  const [label, description] = BUILT_IN[id] ?? [id, id];
  store.orgs.set(id, {
    id,
    orgType: id === 'IBM' ? 'IBM' : '',
    label,
    description,
    lastUpdated: clock.instant(),
    tags: null,
    limits: null,
    heartbeatIntervals: null,
  });
  logChange(store, clock, { orgId: id, id, category: 'org', public: false, resource: 'org', operation: 'created' });
}

function addUser({ store, clock }: Hub, password: string, user: HubState['users'][number]): void {
  const [organization, username] = splitId(user.id);
  store.users.set(user.id, {
    uuid: randomUUID(),
    organization,
    username,
    password,
    admin: user.root === true || user.admin === true,
    hubAdmin: user.root === true || user.hubAdmin === true,
    email: user.email ?? null,
    modifiedAt: clock.timestamp(),
    modifiedBy: null,
    apiKeys: new Map(),
  });
}

function addNode(hub: Hub, node: HubState['nodes'][number]): void {
  const { store, clock } = hub;
  const [organization, name] = splitId(node.id);
  const now = clock.instant();
  store.nodes.set(node.id, {
    id: node.id,
    organization,
    owner: ownerFor(hub, organization).uuid,
    token: node.token,
    name,
    nodeType: node.nodeType ?? 'device',
    pattern: '',
    registeredServices: [],
    userInput: [],
    msgEndPoint: '',
    softwareVersions: {},
    lastHeartbeat: now,
    publicKey: '',
    arch: node.arch ?? '',
    heartbeatIntervals: NO_HEARTBEAT_INTERVALS,
    lastUpdated: now,
    clusterNamespace: null,
    isNamespaceScoped: false,
    messages: new Map(),
    managementStatus: new Map(),
  });
  logChange(store, clock, {
    orgId: organization,
    id: name,
    category: 'node',
    public: false,
    resource: 'node',
    operation: 'created',
  });
}

function addAgbot(hub: Hub, agbot: NonNullable<HubState['agbots']>[number]): void {
  const { store, clock } = hub;
  const [organization, name] = splitId(agbot.id);
  store.agbots.set(agbot.id, {
    id: agbot.id,
    organization,
    owner: ownerFor(hub, organization).uuid,
    token: agbot.token,
    name,
    msgEndPoint: '',
    publicKey: '',
    lastHeartbeat: clock.instant(),
    policies: new Map(),
    patterns: new Map(),
    messages: new Map(),
  });
  logChange(store, clock, {
    orgId: organization,
    id: name,
    category: 'agbot',
    public: false,
    resource: 'agbot',
    operation: 'created/modified',
  });
}

/** The org's first admin, or anybody of the org, or anybody. */
function ownerFor({ store }: Hub, organization: string): UserRecord {
  const users = [...store.users.values()];
  const inOrg = users.filter((user) => user.organization === organization);
  const owner = inOrg.find(({ admin }) => admin) ?? inOrg[0] ?? users[0];
  if (owner === undefined) throw new Error(`no user in the start state can own what is in org ${organization}`);
  return owner;
}

function splitId(id: string): readonly [organization: string, name: string] {
  const slash = id.indexOf('/');
  return [id.slice(0, slash), id.slice(slash + 1)];
}
