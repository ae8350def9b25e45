import type { Body } from '#tools/bundle/types.ts';
import { type HubParty, refusal, unreadable } from './answers.ts';
import { parseExactJson } from './http/exact-json.ts';
import type { HttpAnswer, HttpClient } from './http/http-client.ts';
import { isEmptyListing, PUBLISHED_ORIGIN } from './quirks.ts';

/** MMS metadata as the CSS gives it; numbers beyond 2^53 are texts (reference/exchange-mms.md §C.3). */
export interface ObjectMetadata {
  readonly objectID: string;
  readonly objectType: string;
  readonly body: Body;
  /** `org/user`, or `org/node` for what a node put there. */
  readonly owner: string;
  /** The node that put it there; undefined for what was published here. */
  readonly putByNode?: string;
  readonly deleted: boolean;
}

export interface Destination {
  readonly type: string;
  readonly id: string;
  /** pending, delivering, delivered, consumed, deleted, error … */
  readonly status: string;
  readonly message: string;
}

/** `taken`: the id is on the receiving side, a node put it there (§0). `policy-fixed`: placement of another kind (§C.3). */
export type PutOutcome = 'done' | 'taken' | 'policy-fixed';

/** The CSS of one org (reference/exchange-mms.md §C). Every failure is an ArmorError that says what to do. */
export class Css {
  readonly party: HubParty;
  readonly #http: HttpClient;

  constructor(http: HttpClient, party: HubParty) {
    this.#http = http;
    this.party = party;
  }

  /** Everything of a type in the org, whoever put it there. */
  async list(objectType: string): Promise<ObjectMetadata[]> {
    const query = `filters=true&objectType=${encodeURIComponent(objectType)}`;
    const answer = await this.#get(`${this.#root()}?${query}`);
    // A CSS says no more than 404 (§0). Whoever says more is something else, and holds no policies because it is.
    if (isEmptyListing(answer.status) && answer.text === '') return [];
    this.#expect(answer, 200);
    return this.#listIn(answer).map((body) => this.#metadata(body, answer));
  }

  async metadata(objectType: string, objectId: string): Promise<ObjectMetadata | undefined> {
    const answer = await this.#get(this.#path(objectType, objectId));
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200);
    const value = this.#parse(answer);
    if (!isBody(value)) throw unreadable(answer, this.party);
    return this.#metadata(value, answer);
  }

  /** The data as text; undefined where there is none, which is also so for a moment while it is replaced. */
  async data(objectType: string, objectId: string): Promise<string | undefined> {
    const answer = await this.#get(`${this.#path(objectType, objectId)}/data`);
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200);
    return answer.text;
  }

  /** Metadata and data in one request. The 204 proves nothing (§C.1): read it back. */
  async put(metadata: Body, data: string, file: string): Promise<PutOutcome> {
    const { objectType, objectID } = metadata;
    const path = this.#path(String(objectType), String(objectID));
    const body = JSON.stringify({ meta: metadata, data: Buffer.from(data).toString('base64') });
    const answer = await this.#http.request({ method: 'PUT', path, body, contentType: 'application/json' });
    if (answer.status === 204) return 'done';
    if (answer.status === 400 && /receiving side/i.test(answer.text)) return 'taken';
    if (answer.status === 400 && /destination policy/i.test(answer.text)) return 'policy-fixed';
    throw refusal(answer, this.party, file);
  }

  /** Also when it is no longer there. */
  async remove(objectType: string, objectId: string): Promise<void> {
    const answer = await this.#http.request({ method: 'DELETE', path: this.#path(objectType, objectId) });
    if (answer.status !== 204 && answer.status !== 404) throw refusal(answer, this.party);
  }

  /** The nodes an object is on its way to, or has reached. */
  async destinations(objectType: string, objectId: string): Promise<Destination[]> {
    const answer = await this.#get(`${this.#path(objectType, objectId)}/destinations`);
    if (isEmptyListing(answer.status)) return [];
    this.#expect(answer, 200);
    return this.#listIn(answer).map(({ destinationType, destinationID, status, message }) => ({
      type: text(destinationType),
      id: text(destinationID),
      status: text(status),
      message: this.party.redact(text(message)),
    }));
  }

  #get(path: string): Promise<HttpAnswer> {
    return this.#http.request({ method: 'GET', path });
  }

  #root(): string {
    return `/api/v1/objects/${encodeURIComponent(this.party.org)}`;
  }

  #path(objectType: string, objectId: string): string {
    return `${this.#root()}/${encodeURIComponent(objectType)}/${encodeURIComponent(objectId)}`;
  }

  #expect(answer: HttpAnswer, status: number): void {
    if (answer.status !== status) throw refusal(answer, this.party);
  }

  #listIn(answer: HttpAnswer): Body[] {
    const value = this.#parse(answer);
    if (!Array.isArray(value) || !value.every(isBody)) throw unreadable(answer, this.party);
    return value;
  }

  #parse(answer: HttpAnswer): unknown {
    try {
      return parseExactJson(answer.text);
    } catch {
      throw unreadable(answer, this.party);
    }
  }

  #metadata(body: Body, answer: HttpAnswer): ObjectMetadata {
    const { objectID, objectType, ownerID, originID, originType, deleted } = body;
    if (typeof objectID !== 'string' || typeof objectType !== 'string') throw unreadable(answer, this.party);
    const fromNode = originType !== undefined && originType !== '' && originType !== PUBLISHED_ORIGIN;
    return {
      objectID,
      objectType,
      body,
      owner: text(ownerID),
      deleted: deleted === true,
      ...(fromNode ? { putByNode: text(originID) } : {}),
    };
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
