/**
 * The two spellings of one KubeArmor event: the field names of the gRPC messages (which `karmor logs --json` prints,
 * too) and those of `-logPath=stdout` (reference/kubearmor.md §2.1, §5.4). Values are read by type, never trusted.
 */

export type RawEvent = Readonly<Record<string, unknown>>;

const GRPC = {
  timestamp: 'Timestamp',
  updatedTime: 'UpdatedTime',
  hostName: 'HostName',
  nodeId: 'NodeID',
  containerId: 'ContainerID',
  containerName: 'ContainerName',
  containerImage: 'ContainerImage',
  hostPpid: 'HostPPID',
  hostPid: 'HostPID',
  ppid: 'PPID',
  pid: 'PID',
  uid: 'UID',
  ownerUid: 'OID',
  parentProcessName: 'ParentProcessName',
  processName: 'ProcessName',
  policyName: 'PolicyName',
  severity: 'Severity',
  tags: 'Tags',
  aTags: 'ATags',
  message: 'Message',
  type: 'Type',
  source: 'Source',
  operation: 'Operation',
  resource: 'Resource',
  data: 'Data',
  eventData: 'EventData',
  enforcer: 'Enforcer',
  action: 'Action',
  result: 'Result',
  cwd: 'Cwd',
  tty: 'TTY',
  execEvent: 'ExecEvent',
} as const;

export type Field = keyof typeof GRPC;
export type Spelling = Readonly<Record<Field, string>>;

const STDOUT: Spelling = {
  timestamp: 'timestamp',
  updatedTime: 'updatedTime',
  hostName: 'hostName',
  nodeId: 'nodeID',
  containerId: 'containerID',
  containerName: 'containerName',
  containerImage: 'containerImage',
  hostPpid: 'hostPPid',
  hostPid: 'hostPid',
  ppid: 'ppid',
  pid: 'pid',
  uid: 'uid',
  ownerUid: 'oid',
  parentProcessName: 'parentProcessName',
  processName: 'processName',
  policyName: 'policyName',
  severity: 'severity',
  tags: 'tags',
  aTags: 'atags',
  message: 'message',
  type: 'type',
  source: 'source',
  operation: 'operation',
  resource: 'resource',
  data: 'data',
  eventData: 'eventData',
  enforcer: 'enforcer',
  action: 'action',
  result: 'result',
  cwd: 'cwd',
  tty: 'tty',
  execEvent: 'execEvent',
};

/** Which spelling an object is in; undefined when it is no KubeArmor event at all. */
export function spellingOf(raw: RawEvent): Spelling | undefined {
  if (typeof raw[GRPC.operation] === 'string') return GRPC;
  if (typeof raw[STDOUT.operation] === 'string') return STDOUT;
  return undefined;
}

export function isRecord(value: unknown): value is RawEvent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Empty where the field is missing or no string. */
export function text(raw: RawEvent, field: string): string {
  const value = raw[field];
  return typeof value === 'string' ? value : '';
}

/** int32 fields are numbers, int64 ones strings (proto-loader's `longs: String`); 0 where neither. */
export function integer(raw: RawEvent, field: string): number {
  const value = raw[field];
  if (typeof value === 'number') return Number.isFinite(value) ? value : 0;
  if (typeof value !== 'string') return 0;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : 0;
}
