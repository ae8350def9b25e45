import { readFileSync } from 'node:fs';

export interface RecordedExchange {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly as?: string | null;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    /** The body as it was, where it holds integers beyond 2^53. */
    readonly text?: string;
  };
}

export function readRecording(file: string): readonly RecordedExchange[] {
  return JSON.parse(readFileSync(file, 'utf8'));
}
