import { duration, table } from '#tools/table.ts';
import type { FleetStatus, NodeReport } from './fleet-status.ts';

/** The fleet in three tables: nodes, what is not enforced and why, and where each attachment is in force. */
export function showFleet({ nodes, attachments, totals }: FleetStatus): string {
  const { workloads, enforced, auditOnly, unprotected, silent } = totals;
  const sections = [
    `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}, ${silent} of them silent or not to be believed; ${workloads} workloads: ${enforced} enforced, ${auditOnly} audit only, ${unprotected} unprotected\n`,
    table(['NODE', 'REPORT', 'AGE', 'KUBEARMOR', 'ENFORCED', 'AUDIT', 'UNPROTECTED', 'REMARK'], nodes.map(nodeRow)),
  ];
  const exposed = nodes.flatMap(({ node, status }) =>
    (status?.workloads ?? [])
      .filter(({ running, protection }) => running && protection !== 'enforced')
      .map(({ container, protection, reasons, since }) => [node, container, protection, reasons.join(', '), since]),
  );
  if (exposed.length > 0) sections.push(table(['NODE', 'WORKLOAD', 'PROTECTION', 'WHY', 'SINCE'], exposed));
  const reach = attachments.flatMap(({ id, nodes: on }) =>
    on.map(({ node, state, seq, since }) => [id, node, state, String(seq), since]),
  );
  if (reach.length > 0) sections.push(table(['ATTACHED', 'NODE', 'STATE', 'SEQ', 'SINCE'], reach));
  return sections.join('\n');
}

function nodeRow({ node, standing, firstSight, ageSeconds, status, problem }: NodeReport): string[] {
  const running = status?.workloads.filter((workload) => workload.running) ?? [];
  const count = (protection: string): string =>
    status === undefined ? '-' : String(running.filter((workload) => workload.protection === protection).length);
  const kubearmor = status === undefined ? '-' : status.kubearmor.reachable ? status.kubearmor.enforcer : 'unreachable';
  return [
    node,
    standing,
    ageSeconds === undefined ? '-' : duration(ageSeconds),
    kubearmor,
    count('enforced'),
    count('audit-only'),
    count('unprotected'),
    problem ?? (firstSight ? 'first seen now; its key is remembered' : ''),
  ];
}
