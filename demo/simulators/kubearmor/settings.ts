import type { Postures } from './lsm-decision.ts';
import type { Visibility } from './sensors.ts';

/** How a simulated KubeArmor is started; defaults are those of the service definition (design §7). */
export interface KubeArmorOptions {
  /** `bpf`, `apparmor`, or `none` for `-lsm=none` (reference/kubearmor.md §1.8). */
  readonly lsm?: 'bpf' | 'apparmor' | 'none';
  /** What a whitelist does with the rest; audit by default. */
  readonly postures?: Partial<Postures>;
  readonly visibility?: readonly Visibility[];
  readonly hostVisibility?: readonly Visibility[];
  readonly hostPolicy?: boolean;
  readonly stateAgent?: boolean;
  /** false: no container runtime's socket was found at the start; container policies are NotEnabled for good (§1.9). */
  readonly containerRuntime?: boolean;
  readonly throttling?: { readonly enabled?: boolean; readonly maxPerSecond?: number; readonly silentSeconds?: number };
  /** Where policies are kept; nothing is kept without it. */
  readonly policyDirectory?: string | undefined;
  /** From its start to "Initialized": nothing is enforced, calls wait (§0 "KubeArmor down"). */
  readonly initMs?: number;
  /** From Docker's start event to the registration: what a container does before is free and unseen (§0 "Start window"). */
  readonly startWindowMs?: number;
  /** After the Docker daemon came back, until it is heard again; what happened in between is never known (§1.9). */
  readonly dockerReconnectMs?: number;
  /** `-logPath=stdout`. */
  readonly stdout?: (line: string) => void;
  readonly kernelVersion?: string;
  readonly nodeId?: string;
}

export interface Settings
  extends Required<Omit<KubeArmorOptions, 'stdout' | 'policyDirectory' | 'throttling' | 'postures'>> {
  readonly postures: Postures;
  readonly throttling: { readonly enabled: boolean; readonly maxPerSecond: number; readonly silentSeconds: number };
  readonly policyDirectory: string | undefined;
  readonly stdout: ((line: string) => void) | undefined;
}

export function withDefaults(options: KubeArmorOptions): Settings {
  return {
    lsm: options.lsm ?? 'bpf',
    postures: { file: 'audit', network: 'audit', capabilities: 'audit', ...options.postures },
    visibility: options.visibility ?? ['process', 'file', 'network', 'capabilities', 'dns'],
    hostVisibility: options.hostVisibility ?? [],
    hostPolicy: options.hostPolicy ?? true,
    stateAgent: options.stateAgent ?? true,
    containerRuntime: options.containerRuntime ?? true,
    throttling: { enabled: true, maxPerSecond: 10, silentSeconds: 30, ...options.throttling },
    policyDirectory: options.policyDirectory,
    initMs: options.initMs ?? 0,
    startWindowMs: options.startWindowMs ?? 0,
    dockerReconnectMs: options.dockerReconnectMs ?? 5000,
    stdout: options.stdout,
    kernelVersion: options.kernelVersion ?? '6.1.0-50-amd64',
    nodeId: options.nodeId ?? '2b3eb290b75546dfbc11c5f318fc9c93',
  };
}
