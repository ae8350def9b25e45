import type { Health } from '#agent/api/view.ts';
import { iso } from '#agent/clock.ts';
import type { ProtectorState } from '#agent/protector.ts';
import type { Keeper } from '#agent/sources/keeper.ts';
import { describeWorkloads } from './describe.ts';
import type { SecurityStatus } from './security-status.ts';

/** What the agent tells of itself is made of. */
export interface AgentFacts {
  /** `org/node`. */
  readonly node: string;
  readonly agentVersion: string;
  readonly nowMs: number;
  readonly state: ProtectorState;
  /** As its events say; '' before the first. */
  readonly kubearmorVersion: string;
  /** Since when there is a session with KubeArmor, or none. */
  readonly kubearmorSinceMs: number;
  readonly policies: Pick<Keeper, 'attachments' | 'rejections' | 'essState'>;
  readonly counts: SecurityStatus['counts'];
}

/** The node's report on itself, numbered `seq`. */
export function describeStatus(seq: number, facts: AgentFacts): SecurityStatus {
  const { node, agentVersion, nowMs, state, policies, counts } = facts;
  return {
    format: 1,
    node,
    seq,
    at: iso(nowMs),
    agentVersion,
    kubearmor: {
      reachable: state.progress.session !== undefined,
      version: facts.kubearmorVersion,
      enforcer: state.enforcer,
      since: iso(facts.kubearmorSinceMs),
    },
    docker: state.tracker.docker,
    workloads: describeWorkloads(state, nowMs).map(({ gaps: _gaps, warnings: _warnings, ...workload }) => workload),
    attachments: policies.attachments(),
    rejected: policies.rejections().map(({ objectId, reason, atMs }) => ({ objectId, reason, at: iso(atMs) })),
    counts,
  };
}

/** Whether the agent can do its work, and in words what keeps it from it. */
export function describeHealth({ state, policies }: Pick<AgentFacts, 'state' | 'policies'>): Health {
  const ess = policies.essState();
  const problems = [
    ...(state.progress.session === undefined ? ['KubeArmor is unreachable: nothing is enforced'] : []),
    ...(state.enforcer === 'none' ? ['this kernel has neither BPF-LSM nor AppArmor: nothing can be enforced'] : []),
    ...(ess?.up === false ? [`the ESS does not answer: ${ess.problem}`] : []),
    ...(state.tracker.docker === 'down' ? ['Docker’s events are not heard: restarts go unseen'] : []),
  ];
  return { ok: problems.length === 0, problems };
}
