import { type ServerType, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import { type EventFilter, matches } from '#agent/events/journal.ts';
import { ArmorError } from '#errors';
import { openApi } from './openapi.ts';
import { isAuthorised } from './token.ts';
import type { AgentView } from './view.ts';

export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

const RECENT_DEFAULT = 100;
const RECENT_MOST = 2000;
/** Proxies drop connections that stay silent; a comment line keeps an idle stream open. */
const HEARTBEAT_MS = 15_000;

/** The routes, apart from the socket they are served on. */
export function apiRoutes(view: AgentView, token: string): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => {
    const health = view.health();
    return context.json(health, health.ok ? 200 : 503);
  });
  app.get('/openapi.json', (context) => context.json(openApi));
  app.use('*', async (context, next) => {
    if (isAuthorised(context.req.header('authorization'), token)) return next();
    return context.json(
      { error: 'a bearer token is needed', fix: 'Send the token of the agent’s data volume, file api-token.' },
      401,
      { 'www-authenticate': 'Bearer' },
    );
  });
  app.get('/v1/status', (context) => context.json(view.status()));
  app.get('/v1/workloads', (context) => context.json(view.workloads()));
  app.get('/v1/policies', (context) => context.json(view.policies()));
  app.get('/metrics', async (context) =>
    context.text(await view.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.get('/v1/events', (context) => {
    const filter = readFilter(context);
    if (typeof filter === 'string') return context.json({ error: filter, fix: 'See /openapi.json.' }, 400);
    if (!context.req.header('accept')?.includes('text/event-stream')) {
      return context.json(view.recentEvents(filter.limit, filter));
    }
    return streamEvents(context, view, filter);
  });
  app.notFound((context) => context.json({ error: `there is no ${context.req.path}`, fix: 'See /openapi.json.' }, 404));
  return app;
}

/**
 * Serves the API.
 *
 * @param port 0 takes a free one
 * @throws ArmorError NODE_UNREACHABLE when the port is taken
 */
export function serveApi(
  view: AgentView,
  { host, port, token }: { host: string; port: number; token: string },
): Promise<ApiServer> {
  return new Promise((resolve, reject) => {
    const server: ServerType = serve({ fetch: apiRoutes(view, token).fetch, hostname: host, port }, (address) =>
      resolve({ port: address.port, close: () => close(server) }),
    );
    server.once('error', (cause: Error) =>
      reject(
        new ArmorError(
          'NODE_UNREACHABLE',
          `the API cannot listen: ${cause.message}`,
          { request: `${host}:${port}` },
          'Choose another ARMOR_API_PORT, or end what listens there.',
          { cause },
        ),
      ),
    );
  });
}

function close(server: ServerType): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function streamEvents(context: Context, view: AgentView, filter: EventFilter & { limit: number }): Response {
  return streamSSE(context, async (stream) => {
    const subscription = view.subscribe(`api ${context.req.header('user-agent') ?? ''}`.trim());
    const heartbeat = setInterval(() => void stream.write(': still here\n\n'), HEARTBEAT_MS);
    stream.onAbort(() => subscription.close());
    try {
      // What a reader missed while it was away, as far as the ring still has it; then what comes.
      const last = filter.after ?? Number(context.req.header('last-event-id') ?? Number.NaN);
      const missed = Number.isNaN(last) ? [] : view.recentEvents(RECENT_MOST, { ...filter, after: last });
      for (const event of missed) await stream.writeSSE(asSse(event));
      const seen = missed.at(-1)?.id ?? 0;
      for await (const event of subscription) {
        if (event.id > seen && matches(event, filter)) await stream.writeSSE(asSse(event));
      }
    } finally {
      clearInterval(heartbeat);
    }
  });
}

function asSse(event: AgentEvent): { id: string; event: string; data: string } {
  return { id: String(event.id), event: event.kind, data: JSON.stringify(event) };
}

/** The filter of a request, or what is wrong with it. */
function readFilter(context: Context): (EventFilter & { limit: number }) | string {
  const { kind, workload, after, limit } = context.req.query();
  if (kind !== undefined && kind !== 'finding' && kind !== 'notice') return `kind is finding or notice, not "${kind}"`;
  const most = limit === undefined ? RECENT_DEFAULT : Number(limit);
  if (!Number.isInteger(most) || most < 1 || most > RECENT_MOST)
    return `limit is a whole number from 1 to ${RECENT_MOST}`;
  const last = after === undefined ? undefined : Number(after);
  if (last !== undefined && !Number.isInteger(last)) return 'after is the id of an event';
  return {
    limit: most,
    ...(kind === undefined ? {} : { kind }),
    ...(workload === undefined ? {} : { workload }),
    ...(last === undefined ? {} : { after: last }),
  };
}
