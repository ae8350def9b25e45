import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#agent/clock.ts';
import type { EssClient } from '#agent/sources/ess-client.ts';
import { writeAtomically } from '#agent/sources/store.ts';
import { STATUS_OBJECT_TYPE } from '#policy/payload.ts';
import type { SecurityStatus } from './security-status.ts';
import { createNodeKey, signStatus } from './signed-status.ts';

/** Puts the node's signed report into the ESS when something changed, at most once an interval (design §7.8). */
export interface Reporter {
  /** What the report tells has changed. */
  changed(): void;
  /** Sends if something is due. Never throws: an ESS that is down gets the newest report when it is back. */
  flush(): Promise<void>;
  /** Of the last report that the ESS took. */
  readonly lastSeq: number;
}

/** An unchanged node still says that it is there. */
const KEEPALIVE_MS = 15 * 60_000;

export interface ReporterContext {
  readonly ess: EssClient | undefined;
  readonly org: string;
  /** Node id without the org: the object's id. */
  readonly node: string;
  readonly dataDir: string;
  readonly clock: Clock;
  /** Between two reports, at the least. */
  readonly intervalMs: number;
  readonly status: (seq: number) => SecurityStatus;
}

/** Opens (or makes, at the first start) the node's key and its report counter. */
export async function createReporter(context: ReporterContext): Promise<Reporter> {
  const key = await loadNodeKey(join(context.dataDir, 'node-key.pem'));
  const counter = join(context.dataDir, 'report-seq');
  let seq = Number(await readFile(counter, 'utf8').catch(() => '0')) || 0;
  let dirty = true;
  let sentMs: number | undefined;
  let sending = false;
  return {
    changed() {
      dirty = true;
    },
    get lastSeq() {
      return seq;
    },
    async flush() {
      const now = context.clock.monotonicMs();
      const age = sentMs === undefined ? Number.POSITIVE_INFINITY : now - sentMs;
      if (context.ess === undefined || sending || !(age >= KEEPALIVE_MS || (dirty && age >= context.intervalMs)))
        return;
      sending = true;
      dirty = false;
      try {
        // Counted before it is sent: a number that was used is never used for something else.
        const next = Math.max(seq + 1, Math.floor(context.clock.wallMs() / 1000));
        await writeAtomically(counter, String(next)).catch(() => undefined);
        seq = next;
        await put(context.ess, context, signStatus(context.status(seq), key));
        sentMs = now;
      } catch {
        dirty = true;
      } finally {
        sending = false;
      }
    },
  };
}

/** Without a destination an object in the ESS goes up to the hub (reference/exchange-mms.md §0). */
async function put(ess: EssClient, { org, node }: ReporterContext, text: string): Promise<void> {
  const meta = {
    objectID: node,
    objectType: STATUS_OBJECT_TYPE,
    destinationOrgID: org,
    consumers: -1,
    description: 'horizon-armor',
  };
  const body = JSON.stringify({ meta, data: Buffer.from(text).toString('base64') });
  const path = `/api/v1/objects/${STATUS_OBJECT_TYPE}/${encodeURIComponent(node)}`;
  const { status } = await ess.send('PUT', path, { body });
  if (status !== 204 && status !== 200) throw new Error(`the ESS answered ${status} to the status report`);
}

async function loadNodeKey(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file, 'utf8'));
  } catch {
    const key = createNodeKey();
    await writeAtomically(file, key.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
    return key;
  }
}
