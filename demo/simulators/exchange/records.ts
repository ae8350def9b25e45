import type { HeartbeatIntervals, Property, SecretBinding, UserInput } from './bodies.ts';

/** What the Exchange stores. Ids are composite (`org/name`), owners are UUIDs of users, times are ISO instants. */

export interface OrgRecord {
  readonly id: string;
  orgType: string;
  label: string;
  description: string;
  lastUpdated: string;
  tags: Readonly<Record<string, string | null>> | null;
  limits: { readonly maxNodes: number } | null;
  heartbeatIntervals: HeartbeatIntervals | null;
}

export interface UserRecord {
  readonly uuid: string;
  readonly organization: string;
  readonly username: string;
  /** Null: an account without password, which cannot log in. */
  password: string | null;
  admin: boolean;
  hubAdmin: boolean;
  email: string | null;
  modifiedAt: string;
  modifiedBy: string | null;
  readonly apiKeys: Map<string, ApiKeyRecord>;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly value: string;
  readonly label: string | null;
  readonly description: string | null;
  readonly lastUpdated: string;
}

export interface ServiceReference {
  readonly url: string | null;
  readonly org: string | null;
  readonly version: string | null;
  readonly versionRange: string | null;
  readonly arch: string | null;
}

export interface ServiceRecord {
  readonly id: string;
  readonly organization: string;
  owner: string;
  label: string;
  description: string;
  public: boolean;
  documentation: string;
  url: string;
  version: string;
  arch: string;
  sharable: string;
  matchHardware: Readonly<Record<string, unknown>>;
  requiredServices: readonly (ServiceReference | null)[];
  userInput: readonly Readonly<Record<string, string | null>>[];
  deployment: string;
  deploymentSignature: string;
  clusterDeployment: string;
  clusterDeploymentSignature: string;
  imageStore: Readonly<Record<string, unknown>>;
  lastUpdated: string;
  policy?: PolicyRecord;
  readonly keys: Map<string, KeyRecord>;
  readonly dockAuths: Map<number, DockAuthRecord>;
}

export interface PolicyRecord {
  readonly label: string;
  readonly description: string;
  readonly properties: readonly Property[];
  readonly constraints: readonly (string | null)[];
  readonly lastUpdated: string;
}

export interface KeyRecord {
  readonly key: string;
  readonly lastUpdated: string;
}

export interface DockAuthRecord {
  readonly dockAuthId: number;
  registry: string;
  username: string;
  token: string;
  lastUpdated: string;
}

export interface PatternServiceVersion {
  readonly version: string | null;
  readonly deployment_overrides: string | null;
  readonly deployment_overrides_signature: string | null;
  readonly priority: Readonly<Record<string, unknown>> | null;
  readonly upgradePolicy: Readonly<Record<string, string | null>> | null;
}

export interface PatternService {
  readonly serviceUrl: string | null;
  readonly serviceOrgid: string | null;
  readonly serviceArch: string | null;
  readonly agreementLess: unknown;
  readonly serviceVersions: readonly (PatternServiceVersion | null)[];
  readonly dataVerification: Readonly<Record<string, unknown>> | null;
  readonly nodeHealth: Readonly<Record<string, unknown>> | null;
}

export interface PatternRecord {
  readonly id: string;
  readonly organization: string;
  owner: string;
  label: string;
  description: string;
  public: boolean;
  services: readonly (PatternService | null)[];
  userInput: readonly UserInput[];
  secretBinding: readonly SecretBinding[];
  agreementProtocols: readonly Readonly<Record<string, string | null>>[];
  clusterNamespace: string | null;
  lastUpdated: string;
  readonly keys: Map<string, KeyRecord>;
}

export interface DeploymentPolicyService {
  readonly name: string | null;
  readonly org: string | null;
  readonly arch: string | null;
  readonly serviceVersions: readonly ({
    readonly version: string | null;
    readonly priority: Readonly<Record<string, unknown>> | null;
    readonly upgradePolicy: Readonly<Record<string, string | null>> | null;
  } | null)[];
  readonly nodeHealth: Readonly<Record<string, unknown>> | null;
  readonly clusterNamespace: string | null;
}

export interface DeploymentPolicyRecord {
  readonly id: string;
  readonly organization: string;
  readonly owner: string;
  label: string;
  description: string;
  service: DeploymentPolicyService;
  userInput: readonly UserInput[];
  secretBinding: readonly SecretBinding[];
  properties: readonly Property[];
  constraints: readonly (string | null)[];
  readonly created: string;
  lastUpdated: string;
}

export interface ManagementPolicyRecord {
  readonly id: string;
  readonly organization: string;
  owner: string;
  label: string | null;
  description: string | null;
  properties: readonly Property[];
  constraints: readonly (string | null)[];
  patterns: readonly (string | null)[];
  enabled: boolean;
  start: string;
  startWindow: number;
  allowDowngrade: boolean;
  manifest: string | null;
  created: string;
  lastUpdated: string;
}

