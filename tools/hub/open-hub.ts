import { setMaxListeners } from 'node:events';
import { ArmorError, ArmorErrors } from '#errors';
import type { Credentials, Setting, Settings } from '#tools/settings.ts';
import type { HubParty } from './answers.ts';
import { Css } from './css.ts';
import { Exchange } from './exchange.ts';
import { HttpClient } from './http/http-client.ts';
import { redactor } from './http/redact.ts';
import { type BackOff, DEFAULT_BACK_OFF } from './http/retry.ts';
import { Slots } from './http/slots.ts';
import { Traffic } from './http/traffic.ts';
import { readHubCertificates } from './http/trust.ts';

/** The settings without which there is no talking to a hub. */
export interface HubSettings {
  readonly exchangeUrl: Setting<string>;
  readonly cssUrl?: Setting<string>;
  readonly org: Setting<string>;
  readonly user: Setting<Credentials>;
  readonly caFile?: Setting<string>;
  /** From HZN_HTTP_RETRIES and HZN_HTTP_RETRY_INTERVAL, where hzn's users have set them. */
  readonly backOff?: BackOff;
}

export interface Hub {
  readonly exchange: Exchange;
  /** Absent where HZN_FSS_CSSURL is not set: enough for a bundle that attaches no policy. */
  readonly css?: Css;
  readonly org: string;
  /** `org/user`. */
  readonly user: string;
  readonly traffic: Traffic;
  close(): void;
}

export interface HubOptions {
  /** Requests under way at once. */
  readonly concurrency?: number;
  readonly backOff?: BackOff;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked for: the environment. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
}

/** A hub on the same machine gains nothing beyond; one that is far away is then as fast as its latency allows. */
export const DEFAULT_CONCURRENCY = 16;

/**
 * The hub's settings, complete.
 *
 * @throws ArmorErrors SETTING_MISSING: every one that is missing or unusable
 */
export function requireHub(settings: Settings): HubSettings {
  const { exchangeUrl, cssUrl, org, user, caFile } = settings;
  const problems: ArmorError[] = [];
  if (exchangeUrl === undefined) problems.push(missing('HZN_EXCHANGE_URL', 'the URL of the Exchange, ending in /v1'));
  else problems.push(...urlProblems('HZN_EXCHANGE_URL', exchangeUrl));
  if (cssUrl !== undefined) problems.push(...urlProblems('HZN_FSS_CSSURL', cssUrl));
  if (org === undefined) problems.push(missing('HZN_ORG_ID', 'the organization to publish to'));
  if (user === undefined) problems.push(missing('HZN_EXCHANGE_USER_AUTH', 'org/user:password, or org/apikey:KEY'));
  else if (!user.value.id.includes('/')) problems.push(orgless(user));
  const [first, ...rest] = problems;
  if (first !== undefined || exchangeUrl === undefined || org === undefined || user === undefined)
    throw new ArmorErrors([first ?? missing('HZN_EXCHANGE_URL', ''), ...rest]);
  return {
    exchangeUrl,
    org,
    user,
    ...(cssUrl === undefined ? {} : { cssUrl }),
    ...(caFile === undefined ? {} : { caFile }),
    ...backOffIn(settings),
  };
}

/** hzn's own settings: so many retries, so many seconds apart. */
function backOffIn({ variables }: Settings): { backOff?: BackOff } {
  const number = (name: string): number | undefined => {
    const text = variables.get(name)?.value ?? '';
    return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
  };
  const retries = number('HZN_HTTP_RETRIES');
  const interval = number('HZN_HTTP_RETRY_INTERVAL');
  if (retries === undefined && interval === undefined) return {};
  return { backOff: Array.from({ length: retries ?? DEFAULT_BACK_OFF.length }, () => (interval ?? 2) * 1000) };
}

/** Clients of the hub that the settings name. Close it when done: its connections are kept alive. */
export async function openHub(settings: HubSettings, options: HubOptions = {}): Promise<Hub> {
  const { exchangeUrl, cssUrl, org, user, caFile, backOff } = settings;
  const { concurrency = DEFAULT_CONCURRENCY, proxyEnv = {}, ...rest } = options;
  const ca = await readHubCertificates(caFile);
  const traffic = new Traffic();
  const shared = {
    credentials: user.value,
    slots: new Slots(concurrency),
    traffic,
    ...(ca === undefined ? {} : { ca }),
    ...(backOff === undefined ? {} : { backOff }),
    // Looking for a proxy costs time at every start: only where there may be one.
    ...(namesProxy(proxyEnv) ? { proxyEnv } : {}),
    ...rest,
  };
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const party = {
    user: user.value.id,
    credentialsFrom: user.from,
    org: org.value,
    redact: redactor(user.value),
  };
  const exchangeHttp = new HttpClient({ baseUrl: exchangeUrl.value, ...shared });
  const exchangeParty: HubParty = { ...party, name: 'Exchange', urlSetting: 'HZN_EXCHANGE_URL' };
  const cssHttp = cssUrl === undefined ? undefined : new HttpClient({ baseUrl: cssUrl.value, ...shared });
  const cssParty: HubParty = { ...party, name: 'CSS', urlSetting: 'HZN_FSS_CSSURL' };
  return {
    exchange: new Exchange(exchangeHttp, exchangeParty),
    ...(cssHttp === undefined ? {} : { css: new Css(cssHttp, cssParty) }),
    org: org.value,
    user: user.value.id,
    traffic,
    close: () => {
      exchangeHttp.close();
      cssHttp?.close();
    },
  };
}

function namesProxy(env: Readonly<Record<string, string | undefined>>): boolean {
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some((name) => (env[name] ?? '') !== '');
}

/** @throws ArmorError SETTING_MISSING where objects are to be published and no CSS is known */
export function requireCss({ css }: Hub): Css {
  if (css !== undefined) return css;
  throw missing('HZN_FSS_CSSURL', 'the URL of the CSS, which carries the security policies');
}

function missing(name: string, what: string): ArmorError {
  return new ArmorError(
    'SETTING_MISSING',
    `${name} is not set: ${what}`,
    { request: 'settings' },
    `Set it in the environment, in ~/.hzn/hzn.json or in /etc/default/horizon.`,
  );
}

function urlProblems(name: string, { value, from }: Setting<string>): ArmorError[] {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return [unusable(name, from, 'is not an http:// or https:// URL', 'Correct it.')];
  if (url.username !== '' || url.password !== '')
    return [unusable(name, from, 'holds credentials', 'Move them to HZN_EXCHANGE_USER_AUTH.')];
  if (name === 'HZN_EXCHANGE_URL' && !url.pathname.endsWith('/v1'))
    return [unusable(name, from, `does not end in /v1`, 'Write the URL with /v1 at its end.')];
  return [];
}

function unusable(name: string, from: string, what: string, fix: string): ArmorError {
  return new ArmorError('SETTING_MISSING', `${name} ${what}`, { request: from }, fix);
}

function orgless({ from, value }: Setting<Credentials>): ArmorError {
  return new ArmorError(
    'SETTING_MISSING',
    `HZN_EXCHANGE_USER_AUTH names no org for the user ${value.id}`,
    { request: from },
    'Write org/user:password, or set HZN_ORG_ID.',
  );
}
