import type { Clock } from './clock.ts';
import type { Identity } from './identity.ts';
import type { Language } from './language.ts';
import type { OwnershipCache } from './ownership.ts';
import type { Store } from './store.ts';

/** How many of a kind one user may own before a create is refused; 0: any number. Defaults are the real ones. */
export interface Limits {
  readonly services: number;
  readonly patterns: number;
  readonly deploymentPolicies: number;
  readonly managementPolicies: number;
  readonly nodes: number;
  readonly agbots: number;
}

export const DEFAULT_LIMITS: Limits = {
  services: 1000,
  patterns: 1000,
  deploymentPolicies: 5000,
  managementPolicies: 5000,
  nodes: 45_000,
  agbots: 1000,
};

/** A login that was checked before: kept until something about it changes. */
export interface KnownLogin {
  readonly identity: Identity;
  readonly secret: string;
}

/** What every route works on. */
export interface Hub {
  readonly store: Store;
  readonly clock: Clock;
  readonly language: Language;
  readonly ownership: OwnershipCache;
  /** By `org/name`. */
  readonly logins: Map<string, KnownLogin>;
  readonly limits: Limits;
}

/** The release whose rules these are. */
export const EXCHANGE_VERSION = '2.154.0';

/** pekko-http's limit for a request's body, in bytes. */
export const BODY_LIMIT = 8_388_608;
