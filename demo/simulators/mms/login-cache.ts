/** Logins, remembered for 15 minutes on either side (reference/exchange-mms.md §C.1). */
import { createHash } from 'node:crypto';
import type { Credentials, Identity } from './access.ts';

/** Asks who somebody is. */
export type Login = (credentials: Credentials) => Promise<Identity | undefined>;

const CACHE_MS = 15 * 60_000;

/** Remembers logins that succeeded: somebody who was deleted, or whose password changed, goes on for a while. */
export class LoginCache {
  readonly #login: Login;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly secret: string; readonly identity: Identity; readonly until: number }>();

  constructor(login: Login, now: () => number) {
    this.#login = login;
    this.#now = now;
  }

  async identify(credentials: Credentials): Promise<Identity | undefined> {
    const known = this.#known.get(credentials.id);
    const secret = digest(credentials.secret);
    if (known !== undefined && known.secret === secret && this.#now() < known.until) return known.identity;
    const identity = await this.#login(credentials);
    // A failed login also forgets whoever had that name.
    if (identity === undefined) this.#known.delete(credentials.id);
    else this.#known.set(credentials.id, { secret, identity, until: this.#now() + CACHE_MS });
    return identity;
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
