import { type Clock, iso } from '#agent/clock.ts';
import type { NewAgentEvent, NoticeKind } from '#agent/events/agent-event.ts';
import type { Outcome } from '#agent/reconcile/apply.ts';
import type { ProtectionChange } from '#agent/truth/protection.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';

/** Tells one thing that was noticed just now; `subject` is what it is about, where it is about one thing. */
export type Noticer = (kind: NoticeKind, message: string, subject?: string) => void;

export function noticer(notify: (event: NewAgentEvent) => void, clock: Clock): Noticer {
  return (notice, message, subject) =>
    notify({
      kind: 'notice',
      time: iso(clock.wallMs()),
      notice,
      message,
      ...(subject === undefined ? {} : { subject }),
    });
}

/** A workload is more, or less, protected than it was; of the moment in which that began. */
export function protectionNotice({ container, before, after }: ProtectionChange): NewAgentEvent {
  const from = before === undefined ? '' : ` (was ${before.protection})`;
  const why = after.reasons.length === 0 ? '' : `: ${after.reasons.join(', ')}`;
  return {
    kind: 'notice',
    time: iso(after.sinceMs),
    notice: 'protection-changed',
    message: `${after.protection}${why}${from}`,
    subject: container.labels[SERVICE_NAME_LABEL] ?? container.name,
    details: { containerName: container.name, protection: after.protection, reasons: after.reasons },
  };
}

/** What became of one step of a reconciliation, as a noticer takes it. */
export function outcomeNotice(outcome: Outcome): [kind: NoticeKind, message: string, policy: string] {
  switch (outcome.kind) {
    case 'applied':
      return ['policy-applied', outcome.why, outcome.name];
    case 'deleted':
      return ['policy-applied', `deleted: ${outcome.why}`, outcome.name];
    case 'rejected':
    case 'not-deleted':
      return ['policy-failed', `KubeArmor answered ${outcome.status}`, outcome.name];
    case 'collides':
      return [
        'policy-collision',
        'KubeArmor already holds a policy of this name that is not ours; it was left alone',
        outcome.name,
      ];
  }
}
