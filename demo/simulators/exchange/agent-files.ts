import { type Answer, Refusal } from './answer.ts';
import { list, record, text } from './body-shape.ts';
import { type Call, DELETED } from './call.ts';
import type { Route } from './router.ts';

/** Versions of the agent's files that an upgrade may use. They exist for org IBM only; nodes look here. */
export const AGENT_FILE_ROUTES: readonly Route[] = [
  {
    paths: ['/orgs/:org/AgentFileVersion'],
    methods: { DELETE: deleteVersions, PUT: putVersions, GET: getVersions },
  },
];

const body = record('org.openhorizon.exchangeapi.table.agent.AgentVersionsRequest', {
  agentCertVersions: list(text),
  agentConfigVersions: list(text),
  agentSoftwareVersions: list(text),
});

function getVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'READ_AGENT_CONFIG_MGMT');
  demandIbm(call);
  const versions = call.hub.store.agentFiles.get('IBM');
  if (versions === undefined) throw call.refusal(404, 'not-found', 'org.not.found', 'IBM');
  return { status: 200, json: versions };
}

function putVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'WRITE_AGENT_CONFIG_MGMT');
  const versions = call.body(body);
  demandIbm(call);
  const texts = (given: readonly (string | null)[]): string[] => given.map((version) => version ?? '');
  call.hub.store.agentFiles.set('IBM', {
    agentCertVersions: texts(versions.agentCertVersions),
    agentConfigVersions: texts(versions.agentConfigVersions),
    agentSoftwareVersions: texts(versions.agentSoftwareVersions),
    lastUpdated: call.hub.clock.timestamp(),
  });
  logFiles(call);
  return call.done('org.attr.updated', 'AgentFileVersion', 'IBM');
}

/** The time of the change stays, so that GET then shows empty lists. */
function deleteVersions(call: Call): Answer {
  call.authorize({ kind: 'org', id: 'IBM' }, 'WRITE_AGENT_CONFIG_MGMT');
  demandIbm(call);
  const { store, clock } = call.hub;
  const empty = { agentCertVersions: [], agentConfigVersions: [], agentSoftwareVersions: [] };
  store.agentFiles.set('IBM', { ...empty, lastUpdated: clock.timestamp() });
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
