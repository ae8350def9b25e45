import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hub, startHub } from '#demo/simulators/hub/start-hub.ts';
import type { SeenRequest } from '#demo/simulators/types.ts';
import { $ } from '#test/support/shell.ts';
import { readDist } from '#tools/bundle/read-dist.ts';
import type { Publishable } from '#tools/bundle/types.ts';
import { DEFAULT_CONCURRENCY } from '#tools/hub/open-hub.ts';
import { keyNameOf, type Resource, resourcesOf } from '#tools/hub/resources.ts';
import type { BenchLine } from './run.ts';

/** What bare-loop.mjs reads. */
interface BareLoop {
  readonly authorization: string;
  readonly concurrency: number;
  /** Requests of one wave are under way at once; a wave begins when the one before has ended. */
  readonly waves: readonly (readonly BareRequest[])[];
}

interface BareRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly type?: string;
}

const ROOT = join(import.meta.dirname, '..', '..');
const SERVICES = 200;
const RUNS = 3;
const PROGRAM = 'tools/hzn-armor.mjs';

/**
 * Publishing as whole processes against the simulated hub: the bundle of this repository, and 200 services with a key
 * and a policy each; first, and again with nothing changed; from the sources and from a dist; without latency and with
 * 20 ms; and beside each the same requests from a bare loop.
 */
