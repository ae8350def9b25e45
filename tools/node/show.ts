import type { PolicyView, WorkloadView } from '#agent/api/view.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import { duration, table } from '#tools/table.ts';

/** The node's report in a few lines. */
export function showStatus(status: SecurityStatus, nowMs: number): string {
  const { kubearmor, workloads, attachments, rejected, counts } = status;
  const running = workloads.filter((workload) => workload.running);
  const count = (protection: string): number => running.filter((workload) => workload.protection === protection).length;
  const reach = kubearmor.reachable ? 'reachable' : 'unreachable';
  return [
    `node        ${status.node}, as of ${status.at} (${ago(status.at, nowMs)})`,
    `KubeArmor   ${reach} since ${kubearmor.since}, enforcer ${kubearmor.enforcer}`,
    `Docker      ${status.docker}`,
    `workloads   ${running.length} running: ${count('enforced')} enforced, ${count('audit-only')} audit only, ${count('unprotected')} unprotected`,
    `events      ${counts.blocked} blocked, ${counts.audited} audited, ${counts.throttled} times throttled, ${counts.dropped} dropped`,
    '',
    table(
      ['ATTACHED', 'LAYER', 'SEQ', 'STATE', 'SINCE'],
      attachments.map(({ id, layer, seq, state, since }) => [id, layer, String(seq), state, since]),
    ).trimEnd(),
    ...(rejected.length === 0
      ? []
      : [
          '',
          table(
            ['REFUSED', 'REASON', 'AT'],
            rejected.map(({ objectId, reason, at }) => [objectId, reason, at]),
          ).trimEnd(),
        ]),
    '',
  ].join('\n');
}

export function showWorkloads(workloads: readonly WorkloadView[], nowMs: number): string {
  return table(
    ['WORKLOAD', 'SERVICE', 'PROTECTION', 'FOR', 'EXPOSED', 'START', 'CRASHES', 'WHY NOT'],
    workloads.map((each) => [
      each.container,
      [each.service ?? '?', each.version].filter((part) => part !== undefined).join(' '),
      each.running ? each.protection : 'stopped',
      ago(each.since, nowMs).replace(' ago', ''),
      duration(each.exposedSeconds),
      each.startWindowSeconds === undefined ? '-' : duration(each.startWindowSeconds),
      String(each.crashes),
      [...each.reasons, ...each.warnings].join(', '),
    ]),
  );
}

export function showPolicies(policies: readonly PolicyView[]): string {
  return table(
    ['POLICY', 'FOR', 'LAYER', 'FROM', 'SEQ', 'STATE', 'TEMPLATE'],
    policies.map(({ name, subject, layer, payloadId, seq, state, template }) => [
      name,
      subject,
      layer,
      payloadId,
      String(seq),
      state,
      template ?? '-',
    ]),
  );
}

/** One event on one line. */
export function showEvent(event: AgentEvent): string {
  if (event.kind === 'notice') {
    return `${event.time}  ${event.notice.padEnd(18)}  ${event.subject === undefined ? '' : `${event.subject}: `}${event.message}`;
  }
  const who = event.workload?.container ?? event.containerName ?? 'host';
  const from = event.layer === undefined ? '' : ` [${event.layer}]`;
  const tags = event.compliance.slice(0, 3).map(({ id }) => id);
  return `${event.time}  ${event.outcome.padEnd(18)}  ${who}: ${event.executable} → ${event.target} by ${event.policy}${from}${tags.length > 0 ? ` (${tags.join(', ')})` : ''}`;
}

function ago(time: string, nowMs: number): string {
  return `${duration(Math.max(0, (nowMs - Date.parse(time)) / 1000))} ago`;
}
