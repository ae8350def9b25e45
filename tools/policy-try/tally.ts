import type { Cause, Decision, RuleRef, Unknown } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';

/** Like decisions: one rule, one program, one target. */
export interface TryGroup {
  readonly outcome: 'blocked' | 'audited';
  /** `DefaultPosture` where no rule decided. */
  readonly policy: string;
  readonly rule: string;
  readonly action: string;
  readonly message?: string;
  /** Who did it: the program, or of an exec the program that started another. */
  readonly executable: string;
  readonly target: string;
  count: number;
  /** How many of them hang on something the events do not tell. */
  uncertain: number;
  unknown?: Unknown;
  readonly first: TryExample;
  last: string;
}

/** One event of a group. */
export interface TryExample {
  readonly time: string;
  readonly container: string;
  readonly resource: string;
  readonly data: string;
  readonly result: string;
}

/** A rule, and how often it decided. */
export interface RuleUse {
  readonly rule: RuleRef;
  readonly count: number;
}

/** More groups than anybody reads; beyond, targets and programs of a rule are counted together. */
const MAX_GROUPS = 20_000;
const OTHERS = '(others)';

/** Counts decisions in flat memory. */
export class Tally {
  readonly counts = { allowed: 0, audited: 0, blocked: 0, uncertain: 0 };
  private readonly groups = new Map<string, TryGroup>();
  private readonly uses = new Map<string, { readonly rule: RuleRef; count: number }>();

  constructor(rules: readonly RuleRef[]) {
    for (const rule of rules) this.uses.set(ruleKey(rule), { rule, count: 0 });
  }

  add(event: SecurityEvent, decision: Decision): void {
    const { outcome, by, alsoAudited } = decision;
    this.counts[outcome]++;
    if (decision.certainty === 'uncertain') this.counts.uncertain++;
    if (by.kind === 'rule') this.use(by.rule);
    for (const rule of alsoAudited) this.use(rule);
    if (outcome !== 'allowed') this.group(event, decision, outcome);
  }

  /** The most frequent first; equal ones by name. */
  sorted(): TryGroup[] {
    return [...this.groups.values()].sort(
      (one, other) => other.count - one.count || (groupKey(one) < groupKey(other) ? -1 : 1),
    );
  }

  ruleUses(): RuleUse[] {
    return [...this.uses.values()];
  }

  private use(rule: RuleRef): void {
    const known = this.uses.get(ruleKey(rule));
    if (known !== undefined) known.count++;
  }

  private group(event: SecurityEvent, decision: Decision, outcome: TryGroup['outcome']): void {
    const what = { outcome, ...namesOf(decision.by) };
    const full = { ...what, executable: executableOf(event), target: targetOf(event) };
    const group =
      this.find(full) ??
      (this.groups.size < MAX_GROUPS ? this.start(full, event) : undefined) ??
      this.find({ ...full, target: OTHERS }) ??
      (this.groups.size < 2 * MAX_GROUPS ? this.start({ ...full, target: OTHERS }, event) : undefined) ??
      this.find({ ...what, executable: OTHERS, target: OTHERS }) ??
      this.start({ ...what, executable: OTHERS, target: OTHERS }, event);
    group.count++;
    group.last = timeOf(event);
    if (decision.certainty !== 'uncertain') return;
    group.uncertain++;
    group.unknown ??= decision.unknown;
  }

  private find(identity: GroupIdentity): TryGroup | undefined {
    return this.groups.get(groupKey(identity));
  }

  private start(identity: GroupIdentity & ReturnType<typeof namesOf>, event: SecurityEvent): TryGroup {
    const time = timeOf(event);
    const group: TryGroup = {
      ...identity,
      count: 0,
      uncertain: 0,
      first: {
        time,
        container: event.container?.name ?? '',
        resource: event.resource,
        data: event.data,
        result: event.result,
      },
      last: time,
    };
    this.groups.set(groupKey(identity), group);
    return group;
  }
}

type GroupIdentity = Pick<TryGroup, 'outcome' | 'policy' | 'rule' | 'executable' | 'target'>;

function groupKey({ outcome, policy, rule, executable, target }: GroupIdentity): string {
  return [outcome, policy, rule, executable, target].join('\n');
}

function ruleKey({ policy, path, target }: RuleRef): string {
  return `${policy}\n${path}\n${target}`;
}

function namesOf(by: Cause): Pick<TryGroup, 'policy' | 'rule' | 'action' | 'message'> {
  switch (by.kind) {
    case 'rule': {
      const { policy, path, action, message } = by.rule;
      return message === undefined ? { policy, rule: path, action } : { policy, rule: path, action, message };
    }
    case 'posture':
      return { policy: 'DefaultPosture', rule: `${by.category} posture`, action: by.posture };
    case 'none':
      return { policy: '', rule: '', action: '' };
  }
}

function executableOf({ category, actor }: SecurityEvent): string {
  const executable = category === 'process' ? actor.parentExecutable : actor.executable;
  return executable === '' ? '(unknown)' : executable;
}

function targetOf(event: SecurityEvent): string {
  const { category, path, dns, network, capability, syscall, device } = event;
  if (dns !== undefined) return dns.domain;
  if (category === 'capabilities') return capability ?? event.resource;
  if (category === 'syscall') return [syscall, path].filter(Boolean).join(' ');
  if (network !== undefined) {
    const peer =
      network.address === undefined ? '' : `${network.address}${network.port === undefined ? '' : `:${network.port}`}`;
    return [network.protocol ?? network.socketType, network.family, peer].filter(Boolean).join(' ');
  }
  if (device !== undefined) return event.resource;
  // Process numbers would make a group of each process.
  return (path ?? event.resource).replace(/^\/proc\/\d+\//, '/proc/*/');
}

function timeOf({ timeMicros }: SecurityEvent): string {
  return new Date(timeMicros / 1000).toISOString();
}
