import type { Workload } from '#agent/workloads/identity.ts';
import type { EventCategory, NetworkPeer } from '#policy/event.ts';
import type { ComplianceId, Layer } from '#policy/payload.ts';

/** One thing that a policy blocked or audited: alert and logs of one denial are one finding (design §7.6). */
export interface Finding {
  readonly kind: 'finding';
  /** Rises by one; unique since the agent started. */
  readonly id: number;
  /** ISO 8601, UTC, as KubeArmor stamped it. */
  readonly time: string;
  readonly outcome: 'blocked' | 'audited';
  readonly category: EventCategory;
  /** Name in the policy source; `DefaultPosture` for what no Allow rule names. */
  readonly policy: string;
  /** Name under which KubeArmor holds it. */
  readonly kubearmorPolicy?: string;
  readonly layer?: Layer;
  readonly payloadId?: string;
  readonly template?: string;
  readonly severity?: number;
  readonly message?: string;
  readonly tags: readonly string[];
  readonly compliance: readonly ComplianceId[];
  /** agent: KubeArmor did not say which policy it was (reference/kubearmor.md §0 "Attribution"). */
  readonly attributedBy: 'kubearmor' | 'agent';
  readonly workload?: Workload;
  /** Docker's name of the container; absent for the host. */
  readonly containerName?: string;
  readonly executable: string;
  readonly parentExecutable: string;
  readonly commandLine: string;
  readonly pid: number;
  readonly uid: number;
  /** What it was about: a path, a command line, an address, a domain, a capability, a syscall. */
  readonly target: string;
  readonly network?: NetworkPeer;
  readonly result: string;
  /** KubeArmor events merged into this one. */
  readonly merged: number;
}

/** What the agent itself has to say: nothing that affects protection happens in silence. */
export type NoticeKind =
  | 'throttled'
  | 'stream-gap'
  | 'policy-accepted'
  | 'policy-rejected'
  | 'policy-vanished'
  | 'policy-returned'
  | 'policy-withdrawn'
  | 'policy-ended'
  | 'policy-applied'
  | 'policy-failed'
  | 'foreign-policy'
  | 'policy-collision'
  | 'protection-changed'
  | 'healed'
  | 'heal-reported'
  | 'kubearmor-up'
  | 'kubearmor-down'
  | 'docker-up'
  | 'docker-down'
  | 'ess-up'
  | 'ess-down'
  | 'state-unwritable'
  | 'state-corrupt';

export interface Notice {
  readonly kind: 'notice';
  readonly id: number;
  readonly time: string;
  readonly notice: NoticeKind;
  readonly message: string;
  /** What it is about: a workload's container name, a payload id, a policy name. */
  readonly subject?: string;
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

export type AgentEvent = Finding | Notice;

/** A finding or notice before it has its number. */
export type NewAgentEvent = Omit<Finding, 'id'> | Omit<Notice, 'id'>;
