import { CAPABILITIES } from './capabilities.ts';
import { BLANK_RECORD, type EventRecord } from './event-record.ts';
import { decide, type LsmDecision, type Postures } from './lsm-decision.ts';
import type { LsmCall, PresetName, Process, Sensor, TracedCall } from './process.ts';
import type { RuleMap } from './rule-map.ts';
import type { Throttle } from './throttle.ts';

/** What KubeArmor knows of a container when it writes an event about it. */
export interface KnownContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly namespaceName: string;
}

/** A preset in force for a container, and the policy it is from. */
export interface HeldPreset {
  readonly blocks: boolean;
  readonly policyName: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly message: string;
}

export type Visibility = 'process' | 'file' | 'network' | 'capabilities' | 'dns';

export interface SensorSettings {
  /** Whether BPF-LSM enforces, and so tells of what it denied. */
  readonly bpf: boolean;
  readonly postures: Postures;
  readonly visibility: ReadonlySet<Visibility>;
  readonly hostVisibility: ReadonlySet<Visibility>;
  /** The kernel's own count, of its alerts only (reference/kubearmor.md §5.6). */
  readonly throttle: Throttle;
  readonly throttling: { readonly maxPerSecond: number; readonly silentSeconds: number };
  now(): number;
  push(event: EventRecord): void;
}

/** The key of everything in the kernel: a process belongs to whatever is registered under its namespaces (§3.4). */
export function namespaceKey(pidNamespace: number, mountNamespace: number): string {
  return `${pidNamespace}:${mountNamespace}`;
}

export const HOST_KEY = namespaceKey(0, 0);

const PRESET_ENFORCERS: Readonly<Record<PresetName, string>> = {
  filelessExec: 'PRESET-FilelessExecutionPreset',
  protectEnv: 'PRESET-ProtectEnvPreset',
  protectProc: 'PRESET-ProtectProcPreset',
  exec: 'PRESET-ExecPreset',
  anonymousMapExec: 'PRESET-AnonMapExecPreset',
};

const CAPABILITY_NAMES = new Map(Object.entries(CAPABILITIES).map(([name, code]) => [code, name]));

/** Failures that the monitor leaves out: they are everyday. */
const UNTOLD = new Set(['No such file or directory', 'Operation now in progress']);

/** KubeArmor's programs in the kernel: they enforce, and they tell. */
export class Sensors implements Sensor {
  readonly containers = new Map<string, KnownContainer>();
  readonly rules = new Map<string, RuleMap>();
  readonly presets = new Map<string, ReadonlyMap<PresetName, HeldPreset>>();
  readonly #settings: SensorSettings;

  constructor(settings: SensorSettings) {
    this.#settings = settings;
  }

  deny(process: Process, call: LsmCall): boolean {
    const key = namespaceKey(process.pidNamespace, process.mountNamespace);
    if (call.hook === 'PRESET') return this.#denyByPreset(key, process, call);
    const rules = this.rules.get(key);
    if (rules === undefined) return false;
    const decision = decide(rules, this.#settings.postures, process, call);
    // A rename is decided, and never told (§0).
    if (decision.event !== undefined && call.hook !== 'FILE_RENAME') this.#tell(key, process, call, decision);
    return decision.denied;
  }

  trace(process: Process, call: TracedCall): void {
    const key = namespaceKey(process.pidNamespace, process.mountNamespace);
    const container = this.containers.get(key);
    if (container === undefined && key !== HOST_KEY) return;
    if (UNTOLD.has(call.result) || !this.#isTraced(call, container === undefined)) return;
    // Without BPF-LSM it is failed calls that are counted here, for want of alerts.
    if (call.result !== 'Passed' && !this.#settings.bpf && !this.#passesThrottle(key, process)) return;
    const isExec = call.data.startsWith('syscall=SYS_EXECVE');
    const event: EventRecord = {
      ...this.#base(key, process),
      ppid: process.ppid,
      parentProcessName: process.parentExecutable,
      processName: process.executable,
      source: isExec ? process.parentExecutable : process.command,
      operation: call.operation,
      resource: call.resource,
      data: call.data,
      ownerId: call.owner ?? 0,
      result: call.result,
    };
    // An event of a process that KubeArmor cannot name is left out, unless it is a bare system call.
    if (event.processName === '' && event.source === '' && call.operation !== 'Syscall') return;
    this.#settings.push(event);
    if (call.audited) this.#settings.push({ ...event, operation: 'Syscall', action: 'Audit' });
  }

  /** What passed is told where it is wanted; what failed is told always, except on the host (§5.5). */
  #isTraced({ operation, data, result }: TracedCall, onHost: boolean): boolean {
    const { visibility, hostVisibility } = this.#settings;
    const wanted = onHost ? hostVisibility : visibility;
    if (result !== 'Passed' && !onHost) return true;
    if (data.startsWith('kfunc=')) return wanted.has('dns');
    if (operation === 'Syscall') return !onHost || wanted.size > 0;
    return wanted.has(operation === 'Process' ? 'process' : operation === 'File' ? 'file' : 'network');
  }

  #tell(key: string, process: Process, call: LsmCall, { denied, event: told }: LsmDecision): void {
    if (!this.#passesThrottle(key, process)) return;
    this.#settings.push({
      ...this.#base(key, process),
      // These programs read the host's number where the container's belongs.
      ppid: process.hostPpid,
      ...aboutCall(process, call, told?.resource ?? ''),
      enforcer: 'BPFLSM',
      result: denied ? 'Permission denied' : 'Passed',
    });
  }

