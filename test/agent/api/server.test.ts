import { request } from 'node:http';
import test from 'ava';
import { openApi } from '#agent/api/openapi.ts';
import { type ApiServer, serveApi } from '#agent/api/server.ts';
import type { AgentView } from '#agent/api/view.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import { createJournal, type Journal } from '#agent/events/journal.ts';

const TOKEN = 'the-token';

interface Fixture {
  readonly api: ApiServer;
  readonly journal: Journal;
  readonly view: AgentView;
}

/** An agent that has nothing but events, behind the real server. */
async function serveJournal(): Promise<Fixture> {
  const journal = createJournal(5);
  const view: AgentView = {
    health: () => ({ ok: false, problems: ['KubeArmor is unreachable'] }),
    status: () => ({
      format: 1,
      node: 'acme/node1',
      seq: 1,
      at: '2026-11-24T12:00:00.000Z',
      agentVersion: '1.0.0',
      kubearmor: { reachable: false, version: '', enforcer: 'unknown', since: '2026-11-24T12:00:00.000Z' },
      docker: 'down',
      workloads: [],
      attachments: [],
      rejected: [],
      counts: { blocked: 0, audited: 0, throttled: 0, dropped: 0 },
    }),
    workloads: () => [],
    policies: () => [],
    recentEvents: (limit, filter) => journal.recent(limit, filter),
    subscribe: (name) => journal.subscribe(name),
    metrics: async () => 'horizon_armor_kubearmor_up 0\n',
  };
  return { api: await serveApi(view, { host: '127.0.0.1', port: 0, token: TOKEN }), journal, view };
}

const get = (api: ApiServer, path: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) =>
  fetch(`http://127.0.0.1:${api.port}${path}`, { headers });

const say = (journal: Journal, subject: string): AgentEvent =>
  journal.add({ kind: 'notice', time: '2026-11-24T12:00:00.000Z', notice: 'healed', message: 'restarted', subject });

test('only health and the description are open; everything else wants the token', async (t) => {
  const { api } = await serveJournal();
  const health = await get(api, '/healthz', {});
  t.is(health.status, 503);
  t.deepEqual(await health.json(), { ok: false, problems: ['KubeArmor is unreachable'] });
  t.is((await get(api, '/openapi.json', {})).status, 200);
  for (const path of Object.keys(openApi.paths).filter((each) => each !== '/healthz')) {
    t.is((await get(api, path, {})).status, 401, path);
    t.is((await get(api, path, { authorization: 'Bearer another' })).status, 401, path);
    t.is((await get(api, path)).status, 200, path);
  }
  await api.close();
});

test('recent events can be narrowed down, and a wrong question is answered with what is wrong', async (t) => {
  const { api, journal } = await serveJournal();
  for (const subject of ['a', 'b', 'a', 'c', 'a', 'a']) say(journal, subject);
  const ids = async (query: string) =>
    ((await (await get(api, `/v1/events?${query}`)).json()) as AgentEvent[]).map(({ id }) => id);
  t.deepEqual(await ids('workload=a'), [3, 5, 6]);
  t.deepEqual(await ids('limit=2'), [5, 6]);
  t.deepEqual(await ids('after=4'), [5, 6]);
  t.deepEqual(await ids('kind=finding'), []);
  for (const query of ['limit=0', 'limit=x', 'kind=alert', 'after=x']) {
    t.is((await get(api, `/v1/events?${query}`)).status, 400, query);
  }
  await api.close();
});

/** The ids that arrive on an event stream, until there are `count`. */
function follow(
  api: ApiServer,
  count: number,
  headers: Record<string, string> = {},
  connected?: () => void,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const ids: number[] = [];
    const outgoing = request(
      {
        port: api.port,
        path: '/v1/events',
        headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', ...headers },
      },
      (incoming) => {
        connected?.();
        let rest = '';
        incoming.on('data', (chunk: Buffer) => {
          const blocks = (rest + chunk.toString()).split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) ids.push(...Array.from(block.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id)));
          if (ids.length >= count) {
            outgoing.destroy();
            resolve(ids);
          }
        });
      },
    );
    outgoing.on('error', (error) => (ids.length >= count ? undefined : reject(error)));
    outgoing.end();
  });
}

test('a stream gives each event as it comes, and what was missed since the last one seen', async (t) => {
  const { api, journal } = await serveJournal();
  say(journal, 'a');
  say(journal, 'b');
  const following = follow(api, 2, { 'last-event-id': '1' });
  while (journal.consumers().length === 0) await new Promise((resolve) => setImmediate(resolve));
  say(journal, 'c');
  t.deepEqual(await following, [2, 3]);
  while (journal.consumers().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await api.close();
});

test('a reader that stops reading loses events, which are counted, and nobody else does', async (t) => {
  const { api, journal } = await serveJournal();
  const stalled = request({
    port: api.port,
    path: '/v1/events',
    headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', 'user-agent': 'stalled' },
  });
  // The answer is never read: what comes fills the buffers on the way, and then its queue.
  stalled.on('response', () => undefined);
  stalled.end();
  const batches = 60;
  const following = follow(api, batches * 500);
  const countOf = (name: string) => journal.consumers().find((each) => each.name === `api ${name}`.trim());
  while (journal.consumers().length < 2) await new Promise((resolve) => setImmediate(resolve));
  const subject = 'x'.repeat(1000);
  for (let batch = 0; batch < batches; batch++) {
    for (let each = 0; each < 500; each++) say(journal, subject);
    while (countOf('')?.queued !== 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const ids = await following;
  t.is(ids.length, batches * 500);
  const { dropped = 0, queued = 0 } = countOf('stalled') ?? {};
  t.true(dropped > 0);
  t.true(queued <= 1000);
  t.is(journal.dropped(), dropped);
  stalled.destroy();
  while (journal.consumers().length > 0) await new Promise((resolve) => setImmediate(resolve));
  t.is(journal.dropped(), dropped, 'what was lost stays counted');
  await api.close();
});

test('a port that is taken is said to be', async (t) => {
  const { api, view } = await serveJournal();
  await t.throwsAsync(serveApi(view, { host: '127.0.0.1', port: api.port, token: TOKEN }), {
    name: 'ArmorError',
    message: /cannot listen/,
  });
  await api.close();
});
