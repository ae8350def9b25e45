import type { EventRecord } from './event-record.ts';
import { marshal } from './go-json.ts';

/** What KubeArmor says of itself in every event. */
export interface Origin {
  readonly clusterName: string;
  readonly hostName: string;
  readonly nodeId: string;
}

/** `key=value` pairs by key, with the key's first letter in upper case (reference/kubearmor.md §5.2). */
export function eventDataOf(event: EventRecord): Readonly<Record<string, string>> {
  const pairs = [...pairsOf(event.data), ...(event.operation === 'Network' ? pairsOf(event.resource) : [])];
  return Object.fromEntries(pairs);
}

function pairsOf(text: string): [string, string][] {
  return text
    .split(/\s+/)
    .filter((word) => word.includes('='))
    .map((word) => {
      const cut = word.indexOf('=');
      return [word.charAt(0).toUpperCase() + word.slice(1, cut), word.slice(cut + 1)];
    });
}

/** What WatchAlerts and WatchLogs have in common (§2.1). */
function common(event: EventRecord, origin: Origin) {
  return {
    EventData: eventDataOf(event),
    Timestamp: String(Math.floor(event.atMs / 1000)),
    UpdatedTime: microTime(event.atMs),
    ClusterName: origin.clusterName,
    HostName: origin.hostName,
    NamespaceName: event.namespaceName,
    PodName: event.podName,
    ContainerID: event.containerId,
    ContainerName: event.containerName,
    HostPID: event.hostPid,
    PPID: event.ppid,
    PID: event.pid,
    UID: event.uid,
    Type: event.type,
    Source: event.source,
    Operation: event.operation,
    Resource: event.resource,
    Data: event.data,
    Result: event.result,
    ContainerImage: event.containerImage,
    ParentProcessName: event.parentProcessName,
    ProcessName: event.processName,
    HostPPID: event.hostPpid,
    Cwd: event.cwd,
    TTY: event.tty,
    ExecEvent: { ExecID: event.execId, ExecutableName: event.executableName },
    NodeID: origin.nodeId,
  };
}

/** A message of WatchLogs; what is not here has its default. */
export function toLog(event: EventRecord, origin: Origin): object {
  return common(event, origin);
}

/** A message of WatchAlerts. KubeArmorVersion is empty, as a development build has it. */
export function toAlert(event: EventRecord, origin: Origin): object {
  return {
    ...common(event, origin),
    ATags: event.tags,
    PolicyName: event.policyName,
    Severity: event.severity === '0' ? '' : event.severity,
    Tags: event.tags.join(','),
    Message: event.message,
    Action: event.action,
    Enforcer: event.enforcer,
    MaxAlertsPerSec: event.maxAlertsPerSec,
    DroppingAlertsInterval: event.droppingAlertsInterval,
  };
}

/** A line as `-logPath=stdout` prints it: other names than gRPC's, and empty ones left out (§5.4). */
export function toStdout(event: EventRecord, origin: Origin): string {
  const data = eventDataOf(event);
  const inContainer = event.containerId !== '';
  return marshal({
    timestamp: Math.floor(event.atMs / 1000),
    updatedTime: microTime(event.atMs),
    hostName: origin.hostName,
    namespaceName: event.namespaceName || undefined,
    owner: inContainer ? {} : undefined,
    podName: event.podName || undefined,
    containerID: event.containerId || undefined,
    containerName: event.containerName || undefined,
    containerImage: event.containerImage || undefined,
    hostPPid: event.hostPpid,
    hostPid: event.hostPid,
    ppid: event.ppid,
    pid: event.pid,
    uid: event.uid,
    execEvent: { ExecID: event.execId, ExecutableName: event.executableName },
    parentProcessName: event.parentProcessName,
    processName: event.processName,
    enforcer: event.enforcer || undefined,
    policyName: event.policyName || undefined,
    severity: event.severity || undefined,
    tags: event.tags.join(',') || undefined,
    atags: event.tags.length === 0 ? null : event.tags,
    message: event.message || undefined,
    type: event.type,
    source: event.source,
    operation: event.operation,
    resource: event.resource,
    cwd: event.cwd,
    tty: event.tty || undefined,
    oid: event.ownerId,
    data: event.data || undefined,
    eventData: Object.keys(data).length === 0 ? undefined : sorted(data),
    action: event.action || undefined,
    result: event.result,
    MaxAlertsPerSec: event.maxAlertsPerSec || undefined,
    DroppingAlertsInterval: event.droppingAlertsInterval || undefined,
  });
}

function sorted(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** ISO 8601 in UTC with microseconds. */
export function microTime(atMs: number): string {
  const micros = Math.floor((atMs % 1) * 1000);
  return new Date(atMs).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
