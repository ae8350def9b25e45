import type { Actor, EventCategory, EventOrigin, SecurityEvent, UsbDevice } from './event.ts';
import { execFacts, tellsOwner, writes } from './normalise-access.ts';
import { type EventData, eventDataOf } from './normalise-data.ts';
import { dnsOf, networkOf } from './normalise-network.ts';
import { integer, isRecord, type RawEvent, type Spelling, spellingOf, text } from './normalise-spelling.ts';
import { isoMicros, secondsMicros } from './normalise-time.ts';

/** Why a raw value is no event. Closed, so that what is dropped can be counted by reason. */
export type RejectReason = 'not-an-object' | 'not-an-event' | 'no-time';

export type Normalised =
  | { readonly kind: 'event'; readonly event: SecurityEvent }
  | { readonly kind: 'rejected'; readonly reason: RejectReason };

type Draft = { -readonly [K in keyof SecurityEvent]: SecurityEvent[K] };

const CATEGORIES: Readonly<Record<string, EventCategory>> = {
  Process: 'process',
  File: 'file',
  Network: 'network',
  Capabilities: 'capabilities',
  Syscall: 'syscall',
  Device: 'device',
  AlertThreshold: 'throttle',
};

const NO_TAGS: readonly string[] = Object.freeze([]);

/**
 * One KubeArmor event (Alert or Log as grpc-js decodes it, or a line of its stdout JSON) as a SecurityEvent. Never
 * throws, whatever it is given: what is no event is rejected with a reason.
 *
 * EventData is read first, Data second; reference/kubearmor.md §5.2 to §5.4 say what the fields mean.
 */
export function normalise(raw: unknown): Normalised {
  if (!isRecord(raw)) return { kind: 'rejected', reason: 'not-an-object' };
  const spelling = spellingOf(raw);
  if (spelling === undefined) return { kind: 'rejected', reason: 'not-an-event' };
  const timeMicros = isoMicros(text(raw, spelling.updatedTime)) ?? secondsMicros(integer(raw, spelling.timestamp));
  if (timeMicros === undefined) return { kind: 'rejected', reason: 'no-time' };
  return { kind: 'event', event: toEvent(raw, spelling, timeMicros) };
}

function toEvent(raw: RawEvent, spelling: Spelling, timeMicros: number): SecurityEvent {
  const operation = text(raw, spelling.operation);
  const resource = text(raw, spelling.resource);
  const data = text(raw, spelling.data);
  const eventData = eventDataOf(raw[spelling.eventData], operation, data, resource);
  const result = text(raw, spelling.result);
  const origin = originOf(raw, spelling);
  const event: Draft = {
    origin,
    category: CATEGORIES[operation] ?? 'other',
    timeMicros,
    host: text(raw, spelling.hostName),
    nodeId: text(raw, spelling.nodeId),
    actor: actorOf(raw, spelling),
    resource,
    data,
    eventData,
    denied: result === 'Permission denied' || result === 'Operation not permitted',
    result,
    tags: NO_TAGS,
  };
  addContainer(event, raw, spelling);
  addHooks(event, eventData);
  addSubject(event, raw, spelling);
  if (origin === 'alert') addVerdict(event, raw, spelling);
  return event;
}

/** Types of the alert stream end in Policy, or are SystemEvent; logs are ContainerLog and HostLog (§5.1). */
function originOf(raw: RawEvent, spelling: Spelling): EventOrigin {
  const type = text(raw, spelling.type);
  if (type === '') return text(raw, spelling.policyName) === '' ? 'log' : 'alert';
  return type === 'ContainerLog' || type === 'HostLog' ? 'log' : 'alert';
}

function actorOf(raw: RawEvent, spelling: Spelling): Actor {
  const actor: Actor = {
    executable: text(raw, spelling.processName),
    parentExecutable: text(raw, spelling.parentProcessName),
    commandLine: text(raw, spelling.source),
    pid: integer(raw, spelling.pid),
    ppid: integer(raw, spelling.ppid),
    hostPid: integer(raw, spelling.hostPid),
    hostPpid: integer(raw, spelling.hostPpid),
    uid: integer(raw, spelling.uid),
    cwd: text(raw, spelling.cwd),
    tty: text(raw, spelling.tty),
  };
  const exec = raw[spelling.execEvent];
  const execId = isRecord(exec) ? text(exec, 'ExecID') : '';
  return execId === '' || execId === '0' ? actor : { ...actor, execId };
}

