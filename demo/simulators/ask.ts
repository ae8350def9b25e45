import { httpCall } from './http-call.ts';

/** A request to a hub's server, wherever it runs. */
export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's base URL, percent-encoded, with query. */
  readonly path: string;
  /** Basic credentials as `id:secret`. */
  readonly auth: string;
  /** JSON text. */
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** The server could not be asked, or gave an answer that is none. */
export class AskFailed extends Error {}

/**
 * Sends requests to one server: over HTTP, or to a simulator in the same process. The latter leaves no trace in its
 * `seen` and is not slowed down or cut: agbot and nodes work on while a publisher's requests are counted and broken.
 *
 * @throws AskFailed
 */
export type Ask = (question: Question) => Promise<Reply>;

export function askOver(baseUrl: string, ca?: string): Ask {
  return async ({ method = 'GET', path, auth, body }) => {
    const reply = await httpCall({
      url: `${baseUrl}${path}`,
      method,
      auth,
      ca,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    }).catch((error: unknown) => {
      throw new AskFailed(`${method} ${baseUrl}${path} failed`, { cause: error });
    });
    return { status: reply.status, body: reply.body.toString() };
  };
}

export const basicAuthorization = (auth: string): string => `Basic ${Buffer.from(auth).toString('base64')}`;
