import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type ExchangeOptions, startExchange } from '#demo/simulators/exchange/exchange.ts';
import { readHubState } from '#demo/simulators/hub-state.ts';
import { type ConformanceReport, conformance } from '#test/support/conformance.ts';
import { CONFORMANCE_TOOL, referenceFile, testWith } from '#test/support/reference.ts';

/**
 * Replays what a real Exchange 2.154.0 was asked and compares the answers, with the tool that recorded them. About a third
 * of the recorded answers are not given with the reference; those requests are sent all the same.
 */
const recorded = testWith('captures/hub', CONFORMANCE_TOOL);

interface Entry {
  readonly name: string;
  readonly request: { readonly path: string; readonly text?: string; readonly headers: Record<string, string> };
}

function replay(title: string, capture: string, options: Partial<ExchangeOptions>, adapt?: (entry: Entry) => unknown) {
  recorded(title, async (t) => {
    const file = referenceFile(`captures/hub/${capture}`);
    const report = await compared(t, adapt === undefined ? file : adapted(t, file, adapt), options);
    t.deepEqual(report.differing, []);
    t.is(report.same, report.compared);
    t.true(report.compared > 0);
  });
}

replay('answers every recorded probe as the real one did', 'exchange-quirks.json', {});

/** The session was recorded on the wire: full paths, exact body texts, no names. */
replay('answers hzn as the real one did', 'exchange-hzn-session.json', {}, ({ request, ...entry }) => ({
  ...entry,
  request: {
    ...request,
    as: 'acme/admin',
    path: request.path.replace(/^\/v1/, ''),
    body: request.text,
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ON_THE_WIRE.includes(name))),
  },
}));

const ON_THE_WIRE: readonly string[] = ['host', 'connection', 'content-length', 'transfer-encoding'];

/** This recording forgot to say where the password was wrong. */
replay(
  'speaks German as the real one did',
  'exchange-translated.json',
  { language: 'de' },
  ({ request, ...entry }) => ({
    ...entry,
    request: { ...request, ...(entry.name.includes('wrong pw') ? { wrongPassword: true } : {}) },
  }),
);

function adapted(t: ExecutionContext, file: string, adapt: (entry: Entry) => unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'exchange-conformance-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, 'capture.json');
  const entries: readonly Entry[] = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(copy, JSON.stringify(entries.map(adapt)));
  return copy;
}

async function compared(
  t: ExecutionContext,
  capture: string,
  options: Partial<ExchangeOptions>,
): Promise<ConformanceReport> {
  const state = readHubState(referenceFile('captures/hub/start-state.json'));
  const simulator = await startExchange({ ...options, state });
  t.teardown(() => simulator.close());
  return conformance(simulator.url, capture, ['--password', state.password]);
}
