import { type Answer, databaseError, listing, missingParent, nullColumn } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { NullAccess } from './defects.ts';
import type { ManagementStatusRecord } from './records.ts';
import type { Route } from './router.ts';

/** How far a node has come with a management policy (an upgrade of its agent). */
export const NODE_MANAGEMENT_STATUS_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes/:node/managementStatus'], methods: { GET: listStatuses } },
  {
    paths: ['/orgs/:org/nodes/:node/managementStatus/:policy'],
    methods: { DELETE: deleteStatus, PUT: putStatus, GET: getStatus },
  },
];

const TABLE = 'management_policy_status_node';

const ROUTE = 'org.openhorizon.exchangeapi.route.node';

const body = record(`${ROUTE}.PutNodeMgmtPolStatusRequest`, {
  agentUpgradePolicyStatus: record(`${ROUTE}.NodeMangementPolicyStatus`, {
    scheduledTime: text,
    startTime: optional(text),
    endTime: optional(text),
    upgradedVersions: optional(
      record(`${ROUTE}.UpgradedVersions`, {
        softwareVersion: optional(text),
        certVersion: optional(text),
        configVersion: optional(text),
      }),
    ),
    status: optional(text),
    errorMessage: optional(text),
  }),
});

function listStatuses(call: Call): Answer {
  const statuses = call.hub.store.nodes.get(authorized(call, 'READ'))?.managementStatus ?? new Map();
  const sorted = [...statuses].sort(([one], [two]) => (one < two ? -1 : 1));
  return listing('managementStatus', Object.fromEntries(sorted.map(([policy, status]) => [policy, view(status)])));
}

function getStatus(call: Call): Answer {
  const policy = policyId(call);
  const status = call.hub.store.nodes.get(authorized(call, 'READ'))?.managementStatus.get(policy);
  return listing('managementStatus', status === undefined ? {} : { [policy]: view(status) });
}

function putStatus(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const policy = policyId(call);
  const { agentUpgradePolicyStatus: report } = call.body(body);
  if (report === null) throw new NullAccess('Cannot invoke "NodeMangementPolicyStatus.startTime()" because it is null');
  const { store, clock } = call.hub;
  const node = store.nodes.get(id);
  const refuse = (cause: string): Error => {
    const key = 'node.managementpolicy.status.not.inserted.or.updated';
    return call.refusal(500, 'internal_error', key, policy, id, databaseError(cause));
  };
  if (report.scheduledTime === null) throw refuse(nullColumn(TABLE, 'time_start_scheduled'));
  if (!store.managementPolicies.has(policy)) {
    throw refuse(missingParent(TABLE, 'node_mgmt_pol_status_fk_mgmt_pols', 'policy', policy, 'managementpolicies'));
  }
  if (node === undefined) {
    throw refuse(missingParent(TABLE, 'node_mgmt_pol_status_fk_node', 'node', id, 'nodes'));
  }
  node.managementStatus.set(policy, {
    scheduledTime: report.scheduledTime,
    startTime: report.startTime,
    endTime: report.endTime,
    softwareVersion: report.upgradedVersions?.softwareVersion ?? null,
    certVersion: report.upgradedVersions?.certVersion ?? null,
    configVersion: report.upgradedVersions?.configVersion ?? null,
    status: report.status,
    errorMessage: report.errorMessage,
    lastUpdated: clock.instant(),
  });
  logStatus(call, 'created/modified');
  return call.done('node.managementpolicy.status.added.or.updated', policy, id);
}

function deleteStatus(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const policy = policyId(call);
  if (call.hub.store.nodes.get(id)?.managementStatus.delete(policy) !== true) {
    throw call.refusal(404, 'not-found', 'node.managementpolicy.status.not.found', policy, id);
  }
  logStatus(call, 'deleted');
  return DELETED;
}

function authorized(call: Call, access: 'READ' | 'WRITE'): string {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), access);
  return id;
}

function policyId(call: Call): string {
  return `${call.param('org')}/${call.param('policy')}`;
}

function view(status: ManagementStatusRecord) {
  return {
    agentUpgradePolicyStatus: {
      scheduledTime: status.scheduledTime,
      startTime: status.startTime ?? '',
      endTime: status.endTime ?? '',
      upgradedVersions: {
        softwareVersion: status.softwareVersion ?? '',
        certVersion: status.certVersion ?? '',
        configVersion: status.configVersion ?? '',
      },
      status: status.status ?? '',
      errorMessage: status.errorMessage ?? '',
      lastUpdated: status.lastUpdated,
    },
  };
}

function logStatus(call: Call, operation: 'created/modified' | 'deleted'): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'nodemgmtpolstatus',
    operation,
  });
}
