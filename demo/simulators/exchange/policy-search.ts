import { type Answer, missingParent } from './answer.ts';
import { anything, asNumber, list, long, optional, orElse, record, text } from './body-shape.ts';
import { type Call, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { resourceOf } from './identity.ts';
import type { NodeRecord, SearchSession } from './records.ts';
import type { Route } from './router.ts';
import type { Store } from './store.ts';

/** How an agbot finds nodes: those that a policy or a pattern may be for and that have no agreement for its service yet. */
export const AGREEMENT_SEARCH_ROUTES: readonly Route[] = [
  {
    paths: ['/orgs/:org/business/policies/:policy/search', '/orgs/:org/deployment/policies/:policy/search'],
    methods: { POST: searchForPolicy },
  },
  {
    paths: ['/orgs/:org/patterns/:pattern/search', '/orgs/:org/deployment/patterns/:pattern/search'],
    methods: { POST: searchForPattern },
  },
];

const policySearch = record('org.openhorizon.exchangeapi.route.deploymentpolicy.PostBusinessPolicySearchRequest', {
  changedSince: orElse(long, 0),
  nodeOrgids: optional(list(text)),
  numEntries: optional(anything),
  session: optional(text),
  startIndex: optional(text),
});

const patternSearch = record('org.openhorizon.exchangeapi.route.deploymentpattern.PostPatternSearchRequest', {
  arch: optional(text),
  nodeOrgids: optional(list(text)),
  numEntries: optional(text),
  secondsStale: optional(anything),
  serviceUrl: orElse(text, ''),
  startIndex: optional(text),
});

/**
 * Nodes without pattern, registered, that have spoken, of the policy's arch, changed since the caller's last look, oldest
 * change first. Pages are kept by (agbot, policy): the same session goes on where it was, another one is a 409.
 */
function searchForPolicy(call: Call): Answer {
  const organization = call.param('org');
  const id = idOf(call, 'policy');
  const { changedSince, nodeOrgids, session, ...body } = call.body(policySearch);
  call.authorize({ kind: 'node', id: compositeId(organization, '*') }, 'READ');
  const numEntries = body.numEntries === null ? null : asNumber(body.numEntries);
  if (changedSince < 0 || (numEntries ?? 0) < 0) call.demand(['bad.input']);
  const { store } = call.hub;
  const policy = store.deploymentPolicies.get(id);
  if (policy === undefined) {
    const cause = call.text('business.policy.not.found', id);
    throw call.refusal(400, 'invalid-input', 'invalid.input.message', cause);
  }
  const agbot = resourceOf(call.identity);
  const key = `${agbot} ${id}`;
  const current = store.searchSessions.get(key);
  if (current !== undefined && current.session !== null && session !== null && current.session !== session) {
    const desynchronised = { agbot, offset: current.offset, session: current.session };
    return { status: 409, json: { ...desynchronised, ...NO_CAUSE } };
  }
  const resumed = current !== undefined && current.session !== null && current.session === session;
  const offset = startOf(current, resumed, changedSince);
  const arch = ['', '*'].includes(policy.service.arch ?? '') ? null : policy.service.arch;
  const service = compositeId(policy.service.org ?? '', policy.service.name ?? '');
  const found = [...store.nodes.values()]
    .filter(
      (node) =>
        (arch === null || node.arch === arch) &&
        node.lastHeartbeat !== null &&
        (offset === null || node.lastUpdated >= offset) &&
        (nodeOrgids ?? [organization]).includes(node.organization) &&
        node.pattern === '' &&
        node.publicKey !== '' &&
        !hasAgreement(store, node, service),
    )
    .sort((one, two) => order(one.lastUpdated, two.lastUpdated) || order(one.id, two.id));
  const page = numEntries === null ? found : found.slice(0, numEntries);
  const next = nextOffset(current?.offset ?? null, page, numEntries, resumed);
  const offsetUpdated = next !== null && next !== current?.offset;
  const goesOn = page.length > 0 && page.length === numEntries && session !== null;
  if (goesOn && (current === undefined || resumed)) {
    if (!store.agbots.has(agbot)) throw onlyForAgbots(call, agbot);
    store.searchSessions.set(key, { offset: next, session });
  } else store.searchSessions.delete(key);
  return { status: page.length === 0 ? 404 : 201, json: { nodes: page.map(viewNode), offsetUpdated } };
}

/** The real one gives the exception as it is; its stack is left empty here. */
const NO_CAUSE = { cause: null, localizedMessage: null, message: null, stackTrace: [], suppressed: [] };

/** A user may search, but only an agbot's place can be kept. */
function onlyForAgbots(call: Call, caller: string): Error {
  const cause = missingParent('search_offset_policy', 'fk_agbot', 'agbot', caller, 'agbots');
  return call.refusal(500, 'internal_error', 'invalid.input.message', cause);
}

function startOf(current: SearchSession | undefined, resumed: boolean, changedSince: number): string | null {
  const offset = current?.offset ?? null;
  if (offset === null && changedSince > 0) return new Date(changedSince * 1000).toISOString().replace('.000', '');
  return resumed ? offset : null;
}

/** Where the next page begins: the last node's time; the old place when a whole page has one time; null at the end. */
function nextOffset(
  offset: string | null,
  page: readonly NodeRecord[],
  size: number | null,
  resumed: boolean,
): string | null {
  if (size === null) return null;
  const last = page.at(-1)?.lastUpdated;
  if (last !== undefined && (offset === null || (offset < last && page.length === size))) return last;
  return offset !== null && resumed && page.length === size ? offset : null;
}

function searchForPattern(call: Call): Answer {
  const organization = call.param('org');
  const id = idOf(call, 'pattern');
  call.authorize({ kind: 'node', id: compositeId(organization, '*') }, 'READ');
  const { arch, nodeOrgids, serviceUrl, ...body } = call.body(patternSearch);
  const secondsStale = body.secondsStale === null ? null : asNumber(body.secondsStale);
  const wanted = serviceUrl ?? '';
  if ((secondsStale ?? 0) < 0 && wanted !== '') call.demand(['bad.input']);
  const { store } = call.hub;
  const refuse = (cause: string): Error => call.refusal(400, 'invalid-input', 'invalid.input.message', cause);
  const pattern = store.patterns.get(id);
  if (pattern === undefined) throw refuse(call.text('pattern.id.not.found', id));
  const named = pattern.services.some(
    (service) => `${service?.serviceOrgid}/${service?.serviceUrl}` === wanted || service?.serviceUrl === wanted,
  );
  if (!named) throw refuse(call.text('service.not.in.pattern', wanted, id));
  const since = secondsStale === null || secondsStale === 0 ? null : staleLimit(secondsStale);
  const found = [...store.nodes.values()].filter(
    (node) =>
      (arch === null || arch === '' || arch === '*' || node.arch === arch) &&
      node.lastHeartbeat !== null &&
      (since === null || node.lastHeartbeat >= since) &&
      (nodeOrgids ?? [organization]).includes(node.organization) &&
      node.pattern === id &&
      node.publicKey !== '' &&
      !hasAgreement(store, node, wanted),
  );
  return { status: found.length === 0 ? 404 : 201, json: { nodes: found.map(viewNode), lastIndex: 0 } };
}

function staleLimit(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

/** An agreement counts when it names the service and has a state. */
function hasAgreement(store: Store, node: NodeRecord, service: string): boolean {
  const concerning = [...store.nodeAgreements.values()].filter(
    (agreement) => agreement.node === node.id && agreement.agrService.url === service,
  );
  return concerning.length > 0 && !concerning.some(({ agrService, state }) => agrService.url === '' || state === '');
}

function viewNode({ id, nodeType, publicKey }: NodeRecord) {
  return { id, nodeType: nodeType === '' ? 'device' : nodeType, publicKey };
}

function order(one: string, two: string): number {
  return one < two ? -1 : Number(one > two);
}
