import { type Identity, isMultiTenantAgbot, type Role, resourceOf } from './identity.ts';

/** What a request wants to do something to. `id` is composite (`org/name`); `*` stands for all, `#` for one's own. */
export interface Target {
  readonly kind: TargetKind;
  readonly id: string;
  /** UUID of the owner, when the thing exists. */
  readonly owner?: string | undefined;
  readonly public?: boolean;
}

export type TargetKind =
  | 'user'
  | 'node'
  | 'agbot'
  | 'service'
  | 'pattern'
  | 'business policy'
  | 'management policy'
  | 'org'
  | 'action';

/** READ, WRITE and CREATE become a specific right by caller and target; any other word is that right itself. */
export type Access = string;

export type Verdict =
  | { readonly granted: true }
  | { readonly granted: false; readonly missing: true }
  | { readonly granted: false; readonly missing: false; readonly right: string; readonly target: Target };

/** The default rights of each role. */
const RIGHTS: Readonly<Record<Role, ReadonlySet<string>>> = {
  SuperUser: new Set(['ALL']),
  AdminUser: new Set(['ALL_IN_ORG', 'WRITE_AGENT_CONFIG_MGMT']),
  HubAdmin: new Set([
    ...['CREATE_IN_OTHER_ORGS', 'CREATE_ORGS', 'CREATE_USER', 'DELETE_ORG', 'ORGSTATUS', 'READ_AGENT_CONFIG_MGMT'],
    ...['READ_ALL_AGBOTS', 'READ_IBM_ORGS', 'READ_MY_ORG', 'READ_MY_USERS', 'READ_MYSELF', 'READ_OTHER_ORGS'],
    ...['SET_IBM_ORG_TYPE', 'STATUS', 'UTILITIES', 'WRITE_AGENT_CONFIG_MGMT', 'WRITE_ALL_AGBOTS', 'WRITE_MY_ORG'],
    ...['WRITE_MY_USERS', 'WRITE_MYSELF', 'WRITE_OTHER_ORGS'],
  ]),
  User: new Set([
    ...['CREATE_AGBOT', 'CREATE_BUSINESS', 'CREATE_NODE', 'CREATE_PATTERNS', 'CREATE_SERVICES'],
    ...['DATA_HEARTBEAT_MY_AGBOTS', 'READ_AGENT_CONFIG_MGMT', 'READ_ALL_AGBOTS', 'READ_ALL_BUSINESS'],
    ...['READ_ALL_MANAGEMENT_POLICY', 'READ_ALL_PATTERNS', 'READ_ALL_SERVICES', 'READ_IBM_ORGS', 'READ_MY_AGBOTS'],
    ...['READ_MY_BUSINESS', 'READ_MY_NODES', 'READ_MY_PATTERNS', 'READ_MY_MANAGEMENT_POLICY', 'READ_MY_ORG'],
    ...['READ_MY_SERVICES', 'READ_MYSELF', 'STATUS', 'UTILITIES', 'WRITE_MY_AGBOTS', 'WRITE_MY_BUSINESS'],
    ...['WRITE_MY_NODES', 'WRITE_MY_PATTERNS', 'WRITE_MY_SERVICES', 'WRITE_MYSELF'],
  ]),
  Node: new Set([
    ...['MAXCHANGEID', 'READ_AGENT_CONFIG_MGMT', 'READ_ALL_AGBOTS', 'READ_ALL_BUSINESS', 'READ_ALL_MANAGEMENT_POLICY'],
    ...['READ_ALL_PATTERNS', 'READ_ALL_SERVICES', 'READ_MY_ORG', 'READ_MYSELF', 'SEND_MSG_TO_AGBOT', 'WRITE_MYSELF'],
  ]),
  Agbot: new Set([
    ...['DATA_HEARTBEAT_MY_AGBOTS', 'MAXCHANGEID', 'READ_MYSELF', 'READ_AGENT_CONFIG_MGMT', 'READ_ALL_AGBOTS'],
    ...['READ_ALL_NODES', 'READ_ALL_SERVICES', 'READ_ALL_PATTERNS', 'READ_ALL_BUSINESS', 'READ_ALL_MANAGEMENT_POLICY'],
    ...['READ_MY_AGBOTS', 'READ_MY_ORG', 'SEND_MSG_TO_NODE', 'WRITE_AGENT_CONFIG_MGMT', 'WRITE_MYSELF'],
  ]),
};