export interface RegisteredService {
  readonly url: string | null;
  readonly numAgreements: number;
  readonly configState: string | null;
  readonly policy: string | null;
  readonly properties: readonly (RegisteredProperty | null)[];
  readonly version: string | null;
}

export interface RegisteredProperty {
  readonly name: string | null;
  readonly value: string | null;
  readonly propType: string | null;
  readonly op: string | null;
}

export interface NodeRecord {
  readonly id: string;
  readonly organization: string;
  readonly owner: string;
  token: string;
  name: string;
  nodeType: string;
  pattern: string;
  registeredServices: readonly (RegisteredService | null)[];
  userInput: readonly UserInput[];
  msgEndPoint: string;
  softwareVersions: Readonly<Record<string, string | null>>;
  /** Null until the agent has spoken. */
  lastHeartbeat: string | null;
  publicKey: string;
  arch: string;
  heartbeatIntervals: HeartbeatIntervals;
  lastUpdated: string;
  clusterNamespace: string | null;
  isNamespaceScoped: boolean;
  policy?: NodePolicyRecord;
  status?: NodeStatusRecord;
  errors?: { readonly errors: readonly unknown[]; readonly lastUpdated: string };
  readonly messages: Map<number, MessageRecord>;
  readonly managementStatus: Map<string, ManagementStatusRecord>;
}

export interface PropertiesAndConstraints {
  readonly properties: readonly Property[] | null;
  readonly constraints: readonly (string | null)[] | null;
}

export interface NodePolicyRecord extends PolicyRecord {
  readonly deployment: PropertiesAndConstraints;
  readonly management: PropertiesAndConstraints;
  readonly nodePolicyVersion: string;
}

export interface NodeStatusRecord {
  readonly connectivity: Readonly<Record<string, unknown>> | null;
  readonly services: readonly unknown[];
  readonly runningServices: string;
  readonly lastUpdated: string;
}

export interface ManagementStatusRecord {
  readonly scheduledTime: string;
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly softwareVersion: string | null;
  readonly certVersion: string | null;
  readonly configVersion: string | null;
  readonly status: string | null;
  readonly errorMessage: string | null;
  readonly lastUpdated: string;
}

/** A message in the mailbox of a node (from an agbot) or of an agbot (from a node). */
export interface MessageRecord {
  readonly msgId: number;
  readonly sender: string;
  readonly senderPublicKey: string;
  readonly message: string;
  readonly timeSent: string;
  readonly timeExpires: string;
}

export interface NodeAgreementRecord {
  readonly id: string;
  readonly node: string;
  readonly services: readonly unknown[];
  readonly agrService: { readonly orgid: string; readonly pattern: string; readonly url: string };
  readonly state: string;
  readonly lastUpdated: string;
}

export interface AgbotRecord {
  readonly id: string;
  readonly organization: string;
  owner: string;
  token: string;
  name: string;
  msgEndPoint: string;
  publicKey: string;
  lastHeartbeat: string;
  readonly policies: Map<string, ServedRecord>;
  readonly patterns: Map<string, ServedRecord>;
  readonly messages: Map<number, MessageRecord>;
}

/** A deployment policy or pattern that an agbot serves, and the org of the nodes it serves it to. */
export interface ServedRecord {
  readonly organization: string;
  readonly name: string;
  readonly nodeOrgid: string;
  readonly lastUpdated: string;
}

export interface AgbotAgreementRecord {
  readonly id: string;
  readonly agbot: string;
  readonly service: { readonly orgid: string; readonly pattern: string; readonly url: string };
  readonly state: string;
  readonly lastUpdated: string;
}

/** Nodes that are upgraded one at a time. */
export interface HaGroupRecord {
  readonly organization: string;
  readonly name: string;
  /** Made by an admin. */
  readonly admin: boolean;
  description: string | null;
  /** Ids of nodes. */
  members: Set<string>;
  lastUpdated: string;
}

/** How far an agbot has come in a paged search for one policy's nodes. */
export interface SearchSession {
  readonly offset: string | null;
  readonly session: string | null;
}

export interface ChangeRecord {
  readonly changeId: number;
  readonly orgId: string;
  readonly id: string;
  readonly category: 'agbot' | 'mgmtpolicy' | 'node' | 'org' | 'pattern' | 'policy' | 'service' | 'ha_group';
  readonly public: boolean;
  readonly resource: string;
  readonly operation: 'created' | 'created/modified' | 'modified' | 'deleted';
  readonly lastUpdated: string;
}

export interface AgentFileVersions {
  readonly agentSoftwareVersions: readonly string[];
  readonly agentConfigVersions: readonly string[];
  readonly agentCertVersions: readonly string[];
  readonly lastUpdated: string;
}
