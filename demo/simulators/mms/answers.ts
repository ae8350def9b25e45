/** What the sync service's handlers answer with. */
import type { HttpAnswer } from '../http.ts';
import { type Writable, writeGoJson } from './go-json-write.ts';
import { escapeHtml, isValidName } from './names.ts';
import { SyncError } from './sync-error.ts';

/** On every answer of the API, of the errors too. */
const API_HEADERS = {
  'cache-control': 'no-store, no-cache, must-revalidate',
  pragma: 'no-cache',
  'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
};

const TEXT = 'text/plain; charset=utf-8';

/** A status alone. */
export const status = (code: number): HttpAnswer => ({ status: code, headers: API_HEADERS });

export const noContent = status(204);
export const notFound = status(404);
export const badRequest = status(400);
export const methodNotAllowed = status(405);

/** Failed logins and missing rights alike: never a 401 (reference/exchange-mms.md §C.1). */
export const forbidden: HttpAnswer = {
  status: 403,
  headers: { ...API_HEADERS, 'content-type': TEXT },
  body: 'Unauthorized',
};

export const plain = (code: number, text: string): HttpAnswer => ({
  status: code,
  headers: { ...API_HEADERS, 'content-type': TEXT },
  body: `${text}\n`,
});

export const json = (value: Writable): HttpAnswer => ({
  status: 200,
  headers: { ...API_HEADERS, 'content-type': 'application/json' },
  body: writeGoJson(value),
});

/** A listing; one without entries is a 404. */
export const listing = (items: readonly Writable[]): HttpAnswer => (items.length === 0 ? notFound : json(items));

/** An object's status; its content type is the sync service's own. */
export const statusText = (text: string): HttpAnswer => ({
  status: 200,
  headers: { ...API_HEADERS, 'content-type': 'plain/text' },
  body: text,
});

export const octets = (code: number, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status: code,
  headers: { ...API_HEADERS, 'content-type': 'application/octet-stream', ...headers },
  body,
});

/** Runs a handler; what it refuses becomes an answer that starts with `prefix`. */
export async function refusing(prefix: string, handle: () => HttpAnswer | Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof SyncError) return plain(error.status, `${prefix}${error.message}`);
    throw error;
  }
}

/** Names of a path that are no names; answered before anybody logs in. */
export function nameRefusal(names: {
  readonly org?: string;
  readonly type?: string;
  readonly id?: string;
  readonly destination?: { readonly type: string; readonly id: string };
}): HttpAnswer | undefined {
  const { org = '', type = '', id = '', destination } = names;
  const refuse = (what: string, name: string): HttpAnswer =>
    plain(400, `${what} (${escapeHtml(name)}) contains invalid characters`);
  if (destination !== undefined && /[<>]/.test(`${destination.type}:${destination.id}`)) {
    return refuse('Destination Type and/or destination ID', `${destination.type}:${destination.id}`);
  }
  if (org !== '' && !isValidName(org)) return refuse('Organization ID', org);
  if (type !== '' && !isValidName(type)) return refuse('object Type', type);
  if (id !== '' && !isValidName(id)) return refuse('object ID', id);
  return undefined;
}
