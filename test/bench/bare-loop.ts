/**
 * The yardstick of publish.bench.ts: the same requests, sent by nothing but a loop. A program of its own, so that its
 * start is measured as well.
 *
 *   node bare-loop.ts FILE    FILE: {authorization, concurrency, waves: [[{method, url, body?, type?}]]}
 *
 * Requests of one wave are under way at once, as many as `concurrency` allows; a wave begins when the one before ended.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';

export interface BareRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly type?: string;
}

export interface BareLoop {
  readonly authorization: string;
  readonly concurrency: number;
  readonly waves: readonly (readonly BareRequest[])[];
}

const [file] = process.argv.slice(2);
if (file !== undefined) await run(JSON.parse(readFileSync(file, 'utf8')));

async function run({ authorization, concurrency, waves }: BareLoop): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  for (const wave of waves) await Promise.all(wave.map((request) => send(request, authorization, agent)));
  agent.destroy();
}

function send({ method, url, body, type }: BareRequest, authorization: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization,
      ...(body === undefined
        ? {}
        : { 'content-type': type ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const request = http.request(url, { method, agent, headers }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}
