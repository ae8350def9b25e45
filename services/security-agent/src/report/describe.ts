import type { PolicyView, WorkloadView } from '#agent/api/view.ts';
import { iso } from '#agent/clock.ts';
import type { ProtectorState } from '#agent/protector.ts';
import { exposedMs } from '#agent/truth/history.ts';
import { policyState } from '#agent/truth/protection.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';

/** Every workload as it stands, by container name. Pure. */
export function describeWorkloads(state: ProtectorState, nowMs: number): WorkloadView[] {
  const views: WorkloadView[] = [];
  for (const [id, history] of state.histories) {
    const container = state.tracker.containers.get(id);
    const workload = state.workloads.get(id);
    const name = container?.labels[SERVICE_NAME_LABEL];
    if (container === undefined || name === undefined) continue;
    const startedAtMs = container.startedAtMs ?? history.sinceMs;
    const first = history.gaps.find((gap) => gap.fromMs >= startedAtMs - 1 && gap.reasons.includes('not-registered'));
    const set = state.desired.byContainer.get(name);
    views.push({
      container: name,
      containerName: container.name,
      ...(workload?.org === undefined ? {} : { org: workload.org }),
      ...(workload?.service === undefined ? {} : { service: workload.service }),
      ...(workload?.version === undefined ? {} : { version: workload.version }),
      ...(workload?.agreement === undefined ? {} : { agreement: workload.agreement }),
      image: container.image,
      running: container.running !== false,
      protection: history.protection,
      reasons: history.reasons,
      since: iso(history.sinceMs),
      exposedSeconds: exposedMs(history, startedAtMs, nowMs) / 1000,
      ...(first?.toMs === undefined ? {} : { startWindowSeconds: (first.toMs - first.fromMs) / 1000 }),
      crashes: container.crashes.length,
      policies: set?.policies.map(({ policy }) => policy.metadata.name) ?? [],
      gaps: history.gaps,
      warnings: [
        ...(set?.warnings.map(({ message }) => message) ?? []),
        ...(state.desired.shared.includes(name)
          ? [`several services have a container called ${name}; it gets the policies of all`]
          : []),
      ],
    });
  }
  return views.sort((a, b) => (a.container < b.container ? -1 : 1));
}

/** Every policy that shall hold, in KubeArmor's names. Pure. */
export function describePolicies({ desired, progress }: ProtectorState): PolicyView[] {
  return [...desired.policies.values()].map((attached) => ({
    name: attached.effective.policy.metadata.name,
    kubearmorName: attached.name,
    subject: attached.subject,
    layer: attached.effective.layer,
    payloadId: attached.effective.payloadId,
    seq: attached.effective.seq,
    ...(attached.effective.template === undefined ? {} : { template: attached.effective.template }),
    compliance: attached.effective.compliance,
    overrides: attached.effective.overrides.map(({ layer, payloadId }) => ({ layer, payloadId })),
    state: policyState(attached, progress).applied,
    policy: attached.policy,
  }));
}
