/**
 * Logins at an Exchange: three parts are a node's sync service; two are asked about as an agbot, a user and a node, in
 * this order (anax css/horizonAuthenticate.go).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials, Identity } from '../mms/access.ts';
import type { Login } from '../mms/login-cache.ts';

export interface ExchangeLoginOptions {
  /** Base URL, ends in /v1. */
  readonly exchangeUrl: string;
  /** Between tries when the Exchange cannot be reached; the real CSS waits 2 s, five times. */
  readonly retryMs: number;
}

const TRIES = 5;

/** Entries of a reply by name. */
type Entries = ReadonlyMap<string, unknown>;

export function exchangeLogin({ exchangeUrl, retryMs }: ExchangeLoginOptions): Login {
  /** Entries of a reply, or none when the Exchange refuses. */
  const ask = async (kind: string, org: string, name: string, user: string, secret: string): Promise<Entries> => {
    const url = `${exchangeUrl}/orgs/${encodeURIComponent(org)}/${kind}/${encodeURIComponent(name)}`;
    const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const response = await fetch(url, { headers: { authorization, accept: 'application/json' } }).catch(
        () => undefined,
      );
      if (response !== undefined && ![502, 503, 504].includes(response.status)) {
        return response.ok ? entriesOf(await response.text(), kind) : new Map();
      }
      await delay(retryMs);
    }
    return new Map();
  };

  return async (credentials) => {
    const parts = credentials.id.split('/');
    const [org = '', second = '', third = ''] = parts;
    const { id, secret } = credentials;
    if (parts.length === 3) {
      const nodes = await ask('nodes', org, third, `${org}/${third}`, secret);
      return nodes.has(`${org}/${third}`) ? { role: 'edge-node', org, type: second, id: third } : undefined;
    }
    if (parts.length !== 2) return undefined;
    if ((await ask('agbots', org, second, id, secret)).has(id)) return { role: 'sync-admin', org, id: second };
    const user = userOf(await ask('users', org, second, id, secret), credentials);
    if (user !== undefined) return user;
    const isNode = (await ask('nodes', org, second, id, secret)).has(id);
    return isNode ? { role: 'node-user', org, id: second } : undefined;
  };
}

function entriesOf(text: string, kind: string): Entries {
  try {
    const reply: unknown = JSON.parse(text);
    const entries = fieldOf(reply, kind);
    return typeof entries === 'object' && entries !== null
      ? new Map(Object.keys(entries).map((name) => [name, fieldOf(entries, name)]))
      : new Map();
  } catch {
    return new Map();
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

/** The name that the Exchange answers with counts: that of an API key's owner. */
function userOf(users: Entries, { id }: Credentials): Identity | undefined {
  const askedOrg = id.split('/')[0] ?? '';
  const [entry] = users;
  if (entry === undefined) return undefined;
  const [name, flags] = entry;
  const [org = '', user = ''] = name.split('/');
  if (name === 'root/root') return { role: 'sync-admin', org: askedOrg, id: 'root' };
  if (fieldOf(flags, 'hubAdmin') === true) return { role: 'sync-admin', org: askedOrg, id: user };
  if (fieldOf(flags, 'admin') === true) return { role: 'admin', org: askedOrg, id: user };
  return org === askedOrg ? { role: 'object-admin', org: askedOrg, id: user } : undefined;
}
