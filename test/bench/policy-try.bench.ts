import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tryPolicies } from '#tools/policy-try/try-policies.ts';
import type { BenchLine } from './run.ts';
import { sampleLines, samplePolicies } from './telemetry-sample.ts';

const FILE_EVENTS = 200_000;
/** BENCH_EVENTS=10000000 shows that memory does not grow with the input. */
const EVENTS = Number(process.env.BENCH_EVENTS ?? 400_000);

/** A whole `policy try` of 200 policies, from files to result. */
export async function bench(): Promise<BenchLine[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-try-'));
  try {
    const file = path.join(folder, 'events.ndjson');
    await writeSample(file);
    const files = Math.max(1, Math.round(EVENTS / FILE_EVENTS));
    const bytes = files * (await stat(file)).size;
    const source = { name: file, open: () => createReadStream(file, { highWaterMark: 1024 * 1024 }) };
    let peak = 0;
    const started = performance.now();
    const { events } = await tryPolicies({
      policies: samplePolicies(200),
      sources: Array.from({ length: files }, () => source),
      options: {},
      filter: { containers: [], services: [] },
      ignoreSelectors: false,
      signal: new AbortController().signal,
      progress: () => {
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    });
    const seconds = (performance.now() - started) / 1000;
    return [
      { name: `${events.toLocaleString('en-US')} events, 200 policies`, value: `${seconds.toFixed(1)} s` },
      {
        name: 'throughput',
        value: `${Math.round(bytes / 1e6 / seconds)} MB/s, ${Math.round(events / seconds / 1000)} k events/s`,
      },
      { name: 'peak RSS', value: `${Math.round(peak / 1e6)} MB` },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeSample(file: string): Promise<void> {
  const out = createWriteStream(file);
  for (const line of sampleLines(FILE_EVENTS)) if (!out.write(`${line}\n`)) await once(out, 'drain');
  out.end();
  await once(out, 'close');
}
