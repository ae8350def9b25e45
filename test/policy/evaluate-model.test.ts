import assert from 'node:assert/strict';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { expandRules } from '#policy/evaluate/expand-rules.ts';
import { compilePolicies, type Decision, type Posture } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { capabilities, execs, hooks, lookups, policies, postures, reads, sockets } from './reference/arbitrary.ts';
import { type Alert, feederAlert } from './reference/feeder.ts';
import {
  type Answer,
  capabilityAnswer,
  dnsAnswer,
  execAnswer,
  fileAnswer,
  type Subject,
  socketAnswer,
} from './reference/kernel.ts';
import { type KernelMap, kernelMap } from './reference/kernel-map.ts';

interface Expected {
  readonly outcome: Decision['outcome'];
  readonly alert: Alert | undefined;
}

type Rules = ReturnType<typeof expandRules>;

/** What KubeArmor does: the kernel's answer, then what its feeder makes of the hook's event and of the telemetry's. */
function expected(rules: Rules, event: SecurityEvent, posture: Posture): Expected {
  const map = kernelMap(rules);
  const opening = event.category === 'process' ? openAnswer(map, event, posture) : undefined;
  if (opening?.deny === true) {
    const told: SecurityEvent = { ...hook(event, 'FILE_OPEN'), category: 'file', resource: event.path ?? '' };
    return { outcome: 'blocked', alert: feederAlert(rules, told, false, posture) };
  }
  const [answer, told] = kernel(map, event, posture);
  if (answer.deny) return { outcome: 'blocked', alert: feederAlert(rules, told, false, posture) };
  const audit = auditOf(rules, event, answer, told, posture);
  return { outcome: audit === undefined ? 'allowed' : 'audited', alert: audit };
}

const MONITORED = ['FILE_OPEN', 'SOCKET_SENDMSG', undefined];

function auditOf(
  rules: Rules,
  event: SecurityEvent,
  answer: Answer,
  told: SecurityEvent,
  posture: Posture,
): Alert | undefined {
  const monitored = MONITORED.includes(event.lsm) ? feederAlert(rules, event, true, posture) : undefined;
  // DefaultPosture from telemetry is turned back into a log under BPF-LSM (feeder.go, PushLog).
  if (monitored !== undefined && monitored.policyName !== 'DefaultPosture') return monitored;
  return answer.notice ? feederAlert(rules, told, true, posture) : undefined;
}

function hook(event: SecurityEvent, lsm: string): SecurityEvent {
  return event.lsm === undefined ? { ...event, lsm, data: `lsm=${lsm}` } : event;
}

function subject(event: SecurityEvent, source: string): Subject {
  const { path = '', actor, ownerUid } = event;
  return { path, source, owner: ownerUid === actor.uid, tty: actor.tty !== '' };
}

function openAnswer(map: KernelMap, event: SecurityEvent, posture: Posture): Answer {
  return fileAnswer(map, 'open', subject(event, event.actor.parentExecutable), posture.file);
}

function kernel(map: KernelMap, event: SecurityEvent, posture: Posture): [Answer, SecurityEvent] {
  const { actor } = event;
  switch (event.category) {
    case 'process':
      return [
        execAnswer(map, { ...subject(event, actor.parentExecutable) }, posture.file),
        hook(event, 'SECURITY_BPRM_CHECK'),
      ];
    case 'file': {
      const at = event.lsm === 'FILE_PERMISSION' ? 'write' : event.lsm === 'FILE_MKDIR' ? 'change' : 'open';
      return [fileAnswer(map, at, subject(event, actor.executable), posture.file), hook(event, 'FILE_OPEN')];
    }
    case 'network': {
      const { socketType = '', protocolNumber = 0 } = event.network ?? {};
      const type = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_SEQPACKET: 5 }[socketType] ?? 0;
      const socket = { type, protocol: protocolNumber, source: actor.executable, tty: actor.tty !== '' };
      const answer = socketAnswer(map, socket, posture.network);
      return [answer, { ...hook(event, 'SOCKET_CREATE'), resource: answer.printed }];
    }
    case 'dns':
      return [dnsAnswer(map, event.dns?.domain ?? '', actor.executable, posture.network), event];
    default:
      return [capabilityAnswer(map, event.capability ?? '', actor.executable, posture.capabilities), event];
  }
}

function agrees(t: ExecutionContext, events: fc.Arbitrary<SecurityEvent>): void {
  const property = fc.property(policies, postures, events, (given, posture, event) => {
    const { outcome, alert, certainty } = compilePolicies(given, { posture }).evaluate(event);
    assert.deepEqual(
      { outcome, alert, certainty },
      { ...expected(expandRules(given), event, posture), certainty: 'certain' },
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1500 }));
}

for (const [what, events] of Object.entries({ execs, reads, hooks, sockets, lookups, capabilities })) {
  test(`the compiled evaluator decides as a naive walk through KubeArmor's tables: ${what}`, agrees, events);
}
