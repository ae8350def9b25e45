/**
 * The yardstick of publish.bench.ts: the same requests, sent by nothing but a loop. A program of its own, so that its
 * start is measured as well; plain JavaScript, so that nothing is spent on its types.
 *
 *   node bare-loop.mjs FILE    FILE: {authorization, concurrency, waves: [[{method, url, body?, type?}]]}
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';

const { authorization, concurrency, waves } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

function send({ method, url, body, type = 'application/json' }) {
  const headers = { authorization };
  if (body !== undefined) Object.assign(headers, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, headers }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

for (const wave of waves) await Promise.all(wave.map(send));
agent.destroy();
