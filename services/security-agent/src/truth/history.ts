import type { Assessment, Protection, Reason } from './assess.ts';

/** A stretch of time in which a running workload was unprotected. Open while `toMs` is absent. */
export interface Gap {
  readonly reasons: readonly Reason[];
  readonly fromMs: number;
  readonly toMs?: number;
}

/** How protected a workload is, since when, and when it was not. */
export interface ProtectionHistory {
  readonly protection: Protection;
  readonly reasons: readonly Reason[];
  /** Of this protection with these reasons. */
  readonly sinceMs: number;
  /** Newest last, at most `GAPS_KEPT`. A stopped workload has no gap: nothing of it runs. */
  readonly gaps: readonly Gap[];
}

const GAPS_KEPT = 50;

/**
 * The history after an assessment at `atMs`. Times may come out of order by the difference between two witnesses, and
 * the clock may be set back: a gap never gets a negative length.
 */
export function record(
  history: ProtectionHistory | undefined,
  assessment: Assessment,
  atMs: number,
): ProtectionHistory {
  const same =
    history !== undefined &&
    history.protection === assessment.protection &&
    history.reasons.join() === assessment.reasons.join();
  if (same) return history;
  const before = history?.gaps ?? [];
  const exposed = assessment.protection === 'unprotected' && !assessment.reasons.includes('stopped');
  const gaps = exposed ? opened(before, assessment.reasons, atMs) : closed(before, atMs);
  return { ...assessment, sinceMs: atMs, gaps: gaps.slice(-GAPS_KEPT) };
}

/** Total of the gaps that touch [fromMs, toMs], in milliseconds. */
export function exposedMs({ gaps }: ProtectionHistory, fromMs: number, toMs: number): number {
  return gaps.reduce((total, gap) => {
    const length = Math.min(gap.toMs ?? toMs, toMs) - Math.max(gap.fromMs, fromMs);
    return total + Math.max(0, length);
  }, 0);
}

/** One gap may have several reasons one after another: it stays one gap until the workload is protected again. */
function opened(gaps: readonly Gap[], reasons: readonly Reason[], atMs: number): Gap[] {
  const last = gaps.at(-1);
  if (last === undefined || last.toMs !== undefined) return [...gaps, { reasons, fromMs: atMs }];
  return [...gaps.slice(0, -1), { ...last, reasons: [...new Set([...last.reasons, ...reasons])] }];
}

function closed(gaps: readonly Gap[], atMs: number): readonly Gap[] {
  const last = gaps.at(-1);
  if (last === undefined || last.toMs !== undefined) return gaps;
  return [...gaps.slice(0, -1), { ...last, toMs: Math.max(atMs, last.fromMs) }];
}
