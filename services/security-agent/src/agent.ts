import { join } from 'node:path';
import { type ApiServer, serveApi } from '#agent/api/server.ts';
import { loadToken } from '#agent/api/token.ts';
import type { AgentView } from '#agent/api/view.ts';
import { type Clock, systemClock } from '#agent/clock.ts';
import type { AgentEvent, NewAgentEvent } from '#agent/events/agent-event.ts';
import { createJournal } from '#agent/events/journal.ts';
import { createPipeline } from '#agent/events/pipeline.ts';
import { createHealer } from '#agent/healing/healer.ts';
import { connectKubeArmor } from '#agent/kubearmor/client.ts';
import { readTls } from '#agent/kubearmor/read-tls.ts';
import { kubearmorListener } from '#agent/kubearmor-listener.ts';
import { acquireLock } from '#agent/lock.ts';
import { createMetrics } from '#agent/metrics.ts';
import { type Noticer, noticer } from '#agent/notices.ts';
import { createProtector, type Protector, type ProtectorState } from '#agent/protector.ts';
import { openRecord } from '#agent/reconcile/apply.ts';
import { describePolicies, describeWorkloads } from '#agent/report/describe.ts';
import { type AgentFacts, describeHealth, describeStatus } from '#agent/report/describe-agent.ts';
import { createReporter } from '#agent/report/reporter.ts';
import type { AgentSettings } from '#agent/settings.ts';
import { checkPayload } from '#agent/sources/check-payload.ts';
import { connectEss } from '#agent/sources/ess-client.ts';
import { openHeldStore } from '#agent/sources/held-store.ts';
import { createKeeper } from '#agent/sources/keeper.ts';
import { openStore } from '#agent/sources/store.ts';
import { readEnforcer } from '#agent/truth/enforcer.ts';
import { connectDocker } from '#agent/workloads/docker-link.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import type { PolicyPayload } from '#policy/payload.ts';
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
  let kubearmorSinceMs = clock.wallMs();

  const journal = createJournal();
  const counts = { blocked: 0, audited: 0, throttled: 0 };
  const notify = (event: NewAgentEvent): void => {
    const added = journal.add(event);
    metrics.event(added);
    options.log?.(added);
    if (added.kind === 'finding') counts[added.outcome] += 1;
    else if (added.notice === 'throttled') counts.throttled += 1;
  };
  const notice = noticer(notify, clock);

  const ess = settings.ess === undefined ? undefined : connectEss(settings.ess);
  const kubearmor = connectKubeArmor({
    address: settings.kubearmorAddress,
    clock,
    ...(settings.kubearmorTls === undefined ? {} : { tls: await readTls(settings.kubearmorTls) }),
    listener: kubearmorListener({
      protector: () => protector,
      pipeline: () => pipeline,
      metrics: () => metrics,
      notify,
      notice,
      turned: (atMs) => {
        kubearmorSinceMs = atMs;
      },
      stopping: stopping.signal,
    }),
  });

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
    workloadPresent: ({ payload }) => isPresent(payload.target, protector.state),
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
      : connectDocker(settings.docker, dockerObserver(protector, notice), clock);
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
    status: (seq) => describeStatus(seq, facts()),
  });

  const facts = (): AgentFacts => ({
    node: settings.node,
    agentVersion: version,
    nowMs: clock.wallMs(),
    state: protector.state,
    kubearmorVersion: pipeline.kubearmorVersion(),
    kubearmorSinceMs,
    policies: keeper,
    counts: { ...counts, dropped: journal.dropped() },
  });
  const view: AgentView = {
    health: () => describeHealth(facts()),
    status: () => describeStatus(reporter.lastSeq, facts()),
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

/** Whether a container runs that a payload is for; the host always does. */
function isPresent(target: PolicyPayload['target'], { tracker }: ProtectorState): boolean {
  if ('host' in target) return true;
  return [...tracker.containers.values()].some(({ labels }) => {
    const name = labels[SERVICE_NAME_LABEL];
    return name !== undefined && [name, '*'].includes(target.container);
  });
}

/** Takes what Docker tells, and says when its events are lost or heard again. */
function dockerObserver(protector: Protector, notice: Noticer): (observations: readonly Observation[]) => void {
  return (observations) => {
    const { docker: before } = protector.state.tracker;
    protector.observe(...observations);
    const { docker: after } = protector.state.tracker;
    if (before === after) return;
    if (after === 'up') notice('docker-up', "Docker's events are heard");
    else notice('docker-down', "Docker's events are not heard");
  };
}
