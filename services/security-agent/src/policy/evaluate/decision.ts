import type { SecurityEvent } from '../event.ts';

export type Section = 'process' | 'file' | 'network' | 'capabilities' | 'syscalls' | 'presets' | 'device';

/** Which rule of which policy, and what it says after inheritance rule → section → spec (reference/kubearmor.md §4.1). */
export interface RuleRef {
  readonly policy: string;
  /** Place in the policy object: `spec.file.matchPaths[0]`. */
  readonly path: string;
  readonly section: Section;
  /** Allow, Audit or Block. KubeArmor takes anything else in silence, and the rule has no effect (§4.10). */
  readonly action: string;
  /** What the rule names: a path, directory, protocol, domain, capability, system calls … */
  readonly target: string;
  /** 1 to 10 by the schema; KubeArmor takes any number. Absent where none is inherited. */
  readonly severity?: number;
  readonly tags: readonly string[];
  readonly message?: string;
}

export type Outcome = 'allowed' | 'audited' | 'blocked';
export type PostureAction = 'audit' | 'block' | 'allow';

/** KubeArmor's defaultFilePosture (programs too), defaultNetworkPosture, defaultCapabilitiesPosture. */
export interface Posture {
  readonly file: PostureAction;
  readonly network: PostureAction;
  readonly capabilities: PostureAction;
}

/** Whose posture holds for an event. */
export function postureCategory(category: SecurityEvent['category']): keyof Posture {
  if (category === 'capabilities') return 'capabilities';
  return category === 'network' || category === 'dns' ? 'network' : 'file';
}

/** What decided. `none`: no rule matched and no allow-list is in force. */
export type Cause =
  | { readonly kind: 'rule'; readonly rule: RuleRef }
  | { readonly kind: 'posture'; readonly category: keyof Posture | 'device'; readonly posture: PostureAction }
  | { readonly kind: 'none' };

/** How KubeArmor's own alert names it, where it raises one that it can attribute (§3.3 says when it cannot). */
export interface Reported {
  /** A policy, or `DefaultPosture`. */
  readonly policyName: string;
  readonly action: 'Audit' | 'Block';
}

/**
 * What the event does not tell, and the decision hangs on. The outcome given is then the strictest possible one.
 * docs/evaluator.md explains each.
 */
export type Unknown =
  | 'owner'
  | 'image-file'
  | 'arguments'
  | 'source'
  | 'creation'
  | 'later-write'
  | 'unconnected-dns'
  | 'exec-preset'
  | 'memory-file'
  | 'rule-table-full'
  | 'started-by-runtime'
  | 'base-profile';

export type Certainty =
  | { readonly certainty: 'certain' }
  | { readonly certainty: 'uncertain'; readonly unknown: Unknown };

export type Decision = Certainty & {
  readonly outcome: Outcome;
  readonly by: Cause;
  readonly alert?: Reported;
  /** Further Audit rules that match. */
  readonly alsoAudited: readonly RuleRef[];
};

export const NO_CAUSE: Cause = Object.freeze({ kind: 'none' });
const NO_RULES: readonly RuleRef[] = Object.freeze([]);

/** Nothing applies: the usual answer, so it is one shared object. */
export const UNTOUCHED: Decision = Object.freeze({
  outcome: 'allowed',
  by: NO_CAUSE,
  alsoAudited: NO_RULES,
  certainty: 'certain',
});

/** Builds a decision; `unknown` is what keeps it from being certain. */
export function decision(
  outcome: Outcome,
  by: Cause,
  unknown?: Unknown,
  alert?: Reported,
  alsoAudited: readonly RuleRef[] = NO_RULES,
): Decision {
  const certainty: Certainty = unknown === undefined ? { certainty: 'certain' } : { certainty: 'uncertain', unknown };
  return alert === undefined
    ? { outcome, by, alsoAudited, ...certainty }
    : { outcome, by, alert, alsoAudited, ...certainty };
}

/** Judges events. One is compiled for the policies that hold for one workload, or for the host. */
export interface Judge {
  judge(event: SecurityEvent): Decision;
}
