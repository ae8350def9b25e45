import type { Answer } from './answer.ts';
import { int, list, long, optional, record, text } from './body-shape.ts';
import type { Call } from './call.ts';
import { nanosecondsOf, shiftInstant } from './clock.ts';
import { EXCHANGE_VERSION } from './hub.ts';
import { type Identity, isAgbot, isMultiTenantAgbot, isNode, isSuperUser, resourceOf } from './identity.ts';
import type { ChangeRecord } from './records.ts';
import type { Route } from './router.ts';
import type { Store } from './store.ts';

/** The log of changes that nodes and agbots poll; asking is their heartbeat (reference/exchange-mms.md §A.12). */
export const CHANGE_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/changes'], methods: { POST: findChanges } },
  { paths: ['/orgs/:org/changes/cleanup'], methods: { DELETE: deleteChanges } },
  { paths: ['/changes/maxchangeid'], methods: { GET: getMaxChangeId } },
];

const MAX_RECORDS = 10_000;

/** Records this much older than the change asked from are given once more: slow transactions may have come in between. */
const CONTENTION_MS = 2000;

/** Looking by time starts this much earlier. */
const TIME_MARGIN_MS = 10_000;

const search = record('org.openhorizon.exchangeapi.route.organization.ResourceChangesRequest', {
  changeId: long,
  lastUpdated: optional(text),
  maxRecords: int,
  orgList: optional(list(text)),
});

const cleanup = record('org.openhorizon.exchangeapi.route.administration.DeleteOrgChangesRequest', {
  resources: list(text),
});

function findChanges(call: Call): Answer {
  const organization = call.param('org');
  const { identity } = call;
  const { store } = call.hub;
  call.authorize({ kind: 'org', id: organization }, 'READ');
  const { changeId, lastUpdated, maxRecords, orgList } = call.body(search);
  if (lastUpdated !== null && !isInstant(lastUpdated)) call.demand(['error.parsing.timestamp', lastUpdated]);
  beat(call);
  if (maxRecords < 0) {
    throw call.refusal(500, 'internal_error', 'invalid.input.message', 'ERROR: LIMIT must not be negative');
  }
  const limit = Math.min(maxRecords, MAX_RECORDS);
  const orgs = new Set([...(orgList ?? []), organization]);
  const since = sinceOf(store, changeId, lastUpdated);
  const unrestricted = isMultiTenantAgbot(identity) || isSuperUser(identity);
  const found = store.changes
    .filter(
      (change) =>
        (unrestricted || change.orgId === organization || change.public) &&
        since(change) &&
        concerns(identity, change, orgs),
    )
    .slice(0, limit);
  const hitMaxRecords = found.length > 0 && found.length === limit;
  const last = found.at(-1)?.changeId ?? 0;
  return {
    status: 201,
    json: {
      changes: grouped(found),
      mostRecentChangeId: hitMaxRecords ? last : Math.max(1, store.lastChangeId),
      hitMaxRecords,
      exchangeVersion: EXCHANGE_VERSION,
    },
  };
}

function getMaxChangeId(call: Call): Answer {
  call.authorize({ kind: 'action', id: '' }, 'MAXCHANGEID');
  return { status: 200, json: { maxChangeId: Math.max(1, call.hub.store.lastChangeId) } };
}

/** Root's broom; not used by agents. */
function deleteChanges(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'action', id: '' }, 'ADMIN');
  const { resources } = call.body(cleanup);
  const { changes } = call.hub.store;
  const doomed = changes.filter(
    ({ orgId, id }) => orgId === organization && (resources.length === 0 || resources.includes(id)),
  );
  if (doomed.length === 0) throw call.refusal(404, 'not-found', 'org.not.found', organization);
  const kept = changes.filter((change) => !doomed.includes(change));
  changes.splice(0, changes.length, ...kept);
  return { status: 204 };
}

/** A node's or agbot's question is its heartbeat; one that has been deleted is told so. */
function beat(call: Call): void {
  const { identity } = call;
  const { store, clock } = call.hub;
  const id = resourceOf(identity);
  const asker = isNode(identity) ? store.nodes.get(id) : isAgbot(identity) ? store.agbots.get(id) : undefined;
  if (asker !== undefined) asker.lastHeartbeat = clock.instant();
  else if (isNode(identity) || isAgbot(identity)) throw call.refusal(404, 'not-found', 'node.or.agbot.not.found', id);
}

/** From a change id, and what lies shortly before it; or from a time; or everything. */
function sinceOf(store: Store, changeId: number, lastUpdated: string | null): (change: ChangeRecord) => boolean {
  if (changeId > 0) {
    const known = store.changes.find((change) => change.changeId === changeId);
    const earlier = known === undefined ? undefined : nanosecondsOf(shiftInstant(known.lastUpdated, -CONTENTION_MS));
    return (change) =>
      change.changeId >= changeId || (earlier !== undefined && nanosecondsOf(change.lastUpdated) >= earlier);
  }
  if (lastUpdated === null || lastUpdated === '') return () => true;
  const start = nanosecondsOf(shiftInstant(lastUpdated, -TIME_MARGIN_MS));
  return (change) => nanosecondsOf(change.lastUpdated) >= start;
}

/** Nodes hear of management policies, services, orgs and themselves; agbots of all but what only nodes need. */
function concerns(identity: Identity, change: ChangeRecord, orgs: ReadonlySet<string | null>): boolean {
  const { category, resource, operation } = change;
  if (isNode(identity)) {
    if (category === 'node') return change.id === identity.username;
    return ['mgmtpolicy', 'service', 'org'].includes(category);
  }
  if (!isAgbot(identity)) return true;
  const newOrg = resource === 'org' && operation === 'created';
  const everyOrg = !isMultiTenantAgbot(identity) || orgs.has('*') || orgs.has('');
  if (!everyOrg && !orgs.has(change.orgId) && !newOrg) return false;
  if (resource === 'nodemsgs' || resource === 'nodestatus') return false;
  return !(['nodeagreements', 'agbotagreements'].includes(resource) && operation === 'created/modified');
}

/** One entry for each thing, with its last operation and all its changes. */
function grouped(changes: readonly ChangeRecord[]) {
  const entries = Object.groupBy(changes, ({ orgId, id, resource }) => `${orgId}_${id}_${resource}`);
  return Object.values(entries).flatMap((group = []) => {
    const last = group.at(-1);
    if (last === undefined) return [];
    const { orgId, resource, id, operation } = last;
    const resourceChanges = group.map(({ changeId, lastUpdated }) => ({ changeId, lastUpdated }));
    return [{ orgId, resource, id, operation, resourceChanges }];
  });
}

/** What Java's ZonedDateTime reads: date, time, and an offset or Z, with a zone in brackets at most. */
function isInstant(value: string): boolean {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))(\[[^\]]+\])?$/i.exec(value);
  return match !== null && !Number.isNaN(Date.parse(match[1] ?? ''));
}
