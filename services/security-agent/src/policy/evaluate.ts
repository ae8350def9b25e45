/**
 * The policy evaluator: what KubeArmor does, or would do, about an event under a set of policies. It follows
 * KubeArmor's source, oddities included; docs/evaluator.md says where an event does not tell enough.
 */
import { apparmorEnforcer } from './evaluate/apparmor-enforcer.ts';
import { bpfEnforcer } from './evaluate/bpf-enforcer.ts';
import {
  type Decision,
  type Judge,
  type Posture,
  type PostureAction,
  type RuleRef,
  UNTOUCHED,
} from './evaluate/decision.ts';
import { judgeDevice } from './evaluate/device-judge.ts';
import { expandRules } from './evaluate/expand-rules.ts';
import { feeders } from './evaluate/feeders.ts';
import { type Enforcer, judgeWith } from './evaluate/judge.ts';
import type { Rule } from './evaluate/rule.ts';
import { PASS } from './evaluate/verdict.ts';
import type { SecurityEvent } from './event.ts';
import type { SecurityPolicy } from './types.ts';

export type {
  Cause,
  Certainty,
  Decision,
  Outcome,
  Posture,
  PostureAction,
  Reported,
  RuleRef,
  Unknown,
} from './evaluate/decision.ts';

/** `none`: no LSM, so nothing is blocked, and Audit rules and posture audit still alert (reference/kubearmor.md §1.8). */
export type EnforcerKind = 'bpf' | 'apparmor' | 'none';

export interface EvaluatorOptions {
  /** Default `bpf`. */
  readonly enforcer?: EnforcerKind;
  /** Postures of containers; each is audit unless given, as in KubeArmor. */
  readonly posture?: Partial<Posture>;
  /** Postures of the host; device is for USB. */
  readonly hostPosture?: Partial<Posture> & { readonly device?: PostureAction };
}

export interface Evaluator {
  /**
   * What becomes of an event: container policies for events of a container, host policies for the others. The event is
   * taken for an attempt: whether it was in fact denied plays no part.
   */
  evaluate(event: SecurityEvent): Decision;
  /** Every rule, in KubeArmor's order, those without effect included. */
  readonly rules: readonly RuleRef[];
  /** Entries that BPF-LSM's map needs, of 256 (§4.9); 0 under another enforcer. */
  readonly tableEntries: { readonly container: number; readonly host: number };
}

const AUDIT_ALL: Posture = { file: 'audit', network: 'audit', capabilities: 'audit' };

/**
 * Compiles policies for many evaluations.
 *
 * @param policies those that select the workload (and the host), in the order in which KubeArmor holds them: that in
 *   which they were first applied. Selectors are not looked at
 */
export function compilePolicies(policies: readonly SecurityPolicy[], options: EvaluatorOptions = {}): Evaluator {
  const { enforcer = 'bpf' } = options;
  const posture = { ...AUDIT_ALL, ...options.posture };
  const { device = 'audit', ...hostPosture } = { ...AUDIT_ALL, ...options.hostPosture };
  const containerRules = expandRules(policies.filter(({ kind }) => kind === 'KubeArmorPolicy'));
  const hostRules = expandRules(policies.filter(({ kind }) => kind === 'KubeArmorHostPolicy'));
  const container = compile(containerRules, enforcer, false, posture, posture);
  const host = compile(hostRules, enforcer, true, hostPosture, posture);
  return {
    rules: [...containerRules, ...hostRules].map(({ ref }) => ref),
    tableEntries: { container: container.entries, host: host.entries },
    evaluate(event) {
      if (event.container !== undefined) return container.judge(event);
      return event.category === 'device' ? judgeDevice(hostRules, event, device) : host.judge(event);
    },
  };
}

interface Compiled extends Judge {
  readonly entries: number;
}

const NOTHING: Compiled = { entries: 0, judge: () => UNTOUCHED };

function compile(
  rules: readonly Rule[],
  kind: EnforcerKind,
  host: boolean,
  posture: Posture,
  containerPosture: Posture,
): Compiled {
  if (rules.length === 0) return NOTHING;
  const { enforcer, entries } = enforcerFor(kind, rules, host, posture);
  const feederFor = feeders(rules, {
    host,
    namesCapabilities: kind === 'bpf',
    postures: host ? { leftOver: containerPosture } : { inLoop: posture, leftOver: posture },
  });
  return { entries, ...judgeWith(enforcer, feederFor) };
}

function enforcerFor(
  kind: EnforcerKind,
  rules: readonly Rule[],
  host: boolean,
  posture: Posture,
): { readonly enforcer: Enforcer; readonly entries: number } {
  switch (kind) {
    case 'bpf': {
      const enforcer = bpfEnforcer(rules, host, posture);
      return { enforcer, entries: enforcer.table.size };
    }
    case 'apparmor':
      return { enforcer: apparmorEnforcer(rules, posture), entries: 0 };
    case 'none':
      return { enforcer: noEnforcer(posture), entries: 0 };
  }
}

function noEnforcer(posture: Posture): Enforcer {
  return {
    posture,
    noticesPosture: false,
    enforce: (event) => ({ verdict: PASS, told: event }),
  };
}
