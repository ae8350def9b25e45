/** Who asks, and what they may do (reference/exchange-mms.md §C.1). */
import type { ServiceIdentity } from './service-access.ts';
import type { Side } from './validate-update.ts';

export type Identity =
  /** The root user, hub admins and agbots: all organisations. */
  | { readonly role: 'sync-admin'; readonly org: string; readonly id: string }
  /** Organisation admins; on a node, services of a pattern. */
  | { readonly role: 'admin'; readonly org: string; readonly id: string }
  /** Every other user: everything in the organisation but agent upgrade manifests. */
  | { readonly role: 'object-admin'; readonly org: string; readonly id: string }
  /** A node as a reader. */
  | { readonly role: 'node-user'; readonly org: string; readonly id: string }
  /** A node's sync service: only the protocol between the two sides. */
  | { readonly role: 'edge-node'; readonly org: string; readonly id: string; readonly type: string }
  /** A service on a policy node; `org` is the node's. */
  | { readonly role: 'service'; readonly org: string; readonly id: string; readonly service: ServiceIdentity };

/** Basic credentials of a request. */
export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** Objects of this type steer agents' upgrades: users may not write them. */
const MANIFESTS = 'agent_upgrade_manifests';

export function credentialsOf(authorization: string | undefined): Credentials | undefined {
  const encoded = /^Basic (.*)$/i.exec(authorization ?? '')?.[1];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : { id: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

export function mayWrite(identity: Identity | undefined, org: string, type: string, side: Side): boolean {
  if (identity === undefined || identity.role === 'edge-node') return false;
  if (identity.role === 'sync-admin') return true;
  if (identity.org !== org) return false;
  if (side.kind === 'ESS') return true;
  return identity.role === 'admin' || (identity.role === 'object-admin' && type !== MANIFESTS);
}

/**
 * What a reader sees of a type's objects: all of them, or the public ones; `none` is a refused login.
 * Object ACLs are not simulated: they restrict or admit nobody who logs in through the Exchange but nodes.
 */
export function mayRead(
  identity: Identity | undefined,
  org: string,
  type: string,
  side: Side,
): 'all' | 'public' | 'none' {
  if (identity === undefined || identity.role === 'edge-node') return 'none';
  if (identity.role === 'sync-admin') return 'all';
  if (side.kind === 'ESS') return identity.org === org ? 'all' : 'none';
  if (identity.org !== org) return 'public';
  if (identity.role === 'node-user') return type === MANIFESTS ? 'all' : 'public';
  return 'all';
}