  /** The first alert too many becomes a notice, the rest nothing (§5.6). */
  #passesThrottle(key: string, process: Process): boolean {
    const { throttle, throttling, bpf, push } = this.#settings;
    const verdict = throttle.check(key);
    if (verdict === 'notice') {
      const { atMs, namespaceName, podName, containerId, containerName, containerImage, execId, executableName } =
        this.#base(key, process);
      push({
        ...BLANK_RECORD,
        ...{ atMs, namespaceName, podName, containerId, containerName, containerImage, execId, executableName },
        enforcer: bpf ? 'BPFLSM' : '',
        type: 'SystemEvent',
        operation: 'AlertThreshold',
        result: 'Passed',
        maxAlertsPerSec: throttling.maxPerSecond,
        droppingAlertsInterval: throttling.silentSeconds,
      });
    }
    return verdict === 'pass';
  }

  #denyByPreset(key: string, process: Process, call: Extract<LsmCall, { hook: 'PRESET' }>): boolean {
    const held = this.presets.get(key)?.get(call.preset);
    if (held === undefined) return false;
    // This one says nothing, whatever it does (§0).
    if (call.preset === 'anonymousMapExec') return held.blocks;
    const isExec = call.preset === 'exec' || call.preset === 'filelessExec';
    this.#settings.push({
      ...this.#base(key, process),
      ppid: process.hostPpid,
      parentProcessName: process.parentExecutable,
      processName: process.executable,
      source: call.preset === 'exec' ? process.parentExecutable : process.command,
      operation: isExec ? 'Process' : 'File',
      resource: call.resource,
      type: 'MatchedPolicy',
      policyName: held.policyName,
      severity: held.severity,
      tags: held.tags,
      message: held.message,
      enforcer: PRESET_ENFORCERS[call.preset],
      action: held.blocks ? 'Block' : 'Audit',
      result: held.blocks ? 'Permission denied' : 'Passed',
    });
    return held.blocks;
  }

  #base(key: string, process: Process): EventRecord {
    const container = this.containers.get(key);
    return {
      ...BLANK_RECORD,
      atMs: this.#settings.now(),
      namespaceName: container?.namespaceName ?? '',
      podName: container?.name ?? '',
      containerId: container?.id ?? '',
      containerName: container?.name ?? '',
      containerImage: container?.image ?? '',
      hostPid: process.hostPid,
      hostPpid: process.hostPpid,
      pid: process.pid,
      uid: process.uid,
      execId: process.execId,
      executableName: process.name,
      cwd: process.cwd.endsWith('/') ? process.cwd : `${process.cwd}/`,
      tty: process.tty,
    };
  }
}

/** Operation, resource and data of an enforcer's event (§5.2), and who acted. */
function aboutCall(process: Process, call: LsmCall, resource: string): Partial<EventRecord> {
  const actor = {
    parentProcessName: process.parentExecutable,
    processName: process.executable,
    source: process.command || process.executable,
  };
  const data = `lsm=${call.hook}`;
  switch (call.hook) {
    case 'SECURITY_BPRM_CHECK':
      return { ...actor, source: process.parentExecutable, operation: 'Process', resource: process.command, data };
    case 'SOCKET_CREATE':
    case 'SOCKET_CONNECT':
    case 'SOCKET_ACCEPT':
      return { ...actor, operation: 'Network', resource, data: `${data} ${resource}` };
    case 'SOCKET_SENDMSG':
      return { ...actor, operation: 'Network', resource, data: `${data} domain=${resource}` };
    case 'CAPABLE': {
      const name = CAPABILITY_NAMES.get(call.capability) ?? '';
      return { ...actor, operation: 'Capabilities', resource: name, data: `${data} ${name}` };
    }
    default:
      return { ...actor, operation: 'File', resource, data };
  }
}
