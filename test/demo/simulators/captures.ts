/** Recorded answers of the real systems, where they are at hand: beside the checkout, or where ARMOR_REFERENCE says. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const REFERENCE = process.env.ARMOR_REFERENCE ?? join(import.meta.dirname, '../../../../shared/reference/data');

/** The file, or undefined where the recordings are not at hand. */
export function captureFile(name: string): string | undefined {
  const file = join(REFERENCE, 'captures', name);
  return existsSync(file) ? file : undefined;
}

/** The program that replays recordings against a hub, if it is at hand. */
export function conformanceTool(): string | undefined {
  const file = join(REFERENCE, '../../tools/hub-conformance.mjs');
  return existsSync(file) ? file : undefined;
}

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
