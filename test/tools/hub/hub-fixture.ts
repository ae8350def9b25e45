import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Hub, type HubOptions, startHub } from '#demo/simulators/hub/start-hub.ts';
import type { Fate, HubState, SeenRequest } from '#demo/simulators/types.ts';
import { type Ran, run } from '#test/support/run-command.ts';
import { signerOf } from '#tools/signing/signer.ts';
import { writeBundle } from '../bundle/bundle-fixture.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

/** Unlike any other text, so that a search of all output finds it if it leaks. */
export const PASSWORD = 'S3cret%passw0rd+x';

export const STATE: HubState = {
  password: PASSWORD,
  orgs: ['root', 'IBM', 'acme', 'beta'],
  users: [
    { id: 'root/root', root: true },
    { id: 'acme/admin', admin: true },
    { id: 'acme/ci' },
    { id: 'acme/other' },
    { id: 'beta/user' },
  ],
  nodes: [{ id: 'acme/node1', token: PASSWORD, nodeType: 'device', arch: 'amd64' }],
  agbots: [{ id: 'IBM/agbot', token: PASSWORD }],
};

const pem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

/** One key for a whole test file: making one takes longer than publishing with it. */
const KEY = pem();

/** The publisher's key, for envelopes that another publisher with the same key would make. */
export const SIGNER = signerOf(createPrivateKey(KEY));

export type FateRule = (request: { readonly index: number; readonly method: string; readonly path: string }) => Fate;

export const SERVE: Fate = { kind: 'serve' };

export interface Publisher {
  readonly hub: Hub;
  /** The bundle. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command in the bundle's directory. */
  run(args: readonly string[], env?: Readonly<Record<string, string | undefined>>, signal?: AbortSignal): Promise<Ran>;
  /** Changes a file of the bundle; undefined text empties nothing, it writes. */
  write(file: string, text: string): void;
  /** From now on, for every request; absent: served as usual. */
  meet(rule?: FateRule): void;
  /** Requests to both servers since the last call, one server after the other. */
  seen(): SeenRequest[];
  /** Writes to both servers since `meet` was called, in order of arrival: `METHOD path`. */
  readonly writes: string[];
}

export interface PublisherOptions extends Pick<HubOptions, 'latencyMs' | 'queueMs' | 'tls'> {
  readonly changes?: Readonly<Record<string, string | undefined>>;
  /** A bundle that is there already, instead of a new one: what was loaded of it once is remembered. */
  readonly dir?: string;
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A hub, a bundle, a key and a user: everything that a publisher has. */
export async function publisher(t: ExecutionContext, options: PublisherOptions = {}): Promise<Publisher> {
  let rule: FateRule | undefined;
  let arrived = 0;
  const writes: string[] = [];
  const { changes = {}, dir = writeBundle(t, changes), user = 'acme/ci', env: more = {}, ...behaviour } = options;
  const hub = await startHub({
    state: STATE,
    ...behaviour,
    fate: (request) => {
      const index = arrived;
      arrived += 1;
      if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`);
      return rule?.({ ...request, index }) ?? SERVE;
    },
  });
  t.teardown(() => hub.close());
  const home = temporaryDirectory(t);
  writeKey(home, KEY);
  const env = {
    HOME: home,
    HZN_EXCHANGE_URL: hub.access.exchangeUrl,
    HZN_FSS_CSSURL: hub.access.cssUrl,
    HZN_ORG_ID: 'acme',
    HZN_EXCHANGE_USER_AUTH: `${user}:${PASSWORD}`,
    // Faults are met at once; how long to wait between retries is tested by itself.
    HZN_HTTP_RETRIES: '0',
    ...more,
  };
  const counted = { exchange: 0, css: 0 };
  return {
    hub,
    dir,
    env,
    run: (args, changed = {}, signal = new AbortController().signal) =>
      run(args, { cwd: dir, env: { ...env, ...changed }, signal }),
    write: (file, text) => {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), text);
    },
    meet: (given) => {
      rule = given;
      arrived = 0;
      writes.length = 0;
    },
    writes,
    seen: () => {
      const all = [...hub.exchange.seen.slice(counted.exchange), ...hub.css.seen.slice(counted.css)];
      counted.exchange = hub.exchange.seen.length;
      counted.css = hub.css.seen.length;
      return all;
    },
  };
}

/** Another publisher's key in a home of its own. */
export function otherHome(t: ExecutionContext): string {
  const home = temporaryDirectory(t);
  writeKey(home, pem());
  return home;
}

function writeKey(home: string, key: string): void {
  mkdirSync(join(home, '.hzn/keys'), { recursive: true });
  writeFileSync(join(home, '.hzn/keys/service.private.key'), key, { mode: 0o600 });
}

export interface Published {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly requests: { readonly reads: number; readonly writes: number };
}

/** Publishes and expects it to succeed. */
export async function publishes(
  t: ExecutionContext,
  { run: execute }: Publisher,
  ...args: string[]
): Promise<Published> {
  const { status, stdout, stderr } = await execute(['publish', ...args, '--json']);
  t.is(status, 0, stdout + stderr);
  return JSON.parse(stdout);
}
