import http from 'node:http';
import https from 'node:https';

/** A request of one simulator to another, or to a real hub. */
export interface HttpCall {
  readonly url: string;
  readonly method?: string;
  /** Basic credentials as `id:secret`. */
  readonly auth?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** CA certificates (PEM) of a server with a private one. */
  readonly ca?: string | undefined;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request on a connection of its own and reads the reply to its end. @throws the connection's error */
export function httpCall({ url, method = 'GET', auth, headers = {}, body, ca }: HttpCall): Promise<HttpReply> {
  const target = new URL(url);
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const options = {
    method,
    agent: false,
    headers: { ...headers, ...(method === 'GET' ? {} : { 'content-length': String(length) }) },
    ...(auth === undefined ? {} : { auth }),
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((resolve, reject) => {
    const client = target.protocol === 'https:' ? https : http;
    const request = client.request(target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
