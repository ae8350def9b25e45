/**
 * KubeArmor's policies as data (security.kubearmor.com/v1). Fields and limits: reference/kubearmor.md §4.2, §4.3;
 * the JSON Schema that checks them is schema.ts, what KubeArmor takes in silence is lint/.
 */

export type Action = 'Allow' | 'Audit' | 'Block';

/** What is said of a match; inherited rule → section → spec (§4.1). `severity` is 1 to 10. */
export interface Verdict {
  readonly severity?: number;
  readonly tags?: readonly string[];
  readonly message?: string;
  readonly action?: Action;
}

export interface SourcePath {
  readonly path: string;
}

export interface PathRule extends Verdict {
  readonly path?: string;
  readonly readOnly?: boolean;
  readonly ownerOnly?: boolean;
  readonly fromSource?: readonly SourcePath[];
  readonly pts?: boolean;
}

export interface ProcessPathRule extends PathRule {
  /** Instead of `path`: the executable's file name, whatever its directory (BPF-LSM only). */
  readonly execname?: string;
  readonly allowedArgs?: readonly string[];
}

export interface DirectoryRule extends Verdict {
  /** Ends with a slash; without it KubeArmor never matches it as a directory (§4.10). */
  readonly dir: string;
  readonly recursive?: boolean;
  readonly readOnly?: boolean;
  readonly ownerOnly?: boolean;
  readonly fromSource?: readonly SourcePath[];
  readonly pts?: boolean;
}

/** AppArmor globbing; BPF-LSM skips these in silence (§4.9). */
export interface PatternRule extends Verdict {
  readonly pattern: string;
  readonly readOnly?: boolean;
  readonly ownerOnly?: boolean;
}

export interface ProtocolRule extends Verdict {
  readonly protocol: string;
  readonly fromSource?: readonly SourcePath[];
  readonly pts?: boolean;
}

export interface DnsRule extends Verdict {
  readonly domain: string;
  readonly fromSource?: readonly SourcePath[];
}

export interface CapabilityRule extends Verdict {
  /** Lower case, without `cap_`; anything unknown becomes CAP_CHOWN under BPF-LSM (§4.10). */
  readonly capability: string;
  readonly fromSource?: readonly SourcePath[];
}

export interface SyscallSource {
  readonly path?: string;
  readonly dir?: string;
  readonly recursive?: boolean;
}

export interface SyscallRule extends Verdict {
  readonly syscall: readonly string[];
  readonly fromSource?: readonly SyscallSource[];
}

export interface SyscallPathRule extends SyscallRule {
  readonly path: string;
  readonly recursive?: boolean;
}

export interface DeviceRule extends Verdict {
  readonly class: string;
  readonly subClass?: number;
  readonly protocol?: number;
  readonly level?: number;
}

export interface Preset {
  readonly name: string;
  readonly action?: Action;
}

/** The sections that container and host policies share. */
export interface RuleSections extends Verdict {
  readonly process?: Verdict & {
    readonly matchPaths?: readonly ProcessPathRule[];
    readonly matchDirectories?: readonly DirectoryRule[];
    readonly matchPatterns?: readonly PatternRule[];
  };
  readonly file?: Verdict & {
    readonly matchPaths?: readonly PathRule[];
    readonly matchDirectories?: readonly DirectoryRule[];
    readonly matchPatterns?: readonly PatternRule[];
  };
  readonly network?: Verdict & {
    readonly matchProtocols?: readonly ProtocolRule[];
    readonly matchDNSQueries?: readonly DnsRule[];
  };
  readonly capabilities?: Verdict & { readonly matchCapabilities?: readonly CapabilityRule[] };
  readonly syscalls?: Verdict & {
    readonly matchSyscalls?: readonly SyscallRule[];
    readonly matchPaths?: readonly SyscallPathRule[];
  };
  readonly apparmor?: string;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubeArmorPolicy {
  readonly apiVersion: 'security.kubearmor.com/v1';
  readonly kind: 'KubeArmorPolicy';
  readonly metadata: Metadata;
  readonly spec: RuleSections & {
    /** Filled in when the policy is attached; a policy in a bundle needs none. */
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly presets?: readonly Preset[];
  };
}

export interface KubeArmorHostPolicy {
  readonly apiVersion: 'security.kubearmor.com/v1';
  readonly kind: 'KubeArmorHostPolicy';
  readonly metadata: Metadata;
  readonly spec: RuleSections & {
    readonly nodeSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly device?: Verdict & { readonly matchDevice?: readonly DeviceRule[] };
  };
}

export type SecurityPolicy = KubeArmorPolicy | KubeArmorHostPolicy;

/** The label that anax puts on every container it starts: its name in the deployment (reference/anax.md §5.1). */
export const SERVICE_NAME_LABEL = 'openhorizon.anax.service_name';
