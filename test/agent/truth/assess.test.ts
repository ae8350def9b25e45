import test from 'ava';
import { assess, INITIAL_PID_NAMESPACE, type NodeFacts, type PolicyState, type Reason } from '#agent/truth/assess.ts';
import { exposedMs, record } from '#agent/truth/history.ts';
import type { TrackedContainer } from '#agent/workloads/track.ts';

const good: TrackedContainer = {
  id: 'a',
  name: 'agreement-work',
  image: 'work:1',
  labels: {},
  running: true,
  startedAtMs: 1000,
  startGrainMs: 0,
  stopSeen: false,
  registration: { pidNamespace: 4026532220, mountNamespace: 4026532217, runStartedAtMs: 990, registeredAtMs: 1100 },
  crashHole: false,
  displaced: false,
  crashes: [],
};
const up = { docker: 'up', kubearmor: 'up' } as const;
const bpf: NodeFacts = { enforcer: 'BPFLSM', hostPidNamespace: INITIAL_PID_NAMESPACE, contradicted: new Set() };
const block: PolicyState = { name: 'certs', enforces: true, applied: 'applied' };
const { registration: _none, ...unregistered } = good;

test('a workload with everything known good is enforced', (t) => {
  t.deepEqual(assess(good, up, bpf, [block]), { protection: 'enforced', reasons: [] });
});

test('audit rules alone are said to be just that', (t) => {
  t.is(assess(good, up, bpf, [{ ...block, enforces: false }]).protection, 'audit-only');
});

const exposed = test.macro({
  exec(
    t,
    reason: Reason,
    {
      container = good,
      tracker = up,
      node = bpf,
      policies = [block],
    }: {
      container?: TrackedContainer;
      tracker?: { docker: 'up' | 'down'; kubearmor: 'up' | 'down' };
      node?: NodeFacts;
      policies?: readonly PolicyState[];
    },
  ) {
    const { protection, reasons } = assess(container, tracker, node, policies);
    t.is(protection, 'unprotected');
    t.true(reasons.includes(reason), reasons.join());
  },
  title: (_title, reason) => `a workload is unprotected: ${reason}`,
});

test(exposed, 'no-policy', { policies: [] });
test(exposed, 'stopped', { container: { ...good, running: false } });
test(exposed, 'kubearmor-unreachable', { tracker: { docker: 'up', kubearmor: 'down' } });
test(exposed, 'policies-not-applied', { policies: [block, { ...block, name: 'fim', applied: 'pending' }] });
test(exposed, 'policy-rejected', { policies: [{ ...block, applied: 'rejected' }] });
test(exposed, 'policy-collides', { policies: [{ ...block, applied: 'collides' }] });
test(exposed, 'no-enforcer', { node: { ...bpf, enforcer: 'none' } });
test(exposed, 'enforcer-unknown', { node: { ...bpf, enforcer: 'unknown' } });
test(exposed, 'apparmor-without-profile', { node: { ...bpf, enforcer: 'AppArmor' } });
test(exposed, 'not-registered', { container: unregistered });
test(exposed, 'crashed-and-restarted', { container: { ...good, crashHole: true } });
test(exposed, 'namespaces-reused', { container: { ...good, displaced: true } });
test(exposed, 'docker-unreachable', { tracker: { docker: 'down', kubearmor: 'up' } });
test(exposed, 'seen-doing-what-is-blocked', { node: { ...bpf, contradicted: new Set([good.id]) } });
test(exposed, 'namespaces-unreadable', {
  container: {
    ...good,
    registration: { pidNamespace: 0, mountNamespace: 0, runStartedAtMs: 990, registeredAtMs: 1100 },
  },
});
test(exposed, 'host-namespaces', {
  container: {
    ...good,
    registration: { pidNamespace: INITIAL_PID_NAMESPACE, mountNamespace: 1, runStartedAtMs: 990, registeredAtMs: 1100 },
  },
});

test('the time between a start and the registration is one gap, with every reason it had', (t) => {
  const starting = record(undefined, { protection: 'unprotected', reasons: ['not-registered'] }, 1000);
  const pending = record(starting, { protection: 'unprotected', reasons: ['policies-not-applied'] }, 1100);
  const held = record(pending, { protection: 'enforced', reasons: [] }, 1151);
  t.deepEqual(held.gaps, [{ reasons: ['not-registered', 'policies-not-applied'], fromMs: 1000, toMs: 1151 }]);
  t.is(held.sinceMs, 1151);
  t.is(exposedMs(held, 0, 10_000), 151);
  t.is(exposedMs(held, 1100, 10_000), 51);
});

test('a stopped workload exposes nothing', (t) => {
  const stopped = record(undefined, { protection: 'unprotected', reasons: ['stopped', 'not-registered'] }, 1000);
  t.deepEqual(stopped.gaps, []);
});

test('a clock that is set back makes no negative gap', (t) => {
  const open = record(undefined, { protection: 'unprotected', reasons: ['not-registered'] }, 5000);
  const held = record(open, { protection: 'enforced', reasons: [] }, 4000);
  t.is(exposedMs(held, 0, 10_000), 0);
});
