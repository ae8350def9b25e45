import type { SecurityEvent } from '../event.ts';
import { normalise, type RejectReason } from '../normalise.ts';
import { type LineBatch, lineBatches } from './line-batches.ts';
import { plainBytes } from './plain-bytes.ts';

/** Why a line gave no event. */
export type UnreadableReason = RejectReason | 'not-json' | 'too-long';

export interface UnreadableLine {
  readonly line: number;
  readonly reason: UnreadableReason;
}

/** What one piece of input held. */
export interface TelemetryBatch {
  readonly events: readonly SecurityEvent[];
  readonly unreadable: readonly UnreadableLine[];
  /** Lines and bytes (decompressed) read so far. */
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Reads recorded KubeArmor telemetry, one JSON object a line: gRPC messages as grpc-js or `karmor logs --json` print
 * them, KubeArmor's stdout, the same inside of Docker's json-file log, any of them in gzip. Flat in memory; lines that
 * are no event are named, blank ones passed over.
 */
export async function* readTelemetry(source: AsyncIterable<Uint8Array>): AsyncGenerator<TelemetryBatch> {
  for await (const batch of lineBatches(plainBytes(source))) yield decode(batch);
}

function decode({ firstLine, lines, tooLong, bytes }: LineBatch): TelemetryBatch {
  const events: SecurityEvent[] = [];
  const unreadable: UnreadableLine[] = tooLong.map((line) => ({ line, reason: 'too-long' }));
  let number = firstLine;
  for (const line of lines) {
    const decoded = decodeLine(line);
    if (typeof decoded === 'string') unreadable.push({ line: number, reason: decoded });
    else if (decoded !== undefined) events.push(decoded);
    number++;
  }
  return { events, unreadable, lines: number - 1, bytes };
}

const BRACE = 0x7b;

/** One line of telemetry: an event, why it is none, or undefined for a blank line. */
export function decodeLine(line: string): SecurityEvent | UnreadableReason | undefined {
  const text = line.charCodeAt(0) === BRACE ? line : line.trim();
  if (text === '') return undefined;
  if (text.charCodeAt(0) !== BRACE) return 'not-json';
  const value = parse(text);
  if (value === undefined) return 'not-json';
  const normalised = normalise(value);
  if (normalised.kind === 'event') return normalised.event;
  const logged = dockerLogged(value);
  return logged === undefined ? normalised.reason : decodeLine(logged);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Docker's json-file driver wraps each line: `{"log":"…\n","stream":"stdout","time":"…"}`. */
function dockerLogged(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('log' in value) || !('stream' in value)) return undefined;
  return typeof value.log === 'string' ? value.log : undefined;
}
