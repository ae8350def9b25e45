import { type Answer, duplicateKey, nullColumn, Refusal } from './answer.ts';
import { record, sequence, text } from './body-shape.ts';
import { type Call, DELETED } from './call.ts';
import { BatchFailure } from './defects.ts';
import type { AgentFileVersions } from './records.ts';
import type { Route } from './router.ts';

/** Versions of the agent's files that an upgrade may use. They exist for org IBM only; nodes look here. */
export const AGENT_FILE_ROUTES: readonly Route[] = [
  {
    paths: ['/orgs/:org/AgentFileVersion'],
    methods: { DELETE: deleteVersions, PUT: putVersions, GET: getVersions },
  },
];

const body = record('org.openhorizon.exchangeapi.table.agent.AgentVersionsRequest', {
  agentCertVersions: sequence(text),
  agentConfigVersions: sequence(text),
  agentSoftwareVersions: sequence(text),
});

const NONE: Omit<AgentFileVersions, 'lastUpdated'> = {
  agentCertVersions: [],
  agentConfigVersions: [],
  agentSoftwareVersions: [],
};

function getVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'READ_AGENT_CONFIG_MGMT');
  demandIbm(call);
  const versions = call.hub.store.agentFiles.get('IBM');
  if (versions === undefined) throw call.refusal(404, 'not-found', 'org.not.found', 'IBM');
  return { status: 200, json: versions };
}

/** One list after the other, without a transaction: one that fails leaves those before it changed and the rest empty. */
function putVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'WRITE_AGENT_CONFIG_MGMT');
  const versions = call.body(body);
  demandIbm(call);
  const { store, clock } = call.hub;
  const before = store.agentFiles.get('IBM');
  const written = { ...before, ...NONE };
  const write = (change: Partial<typeof written>): void => {
    Object.assign(written, change);
    if (before !== undefined) store.agentFiles.set('IBM', { lastUpdated: before.lastUpdated, ...written });
  };
  write(NONE);
  write({ agentCertVersions: distinct('certificate', versions.agentCertVersions) });
  write({ agentConfigVersions: distinct('configuration', versions.agentConfigVersions) });
  write({ agentSoftwareVersions: distinct('software', versions.agentSoftwareVersions) });
  store.agentFiles.set('IBM', { ...written, lastUpdated: clock.timestamp() });
  logFiles(call);
  return call.done('org.attr.updated', 'AgentFileVersion', 'IBM');
}

/** @throws {BatchFailure} for a version that is null or there already */
function distinct(kind: string, versions: readonly (string | null)[]): readonly string[] {
  const table = `agent_version_${kind}`;
  return versions.map((version, index) => {
    if (version === null) throw new BatchFailure(table, index, nullColumn(table, 'version'));
    if (versions.indexOf(version) === index) return version;
    throw new BatchFailure(table, index, duplicateKey(`pk_${table}`, 'organization, version', `IBM, ${version}`));
  });
}

/** The time of the change stays, so that GET then shows empty lists. */
function deleteVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'WRITE_AGENT_CONFIG_MGMT');
  demandIbm(call);
  const { store, clock } = call.hub;
  store.agentFiles.set('IBM', { ...NONE, lastUpdated: clock.timestamp() });
  logFiles(call);
  return DELETED;
}

function demandIbm(call: Call): void {
  const organization = call.param('org');
  if (organization !== 'IBM') {
    throw new Refusal(call.said(400, 'invalid-input', 'invalid.input.message', organization));
  }
}

function logFiles(call: Call): void {
  call.logChange({
    orgId: 'IBM',
    id: 'IBM',
    category: 'org',
    public: true,
    resource: 'agentfileversion',
    operation: 'modified',
  });
}
