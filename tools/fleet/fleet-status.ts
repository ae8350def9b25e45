import type { SecurityStatus } from '#agent/report/security-status.ts';
import { openStatus } from '#agent/report/signed-status.ts';
import type { Reason } from '#agent/truth/assess.ts';
import { ArmorError } from '#errors';
import type { KnownNode, KnownNodes } from './known-nodes.ts';

/** One status object as it lies in the MMS: anybody in the org may have written it. */
export interface StatusObject {
  readonly objectId: string;
  /** `org/node` that put it there, as the MMS says; undefined for what a user put there. */
  readonly putByNode: string | undefined;
  /** undefined while its data is being replaced. */
  readonly data: string | undefined;
}

/** How far a node's report can be believed. */
export type Standing = 'current' | 'silent' | 'never-reported' | 'key-changed' | 'unverified' | 'foreign-object';

export interface NodeReport {
  /** `org/node`. */
  readonly node: string;
  readonly standing: Standing;
  /** Whether the key was seen for the first time now. */
  readonly firstSight: boolean;
  readonly keyId?: string;
  /** Seconds since its last report was made. */
  readonly ageSeconds?: number;
  /** Only of a report whose signature holds and whose key is the known one. */
  readonly status?: SecurityStatus;
  readonly problem?: string;
}

/** Where an attached policy is in force, and since when. */
export interface AttachmentReach {
  readonly id: string;
  readonly nodes: readonly {
    readonly node: string;
    readonly state: string;
    readonly seq: number;
    readonly since: string;
  }[];
}

export interface FleetStatus {
  readonly nodes: readonly NodeReport[];
  readonly attachments: readonly AttachmentReach[];
  readonly totals: {
    readonly nodes: number;
    readonly silent: number;
    readonly workloads: number;
    readonly enforced: number;
    readonly auditOnly: number;
    readonly unprotected: number;
    readonly reasons: Readonly<Partial<Record<Reason, number>>>;
  };
  /** The known keys with those seen for the first time. */
  readonly known: KnownNodes;
}

/** A node reports every 15 minutes even when nothing changes (reporter.ts), and MMS takes seconds. */
export const SILENT_AFTER_SECONDS = 35 * 60;

/**
 * What the fleet says of itself. A report counts only with a good signature of the key that the node had when it was
 * first seen, for the node that it names; everything else is shown with what is wrong about it. Pure.
 *
 * @param registered nodes of the org as the Exchange lists them, `org/node`
 */
export function fleetStatus(
  objects: readonly StatusObject[],
  registered: readonly string[],
  known: KnownNodes,
  {
    org,
    nowMs,
    silentAfterSeconds = SILENT_AFTER_SECONDS,
  }: { org: string; nowMs: number; silentAfterSeconds?: number },
): FleetStatus {
  const nextKnown = new Map(known);
  const reports = new Map<string, NodeReport>();
  for (const object of objects) {
    const report = judge(object, nextKnown, { org, nowMs, silentAfterSeconds });
    if (report.firstSight && report.keyId !== undefined) {
      nextKnown.set(report.node, { key: report.keyId, firstSeen: new Date(nowMs).toISOString() } satisfies KnownNode);
    }
    reports.set(report.node, report);
  }
  for (const node of registered) {
    if (!reports.has(node)) reports.set(node, { node, standing: 'never-reported', firstSight: false });
  }
  const nodes = [...reports.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
  return { nodes, attachments: reach(nodes), totals: total(nodes), known: nextKnown };
}

function judge(
  { objectId, data, putByNode }: StatusObject,
  known: KnownNodes,
  { org, nowMs, silentAfterSeconds }: { org: string; nowMs: number; silentAfterSeconds: number },
): NodeReport {
  const node = `${org}/${objectId}`;
  const wrong = (standing: Standing, problem: string, keyId?: string): NodeReport => ({
    node,
    standing,
    problem,
    firstSight: false,
    ...(keyId === undefined ? {} : { keyId }),
  });
  if (data === undefined) return wrong('unverified', 'its data is not there at the moment');
  try {
    const { status, keyId } = openStatus(data);
    if (status.node !== node)
      return wrong('foreign-object', `the report is of ${status.node}, under the id of ${node}`, keyId);
    const trusted = known.get(node);
    // First sight has nothing but the MMS's word for who put it there; afterwards the key decides.
    if (trusted === undefined && putByNode !== node) {
      return wrong(
        'foreign-object',
        `${putByNode ?? 'a user'} put it there, not the node, and its key is unknown`,
        keyId,
      );
    }
    if (trusted !== undefined && trusted.key !== keyId) {
      return wrong(
        'key-changed',
        `signed by ${keyId.slice(0, 12)}, known is ${trusted.key.slice(0, 12)} since ${trusted.firstSeen}`,
        keyId,
      );
    }
    const ageSeconds = Math.max(0, (nowMs - Date.parse(status.at)) / 1000);
    const standing = ageSeconds > silentAfterSeconds ? 'silent' : 'current';
    return { node, standing, firstSight: trusted === undefined, keyId, ageSeconds, status };
  } catch (error) {
    if (error instanceof ArmorError) return wrong('unverified', error.message);
    throw error;
  }
}

function reach(nodes: readonly NodeReport[]): AttachmentReach[] {
  const byId = new Map<string, AttachmentReach['nodes'][number][]>();
  for (const { node, status } of nodes) {
    for (const { id, state, seq, since } of status?.attachments ?? []) {
      byId.set(id, [...(byId.get(id) ?? []), { node, state, seq, since }]);
    }
  }
  return [...byId].map(([id, on]) => ({ id, nodes: on })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Workloads of nodes that are silent are not counted as protected: nobody knows. */
function total(nodes: readonly NodeReport[]): FleetStatus['totals'] {
  const workloads = nodes.flatMap(({ standing, status }) =>
    (status?.workloads ?? [])
      .filter(({ running }) => running)
      .map((workload) => ({ ...workload, current: standing === 'current' })),
  );
  const reasons: Partial<Record<Reason, number>> = {};
  for (const reason of workloads.flatMap((workload) => workload.reasons)) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const enforced = workloads.filter(({ protection, current }) => current && protection === 'enforced').length;
  const auditOnly = workloads.filter(({ protection, current }) => current && protection === 'audit-only').length;
  return {
    nodes: nodes.length,
    silent: nodes.filter(({ standing }) => standing !== 'current').length,
    workloads: workloads.length,
    enforced,
    auditOnly,
    unprotected: workloads.length - enforced - auditOnly,
    reasons,
  };
}
