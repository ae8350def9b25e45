import type { Call } from './call.ts';
import { localId } from './composite-id.ts';
import type { Limits } from './hub.ts';
import type { MessageKey } from './messages.ts';
import type { OwnedKind } from './ownership.ts';
import type {
  ChangeRecord,
  DeploymentPolicyRecord,
  ManagementPolicyRecord,
  PatternRecord,
  ServiceRecord,
} from './records.ts';
import { deleteDeploymentPolicy, deleteManagementPolicy, type Store } from './store.ts';

/** What a publisher creates: owned by a user, in an org. */
export interface Published {
  readonly owner: string;
  readonly public?: boolean;
}

/** What differs between the kinds of what publishers create; what they have in common is in published.ts. */
export interface PublishedKind<R extends Published> {
  readonly kind: OwnedKind;
  /** The segment of its path that names one. */
  readonly segment: string;
  readonly records: (store: Store) => Map<string, R>;
  readonly remove: (store: Store, id: string) => void;
  readonly limit: keyof Limits;
  readonly table: readonly [table: string, primaryKey: string, column: string];
  /** Category and resource in the log of changes, and what one is called there. */
  readonly change: ChangeRecord['category'];
  readonly loggedAs: (call: Call, id: string) => string;
  readonly says: Readonly<Record<'tooMany' | 'exists' | 'notCreated' | 'missing', MessageKey>>;
}

export const SERVICE: PublishedKind<ServiceRecord> = {
  kind: 'service',
  segment: 'service',
  records: ({ services }) => services,
  remove: ({ services }, id) => services.delete(id),
  limit: 'services',
  table: ['services', 'services_pkey', 'service'],
  change: 'service',
  loggedAs: (_call, id) => localId(id),
  says: {
    tooMany: 'over.the.limit.of.services',
    exists: 'service.already.exists',
    notCreated: 'service.not.created',
    missing: 'service.not.found',
  },
};

export const PATTERN: PublishedKind<PatternRecord> = {
  kind: 'pattern',
  segment: 'pattern',
  records: ({ patterns }) => patterns,
  remove: ({ patterns }, id) => patterns.delete(id),
  limit: 'patterns',
  table: ['patterns', 'patterns_pkey', 'pattern'],
  change: 'pattern',
  loggedAs: (call) => call.param('pattern'),
  says: {
    tooMany: 'over.limit.of.max.patterns',
    exists: 'pattern.already.exists',
    notCreated: 'pattern.not.created',
    missing: 'pattern.id.not.found',
  },
};

export const DEPLOYMENT_POLICY: PublishedKind<DeploymentPolicyRecord> = {
  kind: 'business policy',
  segment: 'policy',
  records: ({ deploymentPolicies }) => deploymentPolicies,
  remove: deleteDeploymentPolicy,
  limit: 'deploymentPolicies',
  table: ['businesspolicies', 'businesspolicies_pkey', '"businessPolicy"'],
  change: 'policy',
  loggedAs: (call) => call.param('policy'),
  says: {
    tooMany: 'over.max.limit.buspols',
    exists: 'buspol.already.exists',
    notCreated: 'buspol.not.created',
    missing: 'business.policy.not.found',
  },
};

export const MANAGEMENT_POLICY: PublishedKind<ManagementPolicyRecord> = {
  kind: 'management policy',
  segment: 'policy',
  records: ({ managementPolicies }) => managementPolicies,
  remove: deleteManagementPolicy,
  limit: 'managementPolicies',
  table: ['managementpolicies', 'managementpolicies_pkey', 'managementpolicy'],
  change: 'mgmtpolicy',
  loggedAs: (call) => call.param('policy'),
  says: {
    tooMany: 'over.max.limit.mgmtpols',
    exists: 'mgmtpol.already.exists',
    notCreated: 'mgmtpol.not.created',
    missing: 'management.policy.not.found',
  },
};
