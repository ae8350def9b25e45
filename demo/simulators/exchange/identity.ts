import { NullAccess } from './defects.ts';

/** Who a request comes from. Roles as in reference/exchange-mms.md §A.2. */
export type Role = 'SuperUser' | 'HubAdmin' | 'AdminUser' | 'User' | 'Node' | 'Agbot';

export interface Identity {
  readonly organization: string;
  readonly username: string;
  readonly role: Role;
  /** The user's own UUID; null for nodes and agbots. */
  readonly identifier: string | null;
  /** The UUID of the user who owns the node or agbot; null for users. */
  readonly owner: string | null;
}

/** `<org>/<name>` */
export function resourceOf({ organization, username }: Identity): string {
  return `${organization}/${username}`;
}

export const isNode = ({ role }: Identity): boolean => role === 'Node';
export const isAgbot = ({ role }: Identity): boolean => role === 'Agbot';
export const isOrgAdmin = ({ role }: Identity): boolean => role === 'AdminUser';
export const isStandardUser = ({ role }: Identity): boolean => role === 'User';

export function isSuperUser(identity: Identity): boolean {
  return identity.role === 'SuperUser' && resourceOf(identity) === 'root/root';
}

export function isHubAdmin({ role, organization }: Identity): boolean {
  return role === 'HubAdmin' && organization === 'root';
}

export function isUser(identity: Identity): boolean {
  return isSuperUser(identity) || isHubAdmin(identity) || isOrgAdmin(identity) || isStandardUser(identity);
}

/** An agbot of org IBM serves every org. */
export function isMultiTenantAgbot({ role, organization }: Identity): boolean {
  return role === 'Agbot' && organization === 'IBM';
}

/** An agbot that serves its own org alone. */
export function isOrgAgbot(identity: Identity): boolean {
  return isAgbot(identity) && !isMultiTenantAgbot(identity);
}

/** The role that a user's two flags make. */
export function userRole(user: { readonly admin: boolean; readonly hubAdmin: boolean }): Role {
  if (user.hubAdmin) return user.admin ? 'SuperUser' : 'HubAdmin';
  return user.admin ? 'AdminUser' : 'User';
}

/** The UUID that a create is booked on: the user's own, or that of a machine's owner. */
export function ownerOf({ identifier, owner }: Identity): string {
  const booked = identifier ?? owner;
  if (booked === null) throw new NullAccess('None.get');
  return booked;
}

/** What is not public is for its own org; only root and IBM's agbots look into others. */
export function seesInto(identity: Identity, organization: string): boolean {
  return isSuperUser(identity) || isMultiTenantAgbot(identity) || organization === identity.organization;
}
