import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { ArmorError } from '#errors';

/** Where the Open Horizon agent put the ESS for this container (reference/exchange-mms.md §C.7). */
export interface EssAddress {
  /** HZN_ESS_API_ADDRESS. */
  readonly socketPath: string;
  /** HZN_ESS_AUTH: `{"id","token"}`, another one per agreement. */
  readonly authFile: string;
  /** HZN_ESS_CERT: self-signed, CN localhost. */
  readonly certFile: string;
}

export interface EssAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The body went on past the limit; the rest was not read. */
  readonly truncated: boolean;
}

export interface EssClient {
  /**
   * One request. Credentials and certificate are read again after a 401, a 403 or a TLS failure, because both change
   * under a running container, and the request is sent once more.
   *
   * @throws ArmorError NODE_UNREACHABLE (no socket, refused, timed out)
   */
  send(method: 'GET' | 'PUT', path: string, options?: { body?: string; limitBytes?: number }): Promise<EssAnswer>;
  close(): void;
}

const TIMEOUT_MS = 10_000;
const DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024;

interface Credentials {
  readonly auth: string;
  readonly ca: Buffer;
}

/** A client for one ESS; it opens nothing until the first request. */
export function connectEss(address: EssAddress): EssClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let credentials: Promise<Credentials> | undefined;

  const attempt = async (method: string, path: string, body: string | undefined, limit: number): Promise<EssAnswer> => {
    credentials ??= readCredentials(address);
    const { auth, ca } = await credentials;
    return exchange({ agent, socketPath: address.socketPath, auth, ca, method, path, body, limit });
  };

  return {
    async send(method, path, { body, limitBytes = DEFAULT_LIMIT_BYTES } = {}) {
      try {
        const answer = await attempt(method, path, body, limitBytes).catch((error: unknown) => {
          if (isTlsFailure(error)) return undefined;
          throw error;
        });
        if (answer !== undefined && answer.status !== 401 && answer.status !== 403) return answer;
        const before = await credentials;
        credentials = undefined;
        const now = await readCredentials(address);
        // A 403 is also the answer for an object that is not there (§0): ask again only with something new to say.
        if (answer !== undefined && before !== undefined && before.auth === now.auth && before.ca.equals(now.ca)) {
          credentials = Promise.resolve(now);
          return answer;
        }
        credentials = Promise.resolve(now);
        return await attempt(method, path, body, limitBytes);
      } catch (error) {
        credentials = undefined;
        throw asUnreachable(error, `${method} ${path}`);
      }
    },
    close() {
      agent.destroy();
    },
  };
}

async function readCredentials({ authFile, certFile }: EssAddress): Promise<Credentials> {
  const [text, ca] = await Promise.all([readFile(authFile, 'utf8'), readFile(certFile)]);
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'id' in parsed && 'token' in parsed) {
    return { auth: `${String(parsed.id)}:${String(parsed.token)}`, ca };
  }
  throw new Error(`${authFile} holds no id and token`);
}

interface Exchange extends Credentials {
  readonly agent: Agent;
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly limit: number;
}

function exchange({ agent, socketPath, auth, ca, method, path, body, limit }: Exchange): Promise<EssAnswer> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      {
        agent,
        socketPath,
        host: 'localhost',
        servername: 'localhost',
        ca,
        auth,
        method,
        path,
        headers,
        timeout: TIMEOUT_MS,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size <= limit) return;
          resolve(answerOf(incoming.statusCode, chunks, true));
          outgoing.destroy();
        });
        incoming.on('error', reject);
        incoming.on('end', () => resolve(answerOf(incoming.statusCode, chunks, false)));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function answerOf(status: number | undefined, chunks: readonly Buffer[], truncated: boolean): EssAnswer {
  return { status: status ?? 0, body: Buffer.concat(chunks), truncated };
}

function isTlsFailure(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
}

function asUnreachable(error: unknown, what: string): ArmorError {
  if (error instanceof ArmorError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ArmorError(
    'NODE_UNREACHABLE',
    `the ESS cannot be used: ${detail}`,
    { request: what },
    'The agent keeps trying and the policies in force stay; look at the Open Horizon agent on this node if it lasts.',
    { cause: error },
  );
}