/** Rights that ALL_IN_ORG does not include. */
const BEYOND_ORG: ReadonlySet<string> = new Set([
  ...['CREATE_ORGS', 'DELETE_ORG', 'READ_OTHER_ORGS', 'WRITE_OTHER_ORGS', 'CREATE_IN_OTHER_ORGS', 'SET_IBM_ORG_TYPE'],
  ...['ADMIN', 'NEVER_ALLOWED'],
]);

/** The word by which the rights to a kind of thing are called. */
const RIGHT_NAMES: Readonly<Record<Exclude<TargetKind, 'user' | 'org' | 'action'>, { all: string; create: string }>> = {
  node: { all: 'NODES', create: 'NODE' },
  agbot: { all: 'AGBOTS', create: 'AGBOT' },
  service: { all: 'SERVICES', create: 'SERVICES' },
  pattern: { all: 'PATTERNS', create: 'PATTERNS' },
  'business policy': { all: 'BUSINESS', create: 'BUSINESS' },
  'management policy': { all: 'MANAGEMENT_POLICY', create: 'MANAGEMENT_POLICY' },
};

/** Whether the caller may. Order of the checks and the names of the rights are those of the real error texts. */
export function judge(identity: Identity, wanted: Target, access: Access): Verdict {
  const isUserRole = identity.role !== 'Node' && identity.role !== 'Agbot';
  const reserved = ['iamapikey', 'iamtoken'].includes(idOf(wanted));
  const target: Target = isUserRole && reserved ? { kind: 'user', id: resourceOf(identity) } : wanted;
  const right = rightFor(identity, target, access);
  if (right === undefined) return { granted: false, missing: true };
  if (hasRight(identity.role, right)) return { granted: true };
  return { granted: false, missing: false, right, target };
}

export function hasRight(role: Role, right: string): boolean {
  const rights = RIGHTS[role];
  if (right === 'NEVER_ALLOWED') return false;
  if (rights.has('ALL')) return true;
  return rights.has(right) || (rights.has('ALL_IN_ORG') && !BEYOND_ORG.has(right));
}

/** `undefined`: nothing there, in an org that is not the caller's. */
function rightFor(identity: Identity, target: Target, access: Access): string | undefined {
  const ownOrg = organizationOf(target) === identity.organization;
  const within = ownOrg || isPublic(target);
  if (identity.role === 'Node') {
    const messageToIbm = organizationOf(target) === 'IBM' && ['SEND_MSG_TO_AGBOT', 'READ'].includes(access);
    if (within || messageToIbm) return rightOfMachine(identity, target, access, 'node');
  } else if (identity.role === 'Agbot') {
    if (within || isMultiTenantAgbot(identity)) return rightOfMachine(identity, target, access, 'agbot');
  } else {
    if (within) return rightOfUser(identity, target, access);
    if (identity.role === 'HubAdmin' && identity.organization === 'root') return rightOfHubAdmin(target, access);
  }
  if (!isThere(target) && access === 'READ') return undefined;
  if (access === 'READ') return 'READ_OTHER_ORGS';
  if (access === 'WRITE') return 'WRITE_OTHER_ORGS';
  if (access === 'WRITE_AGENT_CONFIG_MGMT' && identity.role !== 'Node' && identity.role !== 'Agbot') {
    return 'WRITE_OTHER_ORGS';
  }
  return access === 'CREATE' ? 'CREATE_IN_OTHER_ORGS' : access;
}

