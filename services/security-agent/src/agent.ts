import { join } from 'node:path';
import { type ApiServer, serveApi } from '#agent/api/server.ts';
import { loadToken } from '#agent/api/token.ts';
import type { AgentView } from '#agent/api/view.ts';
import { type Clock, iso, systemClock } from '#agent/clock.ts';
import type { AgentEvent, NewAgentEvent, NoticeKind } from '#agent/events/agent-event.ts';
import { createJournal } from '#agent/events/journal.ts';
import { createPipeline } from '#agent/events/pipeline.ts';
import { createHealer } from '#agent/healing/healer.ts';
import { connectKubeArmor } from '#agent/kubearmor/client.ts';
import { readTls } from '#agent/kubearmor/read-tls.ts';
import { acquireLock } from '#agent/lock.ts';
import { createMetrics } from '#agent/metrics.ts';
import { createProtector } from '#agent/protector.ts';
import { openRecord } from '#agent/reconcile/apply.ts';
import { describePolicies, describeWorkloads } from '#agent/report/describe.ts';
import { createReporter } from '#agent/report/reporter.ts';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import type { AgentSettings } from '#agent/settings.ts';
import { checkPayload } from '#agent/sources/check-payload.ts';
import { connectEss } from '#agent/sources/ess-client.ts';
import { openHeldStore } from '#agent/sources/held-store.ts';
import { createKeeper } from '#agent/sources/keeper.ts';
import { openStore } from '#agent/sources/store.ts';
import { readEnforcer } from '#agent/truth/enforcer.ts';
import { connectDocker } from '#agent/workloads/docker-link.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { every } from './every.ts';

/** A running agent. */
export interface RunningAgent {
  readonly api: ApiServer;
  readonly view: AgentView;
  /** One look at the ESS now, and KubeArmor brought to what follows from it. */
  pollNow(): Promise<void>;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly clock?: Clock;
  /** Told every event, for the log. */
  readonly log?: (event: AgentEvent) => void;
  readonly version?: string;
}

const RECONCILE_EVERY_MS = 60_000;
const HEAL_EVERY_MS = 1000;
const ENFORCER_EVERY_MS = 60_000;

/**
 * Starts the agent: last-known-good policies first, so that a node without a hub is protected, then everything else.
 *
 * @throws ArmorError ALREADY_RUNNING, STATE_UNWRITABLE, NODE_UNREACHABLE (the API's port)
 */