function addContainer(event: Draft, raw: RawEvent, spelling: Spelling): void {
  const id = text(raw, spelling.containerId);
  const name = text(raw, spelling.containerName);
  if (id !== '' || name !== '') event.container = { id, name, image: text(raw, spelling.containerImage) };
}

function addHooks(event: Draft, pairs: EventData): void {
  const lsm = pairs.Lsm;
  if (lsm !== undefined) event.lsm = lsm;
  const syscall = pairs.Syscall;
  if (syscall?.startsWith('SYS_')) event.syscall = syscall.slice('SYS_'.length).toLowerCase();
}

/** What the event is about, by category. */
function addSubject(event: Draft, raw: RawEvent, spelling: Spelling): void {
  switch (event.category) {
    case 'process':
      addExec(event);
      break;
    case 'file':
      addFile(event, raw, spelling);
      break;
    case 'network':
      addNetwork(event);
      break;
    case 'capabilities': {
      const capability = event.resource === '' ? event.data.split(' ')[1] : event.resource;
      if (capability?.startsWith('CAP_')) event.capability = capability.slice('CAP_'.length).toLowerCase();
      break;
    }
    case 'syscall':
      if (event.resource !== '') event.path = event.resource;
      break;
    case 'device':
      event.device = deviceOf(event.eventData);
      break;
    case 'throttle':
      // Both spellings write these two alike.
      event.throttle = {
        maxAlertsPerSecond: integer(raw, 'MaxAlertsPerSec'),
        silentSeconds: integer(raw, 'DroppingAlertsInterval'),
      };
      break;
    default:
      break;
  }
}

function addExec(event: Draft): void {
  if (event.syscall === 'ptrace') {
    // A Process event that starts nothing: it is about the traced program.
    if (event.resource !== '') event.path = event.resource;
    return;
  }
  const { path, args } = execFacts(event.actor.executable, event.resource, event.lsm !== undefined);
  if (path !== '') event.path = path;
  if (args !== undefined) event.args = args;
}

function addFile(event: Draft, raw: RawEvent, spelling: Spelling): void {
  if (event.resource !== '') event.path = event.resource;
  const write = writes(event.eventData);
  if (write !== undefined) event.write = write;
  if (spelling.ownerUid in raw && tellsOwner(event.eventData)) event.ownerUid = integer(raw, spelling.ownerUid);
}

function addNetwork(event: Draft): void {
  const dns = dnsOf(event.eventData);
  if (dns !== undefined) {
    event.category = 'dns';
    event.dns = dns;
  }
  event.network = networkOf(event.eventData, dns);
}

function deviceOf(pairs: EventData): UsbDevice {
  const number = (key: string): number => Number(pairs[key] ?? 0) || 0;
  return {
    class: number('Class'),
    subClass: number('SubClass'),
    protocol: number('Protocol'),
    level: number('Level'),
  };
}

function addVerdict(event: Draft, raw: RawEvent, spelling: Spelling): void {
  const policyName = text(raw, spelling.policyName);
  if (policyName !== '') event.policyName = policyName;
  const severity = integer(raw, spelling.severity);
  if (severity !== 0) event.severity = severity;
  const message = text(raw, spelling.message);
  if (message !== '') event.message = message;
  const action = text(raw, spelling.action);
  if (action !== '') event.action = action;
  const enforcer = text(raw, spelling.enforcer);
  if (enforcer !== '') event.enforcer = enforcer;
  event.tags = tagsOf(raw, spelling);
}

function tagsOf(raw: RawEvent, spelling: Spelling): readonly string[] {
  const list = raw[spelling.aTags];
  if (Array.isArray(list) && list.length > 0) return list.filter((tag): tag is string => typeof tag === 'string');
  const joined = text(raw, spelling.tags);
  return joined === '' ? NO_TAGS : joined.split(',');
}
