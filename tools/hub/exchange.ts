import { ArmorError } from '#errors';
import { compareVersions, isVersion } from '#policy/version-range.ts';
import type { Body, ServiceBody } from '#tools/bundle/types.ts';
import { type HubParty, refusal, unreadable } from './answers.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http/http-client.ts';
import { isEmptyListing, KEY_RETRY, OLDEST_EXCHANGE } from './quirks.ts';

/** Kinds that live in the Exchange under a name of their own. */
export type ListedKind = 'service' | 'pattern' | 'deployment-policy';

const COLLECTIONS: Readonly<Record<ListedKind, { readonly path: string; readonly field: string }>> = {
  service: { path: 'services', field: 'services' },
  pattern: { path: 'patterns', field: 'patterns' },
  'deployment-policy': { path: 'business/policies', field: 'businessPolicy' },
};

const SUPER_USER = 'root/root';

/** Who the credentials belong to. */
export interface Role {
  /** `org/user`, also where the login was an API key. */
  readonly id: string;
  readonly text: string;
  readonly isAdmin: boolean;
  readonly mayPublish: boolean;
}

/** What becomes of a write that may meet somebody else's: the caller decides, knowing what it wanted. */
export type WriteOutcome = 'done' | 'refused' | 'missing';

/** The Exchange of one org (reference/exchange-mms.md §A). Every failure is an ArmorError that says what to do. */
export class Exchange {
  readonly party: HubParty;
  readonly #http: HttpClient;

  constructor(http: HttpClient, party: HubParty) {
    this.#http = http;
    this.party = party;
  }

  /**
   * The Exchange's version; needs no login.
   *
   * @throws ArmorError HUB_TOO_OLD below 2.124.0, HUB_REJECTED when this is no Exchange
   */
  async version(): Promise<string> {
    const answer = await this.#http.request({ method: 'GET', path: '/admin/version' });
    const version = answer.text.trim();
    if (answer.status !== 200 || !isVersion(version))
      throw answer.status === 200 ? unreadable(answer, this.party) : this.#notAnExchange(answer);
    if (compareVersions(version, OLDEST_EXCHANGE) >= 0) return version;
    throw new ArmorError(
      'HUB_TOO_OLD',
      `the Exchange is ${version}, and ${OLDEST_EXCHANGE} is the oldest that works`,
      { request: answer.request },
      'Have the hub upgraded.',
    );
  }

  /** The hub's clock, from the Date header of a request that needs no login; undefined where a proxy drops it. */
  async clock(): Promise<Date | undefined> {
    const { headers } = await this.#http.request({ method: 'GET', path: '/admin/version' });
    return headers.date === undefined ? undefined : new Date(headers.date);
  }

  /** Whether an org is there and visible to the user. */
  async hasOrg(org: string): Promise<boolean> {
    const answer = await this.#http.request({ method: 'GET', path: `/orgs/${encode(org)}` });
    if (answer.status === 404 || answer.status === 403) return false;
    this.#expect(answer, 200);
    return true;
  }