export async function bench(): Promise<BenchLine[]> {
  const dir = mkdtempSync(join(tmpdir(), 'horizon-armor-bench-'));
  try {
    const home = writeHome(dir);
    const lines: BenchLine[] = [];
    for (const [name, bundle] of [
      ['the bundle', copyBundle(dir)],
      [`${SERVICES} services`, writeServices(dir)],
    ] as const) {
      for (const latencyMs of [0, 20]) {
        lines.push(...(await measure({ name: `${name}, ${latencyMs} ms`, bundle, home, latencyMs })));
      }
    }
    return lines;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Setup {
  readonly name: string;
  readonly bundle: string;
  readonly home: string;
  readonly latencyMs: number;
}

/** Each publish and its bare loop in turn, so that a machine that is busy for a while slows down both. */
async function measure({ name, bundle, home, latencyMs }: Setup): Promise<BenchLine[]> {
  await runProgram(bundle, home, [PROGRAM, 'build']);
  const publishable = await readDist(join(bundle, 'dist'));
  const lines: BenchLine[] = [];
  for (const from of ['sources', 'dist'] as const) {
    const publish = (hub: Hub): Promise<void> =>
      runProgram(bundle, home, [PROGRAM, 'publish', ...(from === 'dist' ? ['dist'] : []), '--json'], hub);
    const works: readonly Work[] = [
      { run: publish },
      { run: (hub) => bareLoop(bundle, home, hub, firstWaves(publishable, hub)) },
      { before: publish, run: publish },
      { before: publish, run: (hub) => bareLoop(bundle, home, hub, secondWaves(publishable, hub)) },
    ];
    const timings: Timing[][] = works.map(() => []);
    for (let round = 0; round < RUNS; round += 1) {
      for (const [index, work] of works.entries()) timings[index]?.push(await timed(latencyMs, work));
    }
    const [first, bareFirst, again, bareAgain] = timings.map(median);
    if (first && bareFirst) lines.push(line(`${name}: publish from ${from}`, first, bareFirst));
    if (again && bareAgain) lines.push(line(`${name}: nothing changed, from ${from}`, again, bareAgain));
  }
  return lines;
}

interface Work {
  readonly before?: (hub: Hub) => Promise<void>;
  readonly run: (hub: Hub) => Promise<void>;
}

interface Timing {
  readonly ms: number;
  readonly seen: readonly SeenRequest[];
}

/** One run on a new hub. */
async function timed(latencyMs: number, { before = async () => {}, run }: Work): Promise<Timing> {
  const hub = await startHub({ latencyMs });
  await before(hub);
  const [exchange, css] = [hub.exchange.seen.length, hub.css.seen.length];
  const begun = performance.now();
  await run(hub);
  const ms = performance.now() - begun;
  const seen = [...hub.exchange.seen.slice(exchange), ...hub.css.seen.slice(css)];
  await hub.close();
  return { ms, seen };
}

function median(timings: readonly Timing[]): Timing | undefined {
  return timings.toSorted((a, b) => a.ms - b.ms)[Math.floor(timings.length / 2)];
}

function line(name: string, { ms, seen }: Timing, bare: Timing): BenchLine {
  const reads = seen.filter(({ method }) => method === 'GET').length;
  const bytes = seen.reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0);
  const most = Math.max(...seen.map(({ inFlight }) => inFlight));
  const requests = `${reads} reads, ${seen.length - reads} writes, ${Math.round(bytes / 1024)} KiB, ${most} in flight`;
  const ratio = `bare loop of ${bare.seen.length} requests ${bare.ms.toFixed(0)} ms, ratio ${(ms / bare.ms).toFixed(2)}`;
  return { name, value: `${ms.toFixed(0)} ms; ${requests}; ${ratio}` };
}

async function runProgram(bundle: string, home: string, args: readonly string[], hub?: Hub): Promise<void> {
  const [script = '', ...rest] = args;
  const options = {
    cwd: bundle,
    env: {
      HOME: home,
      HZN_ORG_ID: 'demo',
      ...(hub === undefined
        ? {}
        : {
            HZN_EXCHANGE_URL: hub.access.exchangeUrl,
            HZN_FSS_CSSURL: hub.access.cssUrl,
            HZN_EXCHANGE_USER_AUTH: `demo/${hub.access.user}:${hub.access.password}`,
          }),
    },
  };
  await $(options)`${process.execPath} ${join(ROOT, script)} ${rest}`;
}

async function bareLoop(bundle: string, home: string, hub: Hub, waves: BareLoop['waves']): Promise<void> {
  const file = join(bundle, 'bare-loop.json');
  const { user, password } = hub.access;
  const authorization = `Basic ${Buffer.from(`demo/${user}:${password}`).toString('base64')}`;
  const loop: BareLoop = { authorization, concurrency: DEFAULT_CONCURRENCY, waves };
  writeFileSync(file, JSON.stringify(loop));
  await runProgram(bundle, home, ['test/bench/bare-loop.mjs', file]);
}

/** What a first publish sends: listings, then what needs nothing, then what needs that. */
function firstWaves(publishable: Publishable, hub: Hub): BareLoop['waves'] {
  const writes = Map.groupBy(resourcesOf(publishable), ({ kind }) => WAVES[kind]);
  return [
    listings(hub),
    ...[0, 1, 2].map((wave) => (writes.get(wave) ?? []).flatMap((resource) => request(resource, hub))),
  ];
}

/** What a publish sends when nothing has changed: listings, and what no listing carries. */
function secondWaves({ services, servicePolicies, patterns, objects, keys }: Publishable, hub: Hub): BareLoop['waves'] {
  const { exchangeUrl, cssUrl } = hub.access;
  const of = (path: string): BareRequest => ({ method: 'GET', url: `${exchangeUrl}/orgs/demo/${path}` });
  const signed = patterns.filter(({ body }) => JSON.stringify(body).includes('deployment_overrides"'));
  return [
    listings(hub),
    [
      ...keys.flatMap(({ keyId }) => services.map(({ id }) => of(`services/${id}/keys/${keyNameOf(keyId)}`))),
      ...keys.flatMap(({ keyId }) => signed.map(({ id }) => of(`patterns/${id}/keys/${keyNameOf(keyId)}`))),
      ...servicePolicies.map(({ id }) => of(`services/${id}/policy`)),
      ...objects.map(
        ({ objectId }): BareRequest => ({
          method: 'GET',
          url: `${cssUrl}/api/v1/objects/demo/security-policy/${objectId}/data`,
        }),
      ),
    ],
  ];
}

function listings({ access: { exchangeUrl, cssUrl } }: Hub): BareRequest[] {
  const paths = ['admin/version', 'orgs/demo/services', 'orgs/demo/patterns', 'orgs/demo/business/policies'];
  return [
    ...paths.map((path) => `${exchangeUrl}/${path}`),
    `${cssUrl}/api/v1/objects/demo?filters=true&objectType=security-policy`,
  ].map((url) => ({ method: 'GET', url }));
}

const WAVES: Readonly<Record<Resource['kind'], number>> = {
  service: 0,
  'security-policy': 0,
  'service-key': 1,
  'service-policy': 1,
  pattern: 2,
  'pattern-key': 2,
  'deployment-policy': 2,
};

/** The same writes; an object is read back as publish does, metadata and data. */
function request(resource: Resource, { access: { exchangeUrl, cssUrl } }: Hub): BareRequest[] {
  const org = `${exchangeUrl}/orgs/demo`;
  switch (resource.kind) {
    case 'service':
      return [{ method: 'POST', url: `${org}/services`, body: JSON.stringify(resource.body) }];
    case 'service-policy':
      return [{ method: 'PUT', url: `${org}/services/${resource.id}/policy`, body: JSON.stringify(resource.body) }];
    case 'service-key':
    case 'pattern-key': {
      const owner = resource.kind === 'service-key' ? 'services' : 'patterns';
      const url = `${org}/${owner}/${resource.owner}/keys/${resource.keyName}`;
      return [{ method: 'PUT', url, body: resource.pem, type: 'text/plain' }];
    }
    case 'pattern':
      return [{ method: 'POST', url: `${org}/patterns/${resource.id}`, body: JSON.stringify(resource.body) }];
    case 'deployment-policy':
      return [{ method: 'POST', url: `${org}/business/policies/${resource.id}`, body: JSON.stringify(resource.body) }];
    case 'security-policy': {
      const url = `${cssUrl}/api/v1/objects/demo/security-policy/${resource.id}`;
      const body = JSON.stringify({ meta: resource.metadata, data: Buffer.from(resource.envelope).toString('base64') });
      return [
        { method: 'PUT', url, body },
        { method: 'GET', url },
        { method: 'GET', url: `${url}/data` },
      ];
    }
  }
}

function writeHome(dir: string): string {
  const home = join(dir, 'home');
  mkdirSync(join(home, '.hzn/keys'), { recursive: true });
  // The size that `hzn key create` and `hzn-armor keys create` make.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' });
  writeFileSync(join(home, '.hzn/keys/service.private.key'), pem, { mode: 0o600 });
  return home;
}

/** The sources of this repository. */
function copyBundle(dir: string): string {
  const bundle = join(dir, 'bundle');
  for (const part of [
    'horizon-armor.yaml',
    'images.lock.yaml',
    'services',
    'patterns',
    'deployment-policies',
    'node-policies',
  ])
    cpSync(join(ROOT, part), join(bundle, part), { recursive: true });
  return bundle;
}

function writeServices(dir: string): string {
  const bundle = join(dir, 'services');
  const policies = readFileSync(join(ROOT, 'services/homeassistant/service.policy.yaml'), 'utf8');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'horizon-armor.yaml'), 'name: many\nversion: "1.0.0"\n');
  for (let index = 0; index < SERVICES; index += 1) {
    const folder = join(bundle, 'services', `service-${index}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'service.yaml'),
      `label: Service ${index}
url: bench.service-${index}
version: "1.0.0"
arch: amd64
sharable: multiple
deployment:
  services:
    main: { image: "example.com/service-${index}:1.0.0", environment: ["INDEX=${index}"], binds: ["data:/data"] }
`,
    );
    writeFileSync(join(folder, 'service.policy.yaml'), policies);
  }
  return bundle;
}