export async function startAgent(settings: AgentSettings, options: AgentOptions = {}): Promise<RunningAgent> {
  const { clock = systemClock, version = '0' } = options;
  const file = (name: string): string => join(settings.dataDir, name);
  await openStore(settings.dataDir);
  const release = await acquireLock(file('agent.sock'));
  const stopping = new AbortController();
  const startedMs = clock.wallMs();

  const journal = createJournal();
  const counts = { blocked: 0, audited: 0, throttled: 0 };
  const notify = (event: NewAgentEvent): void => {
    const added = journal.add(event);
    metrics.event(added);
    options.log?.(added);
    if (added.kind === 'finding') counts[added.outcome] += 1;
    else if (added.notice === 'throttled') counts.throttled += 1;
  };
  const notice = (kind: NoticeKind, message: string): void =>
    notify({ kind: 'notice', time: iso(clock.wallMs()), notice: kind, message });

  const ess = settings.ess === undefined ? undefined : connectEss(settings.ess);
  const kubearmor = connectKubeArmor({
    address: settings.kubearmorAddress,
    clock,
    ...(settings.kubearmorTls === undefined ? {} : { tls: await readTls(settings.kubearmorTls) }),
    listener: {
      event: (raw, stream) => {
        metrics.received(stream);
        pipeline.take(raw);
      },
      observation: (observation) => {
        if (!stopping.signal.aborted) protector.observe(observation);
      },
      up: ({ id, atMs, state }) => {
        kubearmorSince = atMs;
        // Without a StateAgent nobody tells which containers are registered: none can be called protected.
        if (state === undefined)
          protector.observe({ kind: 'state-snapshot', session: id, stateAgent: false, containers: [], atMs });
        notice('kubearmor-up', state === undefined ? 'connected; its StateAgent is off' : 'connected');
        protector.sessionBegan(id);
      },
      down: (reason, atMs) => {
        if (stopping.signal.aborted) return;
        kubearmorSince = atMs;
        protector.sessionEnded();
        notice('kubearmor-down', reason);
      },
      gap: ({ stream, fromMs, toMs, mayHaveMissed }) =>
        notify({
          kind: 'notice',
          time: iso(toMs),
          notice: 'stream-gap',
          message: `${stream}: ${((toMs - fromMs) / 1000).toFixed(1)} s without; may be missing: ${mayHaveMissed}`,
          details: { stream, fromMs, toMs },
        }),
    },
  });
  let kubearmorSince = startedMs;

  const record = await openRecord(await openStore(file('applied')), (error) =>
    notice('state-unwritable', String(error)),
  );
  const keeper = createKeeper({
    ess,
    store: openHeldStore(await openStore(file('policies')), { pinned: settings.trustedKeys, check: checkPayload }),
    pinned: settings.trustedKeys,
    onVanish: settings.onVanish,
    clock,
    notify,
    changed: () => {
      reporter.changed();
      void protector.reconcile();
    },
    workloadPresent: ({ payload: { target } }) =>
      'host' in target ||
      [...protector.state.tracker.containers.values()].some(
        ({ labels }) =>
          labels[SERVICE_NAME_LABEL] !== undefined && [labels[SERVICE_NAME_LABEL], '*'].includes(target.container),
      ),
  });
  const protector = createProtector({
    kubearmor,
    record,
    payloads: () => keeper.payloads(),
    arch: settings.arch,
    ownAgreement: settings.agreement,
    clock,
    notify,
    changed: () => reporter.changed(),
  });
  const pipeline = createPipeline({
    state: () => protector.state,
    clock,
    notify,
    unreadable: (reason) => metrics.unreadable(reason),
    contradict: (containerId) => protector.contradict(containerId),
  });
  const docker =
    settings.docker === undefined
      ? undefined
      : connectDocker(
          settings.docker,
          (observations) => {
            const { docker: before } = protector.state.tracker;
            protector.observe(...observations);
            const { docker: after } = protector.state.tracker;
            if (before !== after)
              notice(
                after === 'up' ? 'docker-up' : 'docker-down',
                `Docker's events are ${after === 'up' ? 'heard' : 'not heard'}`,
              );
          },
          clock,
        );
  const healer = createHealer({
    mode: settings.heal,
    settleMs: settings.healSettleMs,
    restart: docker?.restart,
    tracker: () => protector.state.tracker,
    ownAgreement: settings.agreement,
    clock,
    notify,
  });
  const reporter = await createReporter({
    ess,
    org: settings.org,
    node: settings.node.slice(settings.org.length + 1),
    dataDir: settings.dataDir,
    clock,
    intervalMs: settings.reportMs,
    status: (seq) => status(seq),
  });

  const status = (seq: number): SecurityStatus => ({
    format: 1,
    node: settings.node,
    seq,
    at: iso(clock.wallMs()),
    agentVersion: version,
    kubearmor: {
      reachable: protector.state.progress.session !== undefined,
      version: pipeline.kubearmorVersion(),
      enforcer: protector.state.enforcer,
      since: iso(kubearmorSince),
    },
    docker: protector.state.tracker.docker,
    workloads: view.workloads().map(({ gaps: _gaps, warnings: _warnings, ...workload }) => workload),
    attachments: keeper.attachments(),
    rejected: keeper.rejections().map(({ objectId, reason, atMs }) => ({ objectId, reason, at: iso(atMs) })),
    counts: { ...counts, dropped: journal.dropped() },
  });
  const view: AgentView = {
    health: () => health(),
    status: () => status(reporter.lastSeq),
    workloads: () => describeWorkloads(protector.state, clock.wallMs()),
    policies: () => describePolicies(protector.state),
    recentEvents: (limit, filter) => journal.recent(limit, filter),
    subscribe: (name) => journal.subscribe(name),
    metrics: () => metrics.text(),
  };
  const metrics = createMetrics({
    workloads: view.workloads,
    policies: view.policies,
    consumers: () => journal.consumers(),
    kubearmorUp: () => protector.state.progress.session !== undefined,
    dockerUp: () => protector.state.tracker.docker === 'up',
    essUp: () => keeper.essState()?.up === true,
  });
  const health = (): ReturnType<AgentView['health']> => {
    const problems = [
      ...(protector.state.progress.session === undefined ? ['KubeArmor is unreachable: nothing is enforced'] : []),
      ...(protector.state.enforcer === 'none'
        ? ['this kernel has neither BPF-LSM nor AppArmor: nothing can be enforced']
        : []),
      ...(keeper.essState()?.up === false ? [`the ESS does not answer: ${keeper.essState()?.problem}`] : []),
      ...(protector.state.tracker.docker === 'down' ? ['Docker’s events are not heard: restarts go unseen'] : []),
    ];
    return { ok: problems.length === 0, problems };
  };

  const readLsms = async (): Promise<void> => {
    const enforcer = await readEnforcer(settings.lsmFile);
    if (enforcer !== protector.state.enforcer) protector.enforcerIs(enforcer);
  };
  await readLsms();
  await keeper.load();
  const api = await serveApi(view, {
    host: settings.apiHost,
    port: settings.apiPort,
    token: await loadToken(file('api-token')),
  }).catch(async (error: unknown) => {
    await release();
    throw error;
  });

  const { signal } = stopping;
  const work = [
    kubearmor.run(signal),
    docker?.run(signal),
    every(settings.pollMs, signal, () => keeper.poll()),
    every(RECONCILE_EVERY_MS, signal, () => protector.reconcile()),
    every(HEAL_EVERY_MS, signal, () => healer.check()),
    every(HEAL_EVERY_MS, signal, () => reporter.flush()),
    every(ENFORCER_EVERY_MS, signal, readLsms),
    every(pipeline.flushEveryMs, signal, async () => pipeline.flush()),
  ];

  return {
    api,
    view,
    async pollNow() {
      await keeper.poll();
      await protector.reconcile();
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(work);
      journal.close();
      await api.close();
      ess?.close();
      await release();
    },
  };
}
