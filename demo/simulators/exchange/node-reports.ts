import { type Answer, databaseError, missingParent, nullColumn } from './answer.ts';
import { anything, BodyProblem, int, list, map, optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { booleansOf } from './defects.ts';
import type { Route } from './router.ts';

/** What the agent reports about its node: status (services that run) and errors. Both are upserts. */
export const NODE_REPORT_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/nodes/:node/status'], methods: { DELETE: deleteStatus, PUT: putStatus, GET: getStatus } },
  { paths: ['/orgs/:org/nodes/:node/errors'], methods: { DELETE: deleteErrors, PUT: putErrors, GET: getErrors } },
];

const ROUTE = 'org.openhorizon.exchangeapi.route.node';
const TABLE = 'org.openhorizon.exchangeapi.table.node';

const statusBody = record(
  `${ROUTE}.PutNodeStatusRequest`,
  {
    connectivity: optional(map(anything)),
    services: list(
      record(`${TABLE}.OneService`, {
        agreementId: text,
        serviceUrl: text,
        orgid: text,
        version: text,
        arch: text,
        containerStatus: list(
          record(`${TABLE}.ContainerStatus`, { name: text, image: text, created: int, state: text }),
        ),
        operatorStatus: optional(anything),
        configState: optional(text),
      }),
    ),
    runningServices: { ...text, absent: undefined },
  },
  { leaksFormats: true },
);

const errorsBody = record(`${ROUTE}.PutNodeErrorRequest`, { errors: list(anything) }, { leaksFormats: true });

function getStatus(call: Call): Answer {
  const status = call.hub.store.nodes.get(authorized(call, 'READ'))?.status;
  if (status === undefined) throw call.refusal(404, 'not-found', 'not.found');
  const { connectivity, services, runningServices, lastUpdated } = status;
  return {
    status: 200,
    json: { connectivity: booleansOf(connectivity ?? {}), services, runningServices, lastUpdated },
  };
}

function putStatus(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const { connectivity, services, ...body } = call.body(statusBody);
  const running = services.map((service) => {
    if (service === null) {
      const cause = `Cannot invoke "${TABLE}.OneService.orgid()" because "s" is null`;
      throw new BodyProblem(`Cannot construct instance of \`${ROUTE}.PutNodeStatusRequest\`, problem: ${cause}`);
    }
    return `${service.orgid}/${service.serviceUrl}_${service.version}_${service.arch}|`;
  });
  const refuse = (cause: string): Error =>
    call.refusal(500, 'internal_error', 'node.status.not.inserted.or.updated', id, cause);
  const { runningServices = `|${running.join('')}` } = body;
  if (runningServices === null) throw refuse(databaseError(nullColumn('nodestatus', 'runningservices')));
  const node = call.hub.store.nodes.get(id);
  if (node === undefined) throw refuse(orphan('nodestatus', 'node_status_fk_node', id));
  node.status = {
    connectivity,
    services,
    runningServices,
    lastUpdated: call.hub.clock.instant(),
  };
  logReport(call, 'nodestatus', 'created/modified');
  return call.done('status.added.or.updated');
}

function deleteStatus(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const node = call.hub.store.nodes.get(id);
  if (node?.status === undefined) throw call.refusal(404, 'not-found', 'node.status.not.found', id);
  delete node.status;
  logReport(call, 'nodestatus', 'deleted');
  return DELETED;
}

function getErrors(call: Call): Answer {
  const errors = call.hub.store.nodes.get(authorized(call, 'READ'))?.errors;
  if (errors === undefined) throw call.refusal(404, 'not-found', 'not.found');
  return { status: 200, json: errors };
}

function putErrors(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const { errors } = call.body(errorsBody);
  const node = call.hub.store.nodes.get(id);
  if (node === undefined) {
    throw call.refusal(
      500,
      'internal_error',
      'node.errors.not.inserted',
      id,
      orphan('nodeerror', 'node_error_fk_node', id),
    );
  }
  node.errors = { errors, lastUpdated: call.hub.clock.instant() };
  logReport(call, 'nodeerrors', 'created/modified');
  return call.done('node.errors.added');
}

function deleteErrors(call: Call): Answer {
  const id = authorized(call, 'WRITE');
  const node = call.hub.store.nodes.get(id);
  if (node?.errors === undefined) throw call.refusal(404, 'not-found', 'node.not.found', id);
  delete node.errors;
  logReport(call, 'nodeerrors', 'deleted');
  return DELETED;
}

function authorized(call: Call, access: 'READ' | 'WRITE'): string {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), access);
  return id;
}

/** The database's complaint about a report for a node that is not there. */
export function orphan(table: string, constraint: string, id: string): string {
  return databaseError(missingParent(table, constraint, 'nodeid', id, 'nodes'));
}

function logReport(call: Call, resource: 'nodestatus' | 'nodeerrors', operation: 'created/modified' | 'deleted'): void {
  call.logChange({ orgId: call.param('org'), id: call.param('node'), category: 'node', resource, operation });
}