function rightOfUser(identity: Identity, target: Target, access: Access): string {
  const inRoot = identity.organization === 'root';
  switch (target.kind) {
    case 'user':
      return rightToUser(identity, target, access);
    case 'org':
      if (access === 'READ') return 'READ_MY_ORG';
      if (access === 'WRITE') return inRoot ? 'WRITE_ALL_ORGS' : 'WRITE_MY_ORG';
      if (access === 'DELETE_ORG' && inRoot) return 'NEVER_ALLOWED';
      return access === 'CREATE' ? 'CREATE_ORGS' : access;
    case 'action':
      return access;
    default: {
      const { all, create } = RIGHT_NAMES[target.kind];
      if (access === 'CREATE') return `CREATE_${create}`;
      if (access !== 'READ' && access !== 'WRITE') return access;
      return `${access}_${isOwn(identity, target) ? 'MY' : 'ALL'}_${all}`;
    }
  }
}

function rightToUser(identity: Identity, target: Target, access: Access): string {
  const root = target.id === 'root/root';
  if (access === 'CREATE') return root ? 'CREATE_SUPERUSER' : 'CREATE_USER';
  if (access !== 'READ' && access !== 'WRITE') return access;
  if (target.id === resourceOf(identity)) return `${access}_MYSELF`;
  if (access === 'WRITE' && root) return 'WRITE_SUPERUSER';
  const hubAdmin = identity.role === 'HubAdmin' && identity.organization === 'root';
  return hubAdmin || idOf(target) === '#' ? `${access}_MY_USERS` : `${access}_ALL_USERS`;
}

function rightOfHubAdmin(target: Target, access: Access): string {
  switch (target.kind) {
    case 'user':
      if (access === 'CREATE') return 'CREATE_USER';
      return access === 'READ' || access === 'WRITE' ? `${access}_MY_USERS` : access;
    case 'org':
      if (access === 'CREATE') return 'CREATE_ORGS';
      return access === 'READ' || access === 'WRITE' ? `${access}_OTHER_ORGS` : access;
    case 'agbot':
      return access === 'READ' || access === 'WRITE' ? `${access}_ALL_AGBOTS` : access;
    default:
      return access;
  }
}

/** Nodes and agbots: themselves, or everything of a kind. */
function rightOfMachine(identity: Identity, target: Target, access: Access, own: 'node' | 'agbot'): string {
  switch (target.kind) {
    case 'user':
      if (access === 'CREATE') return target.id === 'root/root' ? 'CREATE_SUPERUSER' : 'CREATE_USER';
      return access === 'READ' || access === 'WRITE' ? `${access}_ALL_USERS` : access;
    case 'org':
      if (access === 'CREATE') return 'CREATE_ORGS';
      return access === 'READ' || access === 'WRITE' ? `${access}_MY_ORG` : access;
    case 'action':
      return access;
    default: {
      const { all, create } = RIGHT_NAMES[target.kind];
      if (access === 'CREATE') return `CREATE_${create}`;
      if (access !== 'READ' && access !== 'WRITE') return access;
      if (target.kind === own && target.id === resourceOf(identity)) return `${access}_MYSELF`;
      if (target.kind === own && idOf(target) === '#') return `${access}_MY_${all}`;
      return `${access}_ALL_${all}`;
    }
  }
}

function isOwn(identity: Identity, target: Target): boolean {
  if (idOf(target) === '#') return true;
  if (idOf(target) === '*') return false;
  return target.owner === undefined || target.owner === identity.identifier;
}

function isPublic(target: Target): boolean {
  if (target.kind !== 'service' && target.kind !== 'pattern') return false;
  return idOf(target) === '*' || target.public === true;
}

function isThere(target: Target): boolean {
  return target.kind === 'org' || ['*', '#'].includes(idOf(target)) || target.owner !== undefined;
}

function organizationOf({ kind, id }: Target): string {
  return kind === 'org' ? id : (/^(\S+?)\/.*$/.exec(id)?.[1] ?? '');
}

function idOf({ kind, id }: Target): string {
  return kind === 'org' ? '' : (/^\S+?\/(\S+)$/.exec(id)?.[1] ?? '');
}
