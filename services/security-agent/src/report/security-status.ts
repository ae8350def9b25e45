import type { Enforcer, Protection, Reason } from '#agent/truth/assess.ts';
import type { Layer } from '#policy/payload.ts';

/** DSSE `payloadType` of a node's report on itself (design §7.8). */
export const STATUS_PAYLOAD_TYPE = 'application/vnd.horizon-armor.status+json';

/** One workload as the node sees it. Times are ISO 8601 in UTC. */
export interface WorkloadStatus {
  /** Container name in the deployment. */
  readonly container: string;
  readonly containerName: string;
  readonly org?: string;
  readonly service?: string;
  readonly version?: string;
  readonly agreement?: string;
  readonly image: string;
  readonly running: boolean;
  readonly protection: Protection;
  readonly reasons: readonly Reason[];
  readonly since: string;
  /** Seconds unprotected since its present start, and the length of the start window alone. */
  readonly exposedSeconds: number;
  readonly startWindowSeconds?: number;
  readonly crashes: number;
  readonly policies: readonly string[];
}

/** One attached policy as it stands on the node. */
export interface AttachmentStatus {
  readonly id: string;
  readonly seq: number;
  readonly layer: Layer;
  readonly state: 'in-force' | 'vanished' | 'withdrawn' | 'ended';
  readonly since: string;
  readonly keyId: string;
}

/** What a node says of itself. Small: one MMS object per node, rewritten when something changes. */
export interface SecurityStatus {
  readonly format: 1;
  /** `org/node`. */
  readonly node: string;
  /** Only rises: a reader refuses an older report as current. */
  readonly seq: number;
  readonly at: string;
  readonly agentVersion: string;
  readonly kubearmor: {
    readonly reachable: boolean;
    readonly version: string;
    readonly enforcer: Enforcer;
    readonly since: string;
  };
  readonly docker: 'up' | 'down';
  readonly workloads: readonly WorkloadStatus[];
  readonly attachments: readonly AttachmentStatus[];
  readonly rejected: readonly { readonly objectId: string; readonly reason: string; readonly at: string }[];
  readonly counts: {
    readonly blocked: number;
    readonly audited: number;
    readonly throttled: number;
    readonly dropped: number;
  };
}
