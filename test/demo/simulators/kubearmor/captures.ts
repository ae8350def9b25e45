import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const reference =
  process.env.ARMOR_REFERENCE ?? new URL('../../../../../shared/reference/data', import.meta.url).pathname;
const folder = join(reference, 'captures/kubearmor');

/** Why a comparison with the recordings cannot be made here, or undefined. */
export const noCaptures = existsSync(folder) ? undefined : `no recordings at ${folder}; set ARMOR_REFERENCE`;

export type Json = Readonly<Record<string, unknown>>;

/** The lines of a recording; none when it does not exist: nothing arrived. */
export function readLines(file: string): Json[] {
  const path = join(folder, file);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export interface RecordedCall {
  readonly method: 'containerPolicy' | 'hostPolicy';
  /** JSON text. */
  readonly request: string;
  readonly status: string;
}

/** All recorded policy calls, in order; the first has number 1. */
export function recordedCalls(): RecordedCall[] {
  return readLines('responses.ndjson').map(({ method, request, response }) => ({
    method: method === 'hostPolicy' ? 'hostPolicy' : 'containerPolicy',
    request: typeof request === 'string' ? request : JSON.stringify(request),
    status: typeof response === 'object' && response !== null && 'status' in response ? String(response.status) : '',
  }));
}
