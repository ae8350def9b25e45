import { ADMIN_ROUTES } from './admin.ts';
import { AGBOT_AGREEMENT_ROUTES } from './agbot-agreements.ts';
import { AGBOT_SERVING_ROUTES } from './agbot-serving.ts';
import { AGBOT_ROUTES } from './agbots.ts';
import { AGENT_FILE_ROUTES } from './agent-files.ts';
import type { Answer } from './answer.ts';
import { API_KEY_ROUTES } from './api-keys.ts';
import { CHANGE_ROUTES } from './changes.ts';
import { DEPLOYMENT_POLICY_ROUTES } from './deployment-policies.ts';
import { DOCK_AUTH_ROUTES } from './dock-auths.ts';
import { HA_GROUP_MEMBER_ROUTES } from './ha-group-members.ts';
import { HA_GROUP_ROUTES } from './ha-groups.ts';
import { EXCHANGE_VERSION } from './hub.ts';
import { KEY_ROUTES } from './keys.ts';
import { MAILBOX_ROUTES } from './mailboxes.ts';
import { MANAGEMENT_POLICY_ROUTES } from './management-policies.ts';
import { NODE_AGREEMENT_ROUTES } from './node-agreements.ts';
import { NODE_CONFIG_STATE_ROUTES } from './node-config-state.ts';
import { NODE_MANAGEMENT_STATUS_ROUTES } from './node-management-status.ts';
import { NODE_POLICY_ROUTES } from './node-policy.ts';
import { NODE_REPORT_ROUTES } from './node-reports.ts';
import { NODE_SEARCH_ROUTES } from './node-search.ts';
import { NODE_ROUTES } from './nodes.ts';
import { ORG_ROUTES } from './orgs.ts';
import { PATTERN_ROUTES } from './patterns.ts';
import { AGREEMENT_SEARCH_ROUTES } from './policy-search.ts';
import type { Route } from './router.ts';
import { SERVICE_POLICY_ROUTES } from './service-policy.ts';
import { SERVICE_ROUTES } from './services.ts';
import { USER_ROUTES } from './users.ts';

/** Every route that needs a login: what publishers, agbots, nodes and `hzn` use. */
export const ROUTES: readonly Route[] = [
  ...ADMIN_ROUTES,
  ...AGENT_FILE_ROUTES,
  ...ORG_ROUTES,
  ...USER_ROUTES,
  ...API_KEY_ROUTES,
  ...SERVICE_ROUTES,
  ...SERVICE_POLICY_ROUTES,
  ...KEY_ROUTES,
  ...DOCK_AUTH_ROUTES,
  ...PATTERN_ROUTES,
  ...DEPLOYMENT_POLICY_ROUTES,
  ...MANAGEMENT_POLICY_ROUTES,
  ...NODE_ROUTES,
  ...NODE_POLICY_ROUTES,
  ...NODE_REPORT_ROUTES,
  ...NODE_AGREEMENT_ROUTES,
  ...NODE_CONFIG_STATE_ROUTES,
  ...NODE_MANAGEMENT_STATUS_ROUTES,
  ...NODE_SEARCH_ROUTES,
  ...HA_GROUP_ROUTES,
  ...HA_GROUP_MEMBER_ROUTES,
  ...AGBOT_ROUTES,
  ...AGBOT_SERVING_ROUTES,
  ...AGBOT_AGREEMENT_ROUTES,
  ...MAILBOX_ROUTES,
  ...AGREEMENT_SEARCH_ROUTES,
  ...CHANGE_ROUTES,
];

/** What answers without login; undefined: not one of these. */
export function openRoute(method: string, path: string): Answer | undefined {
  if (method !== 'GET') return undefined;
  if (path === '/admin/version') return { status: 200, text: `${EXCHANGE_VERSION}\n` };
  if (path === '/test') return { status: 200, json: { result: 'OK' } };
  return undefined;
}
