import type { SecurityEvent } from '../event.ts';
import {
  type Cause,
  type Decision,
  decision,
  type Judge,
  NO_CAUSE,
  type Posture,
  postureCategory,
  type Reported,
  UNTOUCHED,
  type Unknown,
} from './decision.ts';
import { type Blame, type CategoryFeeder, type Passed, SILENT } from './feeder-answer.ts';
import type { PresetHit } from './presets.ts';
import type { Rule } from './rule.ts';
import type { Verdict } from './verdict.ts';

/** What an enforcer says before user space looks at the event. */
export interface Enforcement {
  readonly verdict: Verdict;
  /** The event by which a denial or notice is told to user space; the given event where that one is it. */
  readonly told: SecurityEvent;
  readonly preset?: PresetHit;
}

export interface Enforcer {
  enforce(event: SecurityEvent): Enforcement;
  /** Whether DefaultPosture audits come from the kernel side only; without BPF-LSM user space raises them itself. */
  readonly noticesPosture: boolean;
  readonly posture: Posture;
}

/** The enforcer decides; what passes may match an Audit rule or raise DefaultPosture. */
export function judgeWith(enforcer: Enforcer, feederFor: (event: SecurityEvent) => CategoryFeeder | undefined): Judge {
  return {
    judge(event) {
      const feeder = feederFor(event);
      if (feeder === undefined) return UNTOUCHED;
      const enforcement = enforcer.enforce(event);
      if (enforcement.verdict.deny) return blocked(enforcement, feederFor, enforcer.posture);
      if (enforcement.preset?.rule.block === true) return blockedByPreset(enforcement.preset);
      return passes(event, enforcement, feeder, enforcer);
    },
  };
}

function blocked(
  { verdict, told }: Enforcement,
  feederFor: (event: SecurityEvent) => CategoryFeeder | undefined,
  posture: Posture,
): Decision {
  const blame = feederFor(told)?.denied(told);
  return decision('blocked', causeOf(blame, verdict, told, posture), verdict.unknown, reportOf(blame, 'Block'));
}

/** The rule whose name KubeArmor's alert carries; where it names none, the one whose entry decided. */
function causeOf(blame: Blame, verdict: Verdict, event: SecurityEvent, posture: Posture): Cause {
  if (typeof blame === 'object') return { kind: 'rule', rule: blame.ref };
  return verdict.rule === undefined ? postureCause(event, posture) : { kind: 'rule', rule: verdict.rule.ref };
}

function postureCause({ category }: SecurityEvent, posture: Posture): Cause {
  const weighed = postureCategory(category);
  return { kind: 'posture', category: weighed, posture: posture[weighed] };
}

function reportOf(blame: Blame, action: Reported['action']): Reported | undefined {
  if (blame === undefined) return undefined;
  return { policyName: blame === 'posture' ? 'DefaultPosture' : blame.ref.policy, action };
}

function blockedByPreset({ rule, unknown }: PresetHit): Decision {
  return decision('blocked', { kind: 'rule', rule: rule.ref }, unknown, reportOf(rule, 'Block'));
}

function passes(
  event: SecurityEvent,
  { verdict, told, preset }: Enforcement,
  feeder: CategoryFeeder,
  { noticesPosture, posture }: Enforcer,
): Decision {
  const monitored = isMonitored(event) ? feeder.passed(event) : SILENT;
  const noticed = verdict.notice ? feeder.passed(told) : SILENT;
  if (monitored.audits.length + noticed.audits.length > 0 || preset !== undefined) {
    return audited(monitored, noticed, preset, verdict.unknown);
  }
  if (noticed.posture || (monitored.posture && !noticesPosture)) {
    return decision('audited', postureCause(event, posture), verdict.unknown, reportOf('posture', 'Audit'));
  }
  return allowed(verdict.rule, verdict.unknown);
}

/** The first rule of the telemetry gives its name, else the first of the hook, else the preset. */
function audited(
  monitored: Passed,
  noticed: Passed,
  preset: PresetHit | undefined,
  unknown: Unknown | undefined,
): Decision {
  const rules = new Set<Rule>([...monitored.audits, ...noticed.audits]);
  if (preset !== undefined) rules.add(preset.rule);
  const [first, ...others] = rules;
  if (first === undefined) return UNTOUCHED;
  const doubt = unknown ?? (monitored.audits.length > 0 ? monitored.unknown : (noticed.unknown ?? preset?.unknown));
  const also = others.map(({ ref }) => ref);
  return decision('audited', { kind: 'rule', rule: first.ref }, doubt, reportOf(first, 'Audit'), also);
}

/** Hooks whose access also shows in the telemetry; all others are seen only where the kernel side tells of them. */
const MONITORED_HOOKS: ReadonlySet<string> = new Set([
  'FILE_OPEN',
  'FILE_MKNOD',
  'FILE_UNLINK',
  'FILE_RMDIR',
  'SECURITY_BPRM_CHECK',
  'SOCKET_CREATE',
  'SOCKET_CONNECT',
  'SOCKET_SENDMSG',
]);

/**
 * Whether Audit rules get to see an access: mkdir, rename, chmod and capabilities have no telemetry, and what failed
 * for a reason of its own (connection refused, say) is not counted (policyMatcher.go).
 */
function isMonitored({ lsm, category, denied, result }: SecurityEvent): boolean {
  if (category === 'capabilities' || (!denied && result !== 'Passed')) return false;
  return lsm === undefined || MONITORED_HOOKS.has(lsm);
}

function allowed(rule: Rule | undefined, unknown: Unknown | undefined): Decision {
  if (rule === undefined) return unknown === undefined ? UNTOUCHED : decision('allowed', NO_CAUSE, unknown);
  return decision('allowed', { kind: 'rule', rule: rule.ref }, unknown);
}
