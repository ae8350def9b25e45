import type { SecurityPolicy } from './types.ts';

/** DSSE `payloadType` of our envelopes (design §6). */
export const PAYLOAD_TYPE = 'application/vnd.horizon-armor.policies+json';

/** MMS object type of an attachment, and of what a node reports about itself (design §6, §7.8). */
export const POLICY_OBJECT_TYPE = 'security-policy';
export const STATUS_OBJECT_TYPE = 'security-status';

/** node default < deployment < live change: the more specific layer wins by policy name (design §7.2). */
export type Layer = 'node' | 'deployment' | 'live';

/** The workload whose containers a payload protects. `container` is its name in the deployment, `*` for every one. */
export interface WorkloadTarget {
  readonly org: string;
  /** Service name as in the Exchange's url field; `*` for any service (node defaults). */
  readonly service: string;
  readonly container: string;
  /** Go architecture name, or `*`. */
  readonly arch: string;
  /** As Open Horizon writes ranges: `[1.0.0,INFINITY)`. */
  readonly versionRange: string;
}

/**
 * This node itself: KubeArmorHostPolicies hold for the host, KubeArmorPolicies for every Open Horizon workload on it
 * (the agent fills in the selector of each).
 */
export interface HostTarget {
  readonly host: true;
}

export interface ComplianceId {
  readonly framework: string;
  readonly version: string;
  readonly id: string;
  readonly title: string;
  readonly source: string;
}

/** Which template a policy came from, so that the node can say what an event violates. */
export interface CatalogueEntry {
  /** `metadata.name` of the policy in `policies`. */
  readonly policy: string;
  readonly template: string;
  readonly summary: string;
  readonly compliance: readonly ComplianceId[];
}

/** What is attached at one point, without the number that orders its versions: equal content needs no new signature. */
export interface PolicyContent {
  readonly format: 1;
  /** Unique in an org: `<layer>.<attachment point>.<first 12 hex of the publisher's key id>`; equals the MMS object id. */
  readonly id: string;
  readonly layer: Layer;
  readonly target: WorkloadTarget | HostTarget;
  /** false: this deployment drops the node defaults for its workload. */
  readonly inherit: boolean;
  /** Empty: the signed withdrawal of what this id carried before (design §7.1). */
  readonly policies: readonly SecurityPolicy[];
  readonly catalogue: readonly CatalogueEntry[];
}

/** What is signed. `seq` only rises per id: a node refuses a lower one (replay). */
export interface PolicyPayload extends PolicyContent {
  readonly seq: number;
}
