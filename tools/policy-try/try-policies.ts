import { ArmorError } from '#errors';
import { compilePolicies, type EvaluatorOptions } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { DenialMerger, type MergedEvent } from '#policy/telemetry/merge-denials.ts';
import { readTelemetry, type UnreadableReason } from '#policy/telemetry/read-telemetry.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { type SeenWorkload, WorkloadJudge } from './judge-workloads.ts';
import { type EventFilter, filterBy } from './select-workload.ts';
import { Tally, type TryGroup } from './tally.ts';

/** Recorded telemetry: a name for messages, and its bytes. */
export interface TelemetrySource {
  readonly name: string;
  open(): AsyncIterable<Uint8Array>;
}

export interface TryRequest {
  readonly policies: readonly SecurityPolicy[];
  readonly sources: readonly TelemetrySource[];
  readonly options: EvaluatorOptions;
  readonly filter: EventFilter;
  readonly ignoreSelectors: boolean;
  readonly signal: AbortSignal;
  /** Told after each piece of input. */
  readonly progress: (soFar: { readonly events: number; readonly bytes: number }) => void;
}

/** Lines that held no event: how many for each reason, and where the first of them stand. */
export interface Unreadable {
  readonly count: number;
  readonly reasons: Partial<Readonly<Record<UnreadableReason, number>>>;
  readonly first: readonly { readonly file: string; readonly line: number; readonly reason: UnreadableReason }[];
}

/** What `policy try --json` prints. */
export interface TryResult {
  /** Events looked at, each denial counted once. */
  readonly events: number;
  /** Left out by --container or --service. */
  readonly filtered: number;
  readonly allowed: number;
  readonly audited: number;
  readonly blocked: number;
  readonly uncertain: number;
  readonly lines: number;
  readonly bytes: number;
  readonly interrupted: boolean;
  readonly groups: readonly TryGroup[];
  /** Rules that decided nothing. */
  readonly untouched: readonly UntouchedRule[];
  readonly workloads: readonly SeenWorkload[];
  readonly unreadable: Unreadable;
}

export interface UntouchedRule {
  readonly policy: string;
  readonly rule: string;
  readonly action: string;
  readonly target: string;
}

const FIRST_UNREADABLE = 10;

/**
 * Tries policies on recorded telemetry, in flat memory.
 *
 * @throws ArmorError when a source cannot be read, or none of them holds an event
 */
export async function tryPolicies(request: TryRequest): Promise<TryResult> {
  const trial = new Trial(request);
  for (const source of request.sources) {
    if (request.signal.aborted) break;
    await trial.read(source);
  }
  return trial.finish();
}

class Trial {
  private readonly request: TryRequest;
  private readonly judge: WorkloadJudge;
  private readonly tally: Tally;
  private readonly merger = new DenialMerger();
  private readonly wanted: (containerName: string | undefined) => boolean;
  private readonly reasons: Partial<Record<UnreadableReason, number>> = {};
  private readonly firstUnreadable: { file: string; line: number; reason: UnreadableReason }[] = [];
  private unreadable = 0;
  private events = 0;
  private filtered = 0;
  private lines = 0;
  private bytes = 0;
  private interrupted = false;

  constructor(request: TryRequest) {
    this.request = request;
    this.judge = new WorkloadJudge(request.policies, request.options, request.ignoreSelectors);
    this.tally = new Tally(compilePolicies(request.policies, request.options).rules);
    this.wanted = filterBy(request.filter);
  }

  async read(source: TelemetrySource): Promise<void> {
    const before = { lines: this.lines, bytes: this.bytes };
    try {
      for await (const batch of readTelemetry(source.open())) {
        for (const event of batch.events) this.take(event);
        for (const { line, reason } of batch.unreadable) this.note(source.name, line, reason);
        this.lines = before.lines + batch.lines;
        this.bytes = before.bytes + batch.bytes;
        this.request.progress({ events: this.events, bytes: this.bytes });
        if (this.request.signal.aborted) {
          this.interrupted = true;
          break;
        }
      }
    } catch (cause) {
      throw unreadableSource(source.name, this.lines - before.lines, cause);
    }
  }

  finish(): TryResult {
    for (const merged of this.merger.flush()) this.count(merged);
    if (this.events + this.filtered === 0 && !this.interrupted) throw this.noEvents();
    return {
      events: this.events,
      filtered: this.filtered,
      ...this.tally.counts,
      lines: this.lines,
      bytes: this.bytes,
      interrupted: this.interrupted,
      groups: this.tally.sorted(),
      untouched: this.tally
        .ruleUses()
        .filter(({ count }) => count === 0)
        .map(({ rule: { policy, path, action, target } }) => ({ policy, rule: path, action, target })),
      workloads: this.judge.seen(),
      unreadable: { count: this.unreadable, reasons: this.reasons, first: this.firstUnreadable },
    };
  }

  private take(event: SecurityEvent): void {
    if (!this.wanted(event.container?.name)) {
      this.filtered++;
      return;
    }
    for (const merged of this.merger.push(event)) this.count(merged);
  }

  private count({ event }: MergedEvent): void {
    this.events++;
    this.tally.add(event, this.judge.judge(event));
  }

  private note(file: string, line: number, reason: UnreadableReason): void {
    this.unreadable++;
    this.reasons[reason] = (this.reasons[reason] ?? 0) + 1;
    if (this.firstUnreadable.length < FIRST_UNREADABLE) this.firstUnreadable.push({ file, line, reason });
  }

  private noEvents(): ArmorError {
    const [first] = this.firstUnreadable;
    const file = first?.file ?? this.request.sources[0]?.name ?? '-';
    const where = first === undefined ? { file } : { file, line: first.line };
    const fix = 'Give it lines as `karmor logs --json` or `-logPath=stdout` of KubeArmor print them.';
    return new ArmorError('SOURCE_INVALID', `no KubeArmor event in ${this.lines} lines`, where, fix);
  }
}

function unreadableSource(file: string, line: number, cause: unknown): ArmorError {
  if (cause instanceof ArmorError) return cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === 'ENOENT' || code === 'EISDIR') {
    const what = code === 'ENOENT' ? 'no such file' : 'a directory';
    return new ArmorError('SOURCE_MISSING', what, { file }, 'Name files of telemetry with --events.', { cause });
  }
  const fix =
    code === 'Z_BUF_ERROR'
      ? `It ends in the middle, perhaps because it is still written. For what is there: gzip -cdq ${file} | hzn-armor policy try … --events -`
      : 'Record it again, or cut it there.';
  return new ArmorError('SOURCE_INVALID', `unreadable after line ${line}: ${message}`, { file }, fix, { cause });
}
