/** The Exchange simulator as its neighbours in the same process see it: without a connection. */
import { type Ask, basicAuthorization } from '../ask.ts';
import type { ExchangeIdentity, ExchangeSimulator } from '../exchange/exchange.ts';
import type { Identity } from '../mms/access.ts';
import type { Login } from '../mms/login-cache.ts';

/** Requests below /v1. */
export function askExchange(exchange: ExchangeSimulator): Ask {
  return async ({ method = 'GET', path, auth, body }) => {
    const reply = await exchange.request({
      method,
      path,
      authorization: basicAuthorization(auth),
      ...(body === undefined ? {} : { body: JSON.parse(body) }),
    });
    return { status: reply.status, body: JSON.stringify(reply.body) };
  };
}

/** Logins of the CSS: as `exchangeLogin`, which asks over HTTP. */
export function loginAt(exchange: ExchangeSimulator): Login {
  const authenticate = (id: string, secret: string): ExchangeIdentity | undefined => {
    const found = exchange.authenticate(basicAuthorization(`${id}:${secret}`));
    return typeof found === 'string' ? undefined : found;
  };
  return async ({ id, secret }) => {
    const parts = id.split('/');
    const [org = '', second = '', third = ''] = parts;
    if (parts.length === 3) {
      const node = authenticate(`${org}/${third}`, secret);
      return node?.kind === 'node' ? { role: 'edge-node', org, type: second, id: third } : undefined;
    }
    const known = parts.length === 2 ? authenticate(id, secret) : undefined;
    return known && identityOf(known);
  };
}

function identityOf({ org, id, kind, roles }: ExchangeIdentity): Identity {
  if (kind === 'agbot') return { role: 'sync-admin', org, id };
  if (kind === 'node') return { role: 'node-user', org, id };
  if (roles.includes('SuperUser') || roles.includes('HubAdmin')) return { role: 'sync-admin', org, id };
  return { role: roles.includes('AdminUser') ? 'admin' : 'object-admin', org, id };
}
