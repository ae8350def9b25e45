import test from 'ava';
import { desiredPolicies } from '#agent/reconcile/desired.ts';
import type { AppliedPolicy } from '#agent/reconcile/plan.ts';
import { INITIAL_PID_NAMESPACE } from '#agent/truth/assess.ts';
import { exposedMs, type ProtectionHistory } from '#agent/truth/history.ts';
import { assessWorkloads, type PolicyProgress, statesBySubject } from '#agent/truth/protection.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import { NOTHING_KNOWN, observe, type Tracker } from '#agent/workloads/track.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { payload } from '../payloads.ts';

const ID = 'b'.repeat(64);
const facts = { id: ID, name: 'agreement-web', image: 'web:1', labels: { [SERVICE_NAME_LABEL]: 'web' } };
const { policies: desired } = desiredPolicies([payload({ keyId: 'a'.repeat(64) }, 'web')], [], 'amd64');
const node = {
  enforcer: 'BPFLSM',
  hostPidNamespace: INITIAL_PID_NAMESPACE,
  contradicted: new Set<string>(),
  ownAgreement: 'own',
  watchingSinceMs: 500,
} as const;

const progressIn = (session: string | undefined, sentIn: string | undefined): PolicyProgress => ({
  desired,
  applied: new Map(
    [...desired.values()].map(({ name, policy }): [string, AppliedPolicy] => [
      name,
      { name, policy, ...(sentIn === undefined ? {} : { session: sentIn }) },
    ]),
  ),
  session,
  rejected: new Set(),
  colliding: new Set(),
});

/** Replays observations, each assessed as it comes, all policies applied in session s1. */
function replay(...steps: readonly Observation[]): { tracker: Tracker; history: ProtectionHistory | undefined } {
  let tracker = NOTHING_KNOWN;
  let histories: ReadonlyMap<string, ProtectionHistory> = new Map();
  for (const step of steps) {
    tracker = observe(tracker, step);
    const states = statesBySubject(progressIn(tracker.kubearmor === 'up' ? tracker.session : undefined, 's1'));
    histories = assessWorkloads(tracker, states, node, histories, step.atMs).histories;
  }
  return { tracker, history: histories.get(ID) };
}

const known = (registeredAtMs: number, runStartedAtMs = registeredAtMs - 160) => ({
  ...facts,
  pidNamespace: 1,
  mountNamespace: 2,
  runStartedAtMs,
  registeredAtMs,
});
const ready: Observation = { kind: 'state-snapshot', session: 's1', containers: [], atMs: 600 };
const start: Observation = { kind: 'docker-event', action: 'start', container: facts, atMs: 1000 };
const added: Observation = { kind: 'state-added', container: known(1151.5), atMs: 1160 };

test('the start window is measured between the two witnesses, not between their messages', (t) => {
  const { history } = replay(ready, start, added);
  t.is(history?.protection, 'enforced');
  t.deepEqual(history?.gaps, [{ reasons: ['not-registered'], fromMs: 1000, toMs: 1151.5 }]);
});

test('an outage of KubeArmor exposes the workload until its policies are applied in the new session', (t) => {
  const { history } = replay(
    ready,
    start,
    added,
    { kind: 'kubearmor-lost', atMs: 5000 },
    { kind: 'state-snapshot', session: 's2', containers: [known(7000, 991.5)], atMs: 8000 },
  );
  t.is(history?.protection, 'unprotected');
  t.deepEqual(history?.reasons, ['policies-not-applied']);
  t.is(history === undefined ? 0 : exposedMs(history, 5000, 9000), 4000);
});

test('a crash exposes the workload from its new start on', (t) => {
  const { history } = replay(
    ready,
    start,
    added,
    { kind: 'docker-event', action: 'die', container: facts, exitCode: 137, atMs: 2000 },
    { kind: 'docker-event', action: 'start', container: facts, atMs: 2500 },
  );
  t.deepEqual(history?.reasons, ['crashed-and-restarted']);
  t.is(history?.gaps.at(-1)?.fromMs, 2500);
});

test('nothing is claimed about the time before the agent watched', (t) => {
  const early: Observation = { ...start, atMs: 100 } as Observation;
  const { history } = replay({ kind: 'state-snapshot', session: 's1', containers: [known(110)], atMs: 600 }, early, {
    kind: 'docker-listing',
    containers: [{ ...facts, running: true, startGrainMs: 0 }],
    atMs: 700,
  });
  t.is(history?.protection, 'enforced');
  t.is(history === undefined ? -1 : exposedMs(history, 0, node.watchingSinceMs), 0);
  t.true((history?.sinceMs ?? 0) >= node.watchingSinceMs);
});

test('the agent’s own containers and those of others are no workloads', (t) => {
  const own = { ...facts, labels: { ...facts.labels, 'openhorizon.anax.agreement_id': 'own' } };
  const alien = { ...facts, id: 'c'.repeat(64), labels: {} };
  const tracker = [own, alien].reduce(
    (all, container) => observe(all, { kind: 'docker-event', action: 'start', container, atMs: 1 }),
    NOTHING_KNOWN,
  );
  t.is(assessWorkloads(tracker, new Map(), node, new Map(), 1).histories.size, 0);
});

test('an answer of an earlier session of KubeArmor proves nothing', (t) => {
  const states = (session: string | undefined, sentIn: string | undefined) =>
    statesBySubject(progressIn(session, sentIn))
      .get('web')
      ?.map(({ applied }) => applied);
  t.deepEqual(states('s1', 's1'), ['applied']);
  t.deepEqual(states('s2', 's1'), ['pending']);
  t.deepEqual(states(undefined, 's1'), ['pending']);
  t.deepEqual(states('s1', undefined), ['pending']);
});
