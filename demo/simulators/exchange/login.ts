import type { Hub } from './hub.ts';
import { type Identity, userRole } from './identity.ts';

/** Why a login failed, in the words of the answer's `msg`: an unknown name says another thing than a wrong password. */
export type LoginFailure = 'invalid.credentials' | 'unauthorized';

/**
 * Who the Authorization header belongs to. A node hides an agbot, and both hide a user of the same name; `apikey` stands
 * for whoever the key belongs to (reference/exchange-mms.md §A.2).
 */
export function authenticate(hub: Hub, authorization: string | undefined): Identity | LoginFailure {
  const credentials = parseBasic(authorization);
  if (credentials === undefined) return 'invalid.credentials';
  const [name, secret] = credentials;
  const [, organization = '', username = ''] = /^(\S*?)\/(\S*)$/.exec(name) ?? [];
  if (organization === '' && username === '') return 'invalid.credentials';
  if (username === 'apikey') return byApiKey(hub, organization, secret) ?? 'invalid.credentials';

  const known = hub.logins.get(name);
  if (known !== undefined && known.secret !== '' && known.secret === secret) return known.identity;
  hub.logins.delete(name);
  const stored = lookUp(hub, organization, username);
  if (stored === undefined) return 'unauthorized';
  if (stored.secret === '' || stored.secret !== secret) return 'invalid.credentials';
  hub.logins.set(name, stored);
  return stored.identity;
}

/** Name and password of a Basic header. */
export function parseBasic(authorization: string | undefined): readonly [name: string, secret: string] | undefined {
  const encoded = /^Basic\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined || !/^[A-Za-z0-9+/]+=*$/.test(encoded)) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString();
  const colon = decoded.indexOf(':');
  return colon === -1 ? [decoded, ''] : [decoded.slice(0, colon), decoded.slice(colon + 1)];
}

function lookUp(hub: Hub, organization: string, username: string): { identity: Identity; secret: string } | undefined {
  const id = `${organization}/${username}`;
  const node = hub.store.nodes.get(id);
  if (node !== undefined) {
    return {
      identity: { organization, username, role: 'Node', identifier: null, owner: node.owner },
      secret: node.token,
    };
  }
  const agbot = hub.store.agbots.get(id);
  if (agbot !== undefined) {
    return {
      identity: { organization, username, role: 'Agbot', identifier: null, owner: agbot.owner },
      secret: agbot.token,
    };
  }
  const user = hub.store.users.get(id);
  if (user === undefined) return undefined;
  return {
    identity: { organization, username, role: userRole(user), identifier: user.uuid, owner: null },
    secret: user.password ?? '',
  };
}

function byApiKey(hub: Hub, organization: string, secret: string): Identity | undefined {
  for (const user of hub.store.users.values()) {
    if (user.organization !== organization) continue;
    for (const { value } of user.apiKeys.values()) {
      if (value === secret) return lookUp(hub, organization, user.username)?.identity;
    }
  }
  return undefined;
}
