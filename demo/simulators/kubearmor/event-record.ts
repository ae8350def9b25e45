/** An event inside KubeArmor, on its way from a sensor to its streams; mutable there, a new value per step here. */
export interface EventRecord {
  /** Milliseconds since the epoch, with fractions. */
  readonly atMs: number;
  readonly namespaceName: string;
  /** The container's own name; what events are attributed by (reference/kubearmor.md §3.3). */
  readonly podName: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly containerImage: string;
  readonly hostPpid: number;
  readonly hostPid: number;
  readonly ppid: number;
  readonly pid: number;
  readonly uid: number;
  readonly execId: string;
  readonly executableName: string;
  readonly parentProcessName: string;
  readonly processName: string;
  /** '' from the monitor, BPFLSM or PRESET-… from an enforcer; then whoever is said to have judged. */
  readonly enforcer: string;
  readonly policyName: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly message: string;
  readonly type: '' | 'MatchedPolicy' | 'MatchedHostPolicy' | 'ContainerLog' | 'HostLog' | 'SystemEvent';
  readonly source: string;
  readonly operation: string;
  readonly resource: string;
  readonly cwd: string;
  readonly tty: string;
  /** Owner of the file. */
  readonly ownerId: number;
  readonly data: string;
  readonly action: string;
  readonly result: string;
  readonly maxAlertsPerSec: number;
  readonly droppingAlertsInterval: number;
}

/** Where and by whom; the rest is filled in by the sensor. */
export const BLANK_RECORD: EventRecord = {
  atMs: 0,
  namespaceName: '',
  podName: '',
  containerId: '',
  containerName: '',
  containerImage: '',
  hostPpid: 0,
  hostPid: 0,
  ppid: 0,
  pid: 0,
  uid: 0,
  execId: '',
  executableName: '',
  parentProcessName: '',
  processName: '',
  enforcer: '',
  policyName: '',
  severity: '',
  tags: [],
  message: '',
  type: '',
  source: '',
  operation: '',
  resource: '',
  cwd: '',
  tty: '',
  ownerId: 0,
  data: '',
  action: '',
  result: '',
  maxAlertsPerSec: 0,
  droppingAlertsInterval: 0,
};
