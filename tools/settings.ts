/**
 * Settings as hzn finds them: the environment, then ~/.hzn/hzn.json, then /etc/default/horizon
 * (reference/anax.md §3). Commands ask `requireHub` for what they cannot do without.
 */
import type { Secret } from './secret.ts';

/** A setting and where it came from, so that an error can say which file to change. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
}

export interface Credentials {
  /** `org/user` or `org/apikey`: may be shown. */
  readonly id: string;
  readonly secret: Secret;
}

export interface Settings {
  /** HZN_EXCHANGE_URL, ends in /v1, without a trailing slash. */
  readonly exchangeUrl?: Setting<string>;
  /** HZN_FSS_CSSURL, without a trailing slash. */
  readonly cssUrl?: Setting<string>;
  /** HZN_ORG_ID. */
  readonly org?: Setting<string>;
  /** HZN_EXCHANGE_USER_AUTH; `user:password` is completed with the org. */
  readonly user?: Setting<Credentials>;
  /** HZN_MGMT_HUB_CERT_PATH: CA certificates of the hub (PEM). */
  readonly caFile?: Setting<string>;
  /** HZN_PRIVATE_KEY_FILE, else ~/.hzn/keys/service.private.key. */
  readonly privateKeyFile: Setting<string>;
  readonly publicKeyFile: Setting<string>;
  /** What `${NAME}` in a source may name: horizon-armor.yaml's variables below the environment. */
  readonly variables: ReadonlyMap<string, Setting<string>>;
}