  /** Nodes registered in the org, `org/node`. */
  async nodeIds(): Promise<string[]> {
    const answer = await this.#http.request({ method: 'GET', path: `/orgs/${encode(this.party.org)}/nodes` });
    if (!isEmptyListing(answer.status)) this.#expect(answer, 200);
    return [...this.#mapIn(answer, 'nodes', (id) => id).keys()].sort();
  }

  /**
   * What the credentials are: read where the user may read about itself, which nodes and agbots may not; undefined where
   * that cannot be known (root in another org, say).
   */
  async whoAmI(): Promise<Role | undefined> {
    const { user } = this.party;
    const [org = '', name = ''] = user.split('/');
    const answer = await this.#http.request({ method: 'GET', path: `/orgs/${encode(org)}/users/${encode(name)}` });
    if (answer.status === 403 || answer.status === 404)
      return { id: user, text: 'no user but a node or agbot', isAdmin: false, mayPublish: false };
    this.#expect(answer, 200);
    const [entry] = [...this.#mapIn(answer, 'users', (id) => id)];
    if (entry === undefined) return undefined;
    const [id, { admin, hubAdmin }] = entry;
    if (id === SUPER_USER) return { id, text: 'the super user', isAdmin: true, mayPublish: true };
    if (hubAdmin === true) return { id, text: 'a hub admin', isAdmin: false, mayPublish: false };
    if (admin === true) return { id, text: `an admin of ${org}`, isAdmin: true, mayPublish: true };
    return { id, text: `a user of ${org}`, isAdmin: false, mayPublish: true };
  }

  /** Everything of a kind that the user can see in an org, by id without the org. */
  async list(kind: ListedKind, org = this.party.org): Promise<ReadonlyMap<string, Body>> {
    const { path, field } = COLLECTIONS[kind];
    const answer = await this.#http.request({ method: 'GET', path: `/orgs/${encode(org)}/${path}` });
    if (isEmptyListing(answer.status)) {
      this.#mapIn(answer, field);
      return new Map();
    }
    this.#expect(answer, 200);
    return this.#mapIn(answer, field);
  }

  /** One of a kind; undefined where it is missing or the user may not see it. */
  async get(kind: ListedKind, id: string): Promise<Body | undefined> {
    const { field } = COLLECTIONS[kind];
    const answer = await this.#http.request({ method: 'GET', path: this.#path(kind, id) });
    if (answer.status === 404 || answer.status === 403) return undefined;
    this.#expect(answer, 200);
    return this.#mapIn(answer, field).get(id);
  }

  /** Creates; `refused` may mean that it exists, or that the right is missing. */
  async create(kind: ListedKind, id: string, body: Body | ServiceBody, file: string): Promise<WriteOutcome> {
    const path = kind === 'service' ? `/orgs/${encode(this.party.org)}/services` : this.#path(kind, id);
    return this.#write({ method: 'POST', path, ...json(body) }, file, [403, 409]);
  }

  /** Replaces; `missing` when it went away. */
  async replace(kind: ListedKind, id: string, body: Body | ServiceBody, file: string): Promise<WriteOutcome> {
    return this.#write({ method: 'PUT', path: this.#path(kind, id), ...json(body) }, file, [403]);
  }

  async remove(kind: ListedKind, id: string, file: string): Promise<WriteOutcome> {
    return this.#write({ method: 'DELETE', path: this.#path(kind, id) }, file, [403]);
  }

  async servicePolicy(serviceId: string, org = this.party.org): Promise<Body | undefined> {
    const path = `${this.#path('service', serviceId, org)}/policy`;
    const answer = await this.#http.request({ method: 'GET', path });
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200);
    return this.#bodyIn(answer);
  }

  async putServicePolicy(serviceId: string, body: Body, file: string): Promise<WriteOutcome> {
    return this.#write(
      { method: 'PUT', path: `${this.#path('service', serviceId)}/policy`, ...json(body) },
      file,
      [403],
    );
  }

  /** The PEM of a key of a service or pattern; undefined where there is none. */
  async key(kind: 'service' | 'pattern', id: string, keyName: string): Promise<string | undefined> {
    const path = `${this.#path(kind, id)}/keys/${encode(keyName)}`;
    const answer = await this.#http.request({ method: 'GET', path });
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200);
    return answer.text;
  }

  async putKey(
    kind: 'service' | 'pattern',
    id: string,
    keyName: string,
    pem: string,
    file: string,
  ): Promise<WriteOutcome> {
    const path = `${this.#path(kind, id)}/keys/${encode(keyName)}`;
    return this.#write({ method: 'PUT', path, body: pem, contentType: 'text/plain', retryOn: KEY_RETRY }, file, [403]);
  }

  async #write(request: HttpRequest, file: string, mayBeRefused: readonly number[]): Promise<WriteOutcome> {
    const answer = await this.#http.request(request);
    if (answer.status === 201 || answer.status === 204) return 'done';
    if (answer.status === 404 && request.method !== 'POST') return 'missing';
    if (mayBeRefused.includes(answer.status)) return 'refused';
    throw refusal(answer, this.party, file);
  }

  #path(kind: ListedKind, id: string, org = this.party.org): string {
    return `/orgs/${encode(org)}/${COLLECTIONS[kind].path}/${encode(id)}`;
  }

  #expect(answer: HttpAnswer, status: number): void {
    if (answer.status !== status) throw refusal(answer, this.party);
  }

  /** `{services: {"org/id": body}}` as a map by id. */
  #mapIn(answer: HttpAnswer, field: string, key = withoutOrg): Map<string, Body> {
    const value = this.#bodyIn(answer)[field];
    if (!isBody(value)) throw unreadable(answer, this.party);
    return new Map(
      Object.entries(value).map(([id, body]) => {
        if (!isBody(body)) throw unreadable(answer, this.party);
        return [key(id), body];
      }),
    );
  }

  #bodyIn(answer: HttpAnswer): Body {
    try {
      const value: unknown = JSON.parse(answer.text);
      if (isBody(value)) return value;
    } catch {
      // Judged below: what is wrong with it is not in the parser's message.
    }
    throw unreadable(answer, this.party);
  }

  #notAnExchange(answer: HttpAnswer): ArmorError {
    if (answer.status !== 404) return refusal(answer, this.party);
    return new ArmorError(
      'HUB_REJECTED',
      'there is no Exchange at this URL (404)',
      { request: answer.request },
      'Correct HZN_EXCHANGE_URL; it ends in /v1.',
    );
  }
}

function withoutOrg(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

function json(body: Body | ServiceBody): Pick<HttpRequest, 'body' | 'contentType'> {
  return { body: JSON.stringify(body), contentType: 'application/json' };
}

function encode(segment: string): string {
  return encodeURIComponent(segment);
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
