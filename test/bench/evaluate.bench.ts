import { compilePolicies } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';
import { DenialMerger } from '#policy/telemetry/merge-denials.ts';
import type { BenchLine } from './run.ts';
import { sampleLines, samplePolicies } from './telemetry-sample.ts';

const EVENTS = 40_000;
const POLICIES = 200;

/** Events a second on one core: evaluation alone, and the whole way from JSON to decision. */
export async function bench(): Promise<BenchLine[]> {
  const policies = samplePolicies(POLICIES);
  const lines = [...sampleLines(EVENTS)];
  const events = lines.map((line) => eventOf(JSON.parse(line)));
  const evaluator = compilePolicies(policies);
  const evaluate = rate(() => {
    for (const event of events) evaluator.evaluate(event);
  });
  const values = lines.map((line): unknown => JSON.parse(line));
  return [
    {
      name: `compile ${POLICIES} policies`,
      value: `${bestMillis(() => void compilePolicies(policies)).toFixed(1)} ms`,
    },
    { name: `evaluate against ${POLICIES} policies`, value: perSecond(evaluate) },
    { name: 'normalise', value: perSecond(rate(() => values.forEach(eventOf))) },
    {
      name: 'merge denials (nothing denied)',
      value: perSecond(
        rate(() => {
          const merger = new DenialMerger();
          for (const event of events) merger.push(event);
        }),
      ),
    },
    {
      name: 'JSON, normalise and evaluate',
      value: perSecond(
        rate(() => {
          for (const line of lines) evaluator.evaluate(eventOf(JSON.parse(line)));
        }),
      ),
    },
  ];
}

function eventOf(value: unknown): SecurityEvent {
  const normalised = normalise(value);
  if (normalised.kind === 'rejected') throw new TypeError(normalised.reason);
  return normalised.event;
}

function rate(work: () => void): number {
  return (EVENTS / bestMillis(work)) * 1000;
}

/** The best of five runs: the machine is shared. */
function bestMillis(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return Math.min(...times);
}

function perSecond(events: number): string {
  return `${Math.round(events / 1000).toLocaleString('en-US')} k events/s`;
}
