import test from 'ava';
import { compilePolicies, type Decision } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { endToEnd, eventsOf, missingRuns, type Run, runs } from './recorded-runs.ts';

/** Containers of the recorded runs that no policy selects: another service's, and tools. */
const NOT_SELECTED = /^(?:web|dproxy|p\d|kubearmor)$/;

/** Runs in which the first container of the service was there before its policies: events of `ha` name no policy. */
const UNATTRIBUTED = /^(?:x02|x03)|^x04b-apparmor$/;

/**
 * Why a log may differ from what the policies say of it. Each is a fact about KubeArmor, not about the evaluator
 * (reference/kubearmor.md §0; docs/evaluator.md).
 */
function whyNot(run: Run, event: SecurityEvent, decision: Decision): string | undefined {
  if (decision.certainty === 'uncertain') return `uncertain: ${decision.unknown}`;
  if (event.denied && event.syscall === 'fchownat') return 'fails for want of a capability';
  if (event.denied && event.category === 'syscall') return 'second event of one denied call';
  if (decision.outcome === 'audited' && UNATTRIBUTED.test(run.name)) return 'audited, but unattributed';
  if (decision.by.kind === 'posture' && decision.outcome === 'audited') return 'alerted by the hook, or throttled';
  if (run.name === 'x05-start' && decision.outcome === 'blocked') return 'before KubeArmor held the new container';
  if (run.name === 'x08b-sigkill' && decision.outcome === 'blocked') return 'KubeArmor was down';
  return undefined;
}

const selected = (run: Run, stream: 'alerts' | 'logs') =>
  eventsOf(run.name, stream).filter(
    ({ container, category }) => category !== 'throttle' && !NOT_SELECTED.test(container?.name ?? ''),
  );

if (missingRuns === undefined) {
  for (const run of runs()) {
    const evaluator = compilePolicies(run.policies, run.options);

    test(`says of every alert of ${run.name} what KubeArmor said`, (t) => {
      const alerts = selected(run, 'alerts').map((event) => ({ event, ...evaluator.evaluate(event) }));
      t.deepEqual(
        alerts.map(({ alert, outcome }) => [alert?.policyName, alert?.action, outcome]),
        alerts.map(({ event }) => [
          event.policyName,
          event.action === 'Block' ? 'Block' : 'Audit',
          event.denied ? 'blocked' : 'audited',
        ]),
      );
      for (const { event, by } of alerts) {
        // KubeArmor outside Kubernetes forgets what syscall rules inherit; the evaluator does not.
        if (by.kind !== 'rule' || by.rule.section === 'syscalls') continue;
        t.is(by.rule.severity, event.severity);
        t.is(by.rule.message, event.message);
        t.deepEqual(by.rule.tags, event.tags);
      }
    });

    test(`blocks and allows what was blocked and allowed without an alert in ${run.name}`, (t) => {
      const unexplained = selected(run, 'logs').flatMap((event) => {
        const decision = evaluator.evaluate(event);
        const agrees = decision.outcome === (event.denied ? 'blocked' : 'allowed');
        if (agrees || whyNot(run, event, decision) !== undefined) return [];
        return [`${event.category} ${event.resource} ${event.data} ${event.result}: ${decision.outcome}`];
      });
      t.deepEqual(unexplained, []);
    });
  }

  test('says what KubeArmor said under a real agent', (t) => {
    const { policy, alerts } = endToEnd();
    const evaluator = compilePolicies([policy]);
    t.true(alerts.length > 0);
    for (const event of alerts) {
      const { alert, outcome } = evaluator.evaluate(event);
      t.deepEqual([outcome, alert], ['blocked', { policyName: event.policyName ?? '', action: 'Block' }]);
    }
  });

  test('differs from logs for known reasons only, and seldom', (t) => {
    const reasons: Record<string, number> = {};
    let events = 0;
    for (const run of runs()) {
      const evaluator = compilePolicies(run.policies, run.options);
      for (const event of selected(run, 'logs')) {
        events++;
        const decision = evaluator.evaluate(event);
        if (decision.outcome === (event.denied ? 'blocked' : 'allowed')) continue;
        const reason = whyNot(run, event, decision) ?? 'unexplained';
        reasons[reason] = (reasons[reason] ?? 0) + 1;
      }
    }
    t.true(events > 500);
    t.deepEqual(reasons, {
      'alerted by the hook, or throttled': 3,
      'audited, but unattributed': 12,
      'before KubeArmor held the new container': 2,
      'fails for want of a capability': 4,
      'KubeArmor was down': 1,
      'second event of one denied call': 1,
      'uncertain: exec-preset': 1,
      'uncertain: later-write': 1,
      'uncertain: started-by-runtime': 1,
    });
  });
} else {
  test.skip(`agrees with recorded runs (${missingRuns})`, () => {});
}
