import type { ExecutionContext } from 'ava';
import { type ExchangeOptions, type ExchangeSimulator, startExchange } from '#demo/simulators/exchange/exchange.ts';
import { DEFAULT_HUB_STATE } from '#demo/simulators/hub-state.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';

export interface Reply {
  readonly status: number;
  readonly type: string | null;
  /** JSON where the answer is JSON, else text. */
  readonly body: unknown;
  /** What stands at this path in the body; undefined where nothing does. */
  at(...path: readonly (string | number)[]): unknown;
  /** The keys of the object that stands there; none where there is no object. */
  keys(...path: readonly (string | number)[]): string[];
  /** The objects in the list that stands there; none where there is no list. */
  list(...path: readonly (string | number)[]): readonly Fields[];
}

export interface RequestOptions {
  /** `org/name`; an empty text sends no credentials. */
  readonly as?: string;
  readonly password?: string;
  /** Objects are sent as JSON, texts as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Ask = (method: string, path: string, options?: RequestOptions) => Promise<Reply>;

/** An Exchange in the recorded hub's state, and a way to talk to it; closed after the test. */
export async function exchange(
  t: ExecutionContext,
  options: Partial<ExchangeOptions> = {},
): Promise<{ readonly ask: Ask; readonly simulator: ExchangeSimulator }> {
  const simulator = await startExchange({ state: DEFAULT_HUB_STATE, ...options });
  t.teardown(() => simulator.close());
  return { simulator, ask: (method, path, request) => ask(simulator.url, method, path, request) };
}

export function basic(id: string, password = 'pw'): string {
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

async function ask(base: string, method: string, path: string, request: RequestOptions = {}): Promise<Reply> {
  const { as = 'acme/admin', password, body, headers } = request;
  const json = body !== undefined && typeof body !== 'string';
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(as === '' ? {} : { authorization: basic(as, password) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : String(body) }),
  });
  const type = response.headers.get('content-type');
  const text = await response.text();
  const answer: unknown = type === 'application/json' ? JSON.parse(text) : text;
  return {
    status: response.status,
    type,
    body: answer,
    at: (...path) => valueAt(answer, path),
    list: (...path) => [valueAt(answer, path)].flat().filter(isFields),
    keys: (...path) => Object.keys(Object(valueAt(answer, path))),
  };
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => Object(inner)[key], value);
}

export function service(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    label: 'L',
    url: 'lab.svc',
    version: '1.0.0',
    arch: 'amd64',
    public: false,
    sharable: 'multiple',
    ...fields,
  };
}

export function pattern(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const serviceVersions = [{ version: '1.0.0' }];
  const services = [{ serviceOrgid: 'acme', serviceUrl: 'lab.svc', serviceArch: 'amd64', serviceVersions }];
  return { label: 'P', services, ...fields };
}

export function policy(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const serviceVersions = [{ version: '1.0.0' }];
  return { label: 'D', service: { org: 'acme', name: 'lab.svc', arch: 'amd64', serviceVersions }, ...fields };
}

export function node(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: 'n', token: 'token-of-the-node', pattern: '', publicKey: 'KEY', arch: 'amd64', ...fields };
}
