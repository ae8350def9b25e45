import type { Answer } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, idOf } from './call.ts';
import type { RegisteredService } from './records.ts';
import type { Route } from './router.ts';

/** Suspending and resuming registered services of a node, all, those of an org, or those of one url. */
export const NODE_CONFIG_STATE_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes/:node/services_configstate'], methods: { POST: setConfigState } },
];

const body = record(
  'org.openhorizon.exchangeapi.route.node.PostNodeConfigStateRequest',
  { org: text, url: text, configState: text, version: optional(text) },
  { required: ['org', 'url', 'configState'], leaksFormats: true },
);

function setConfigState(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const { org, url, configState, version } = call.body(body);
  if (configState !== 'suspended' && configState !== 'active') {
    call.demand(['configstate.must.be.suspended.or.active']);
  }
  if (org === '' && (url !== '' || (version ?? '') !== '')) call.demand(['services.configstate.org.not.specified']);
  if (url === '' && (version ?? '') !== '') call.demand(['services.configstate.url.not.specified']);
  const { store, clock } = call.hub;
  const node = store.nodes.get(id);
  if (node === undefined) {
    const cause = `Invalid Input: node ${id} not found`;
    throw call.refusal(400, 'invalid-input', 'node.not.inserted.or.updated', id, cause);
  }
  if (node.registeredServices.length === 0) throw call.refusal(404, 'not-found', 'node.has.no.services');
  const concerned = (service: RegisteredService | null): boolean => {
    const [, serviceOrg, serviceUrl] = /^(\S+?)\/(\S+)$/.exec(service?.url ?? '') ?? [];
    if (serviceOrg === undefined) return false;
    return (org === '' || serviceOrg === org) && (url === '' || serviceUrl === url);
  };
  if (!node.registeredServices.some(concerned))
    throw call.refusal(404, 'not-found', 'did.not.find.registered.services');
  const changed = node.registeredServices.map((service) => {
    const versionFits = (version ?? '') === '' || version === (service?.version ?? '');
    return service !== null && concerned(service) && versionFits ? { ...service, configState } : service;
  });
  const differs = changed.some(
    (service, index) => service?.configState !== node.registeredServices[index]?.configState,
  );
  if (differs) {
    const now = clock.instant();
    Object.assign(node, { registeredServices: changed, lastHeartbeat: now, lastUpdated: now });
  }
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'services_configstate',
    operation: 'created',
  });
  return call.done('node.services.updated', id);
}
