import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceFile, testWith } from '#test/support/reference.ts';

const FOLDER = 'captures/kubearmor';

/** `test` for what compares with the recordings of a KubeArmor. */
export const recordedTest = testWith(FOLDER);

export type Json = Readonly<Record<string, unknown>>;

/** The lines of a recording; none when it does not exist: nothing arrived. */
export function readLines(file: string): Json[] {
  const path = join(referenceFile(FOLDER), file);
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
