import type { DirectoryRule, PathRule, SourcePath, SyscallSource } from '../types.ts';
import type { RuleRef } from './decision.ts';
import type { Glob } from './glob.ts';

/** Matched by KubeArmor as written: rules keep their order, which decides between them. */
interface Ordered {
  readonly ref: RuleRef;
  /** Place among all rules of all policies, in the order in which KubeArmor holds the policies. */
  readonly order: number;
  /** A policy with an `apparmor` text: its rules are enforced, but no alert ever names it (feeder/policyMatcher.go). */
  readonly unreported: boolean;
}

interface Sourced {
  /** Absent: for everybody. An empty string in it counts as "everybody" in the kernel and as nobody in user space. */
  readonly sources?: readonly string[];
}

interface Guarded extends Sourced {
  readonly ownerOnly: boolean;
  /** `pts: false`: only with a controlling terminal. */
  readonly onlyWithTty: boolean;
}

export interface PathMatch extends Ordered, Guarded {
  readonly kind: 'path';
  readonly operation: 'process' | 'file';
  readonly path: string;
  readonly readOnly: boolean;
  readonly allowedArgs: readonly string[];
}

export interface ExecNameMatch extends Ordered, Guarded {
  readonly kind: 'execname';
  readonly operation: 'process';
  readonly name: string;
  readonly allowedArgs: readonly string[];
}

export interface DirectoryMatch extends Ordered, Guarded {
  readonly kind: 'directory';
  readonly operation: 'process' | 'file';
  readonly directory: string;
  readonly recursive: boolean;
  readonly readOnly: boolean;
}

export interface PatternMatch extends Ordered {
  readonly kind: 'pattern';
  readonly operation: 'process' | 'file';
  readonly pattern: string;
  /** The pattern as the feeder matches it. */
  readonly glob: Glob;
  readonly ownerOnly: boolean;
  readonly readOnly: boolean;
}

export interface ProtocolMatch extends Ordered, Sourced {
  readonly kind: 'protocol';
  readonly operation: 'network';
  readonly protocol: string;
  readonly onlyWithTty: boolean;
}

export interface DnsMatch extends Ordered, Sourced {
  readonly kind: 'dns';
  readonly operation: 'network';
  readonly domain: string;
}

export interface CapabilityMatch extends Ordered, Sourced {
  readonly kind: 'capability';
  readonly operation: 'capabilities';
  readonly capability: string;
}

export interface SyscallMatch extends Ordered {
  readonly kind: 'syscall';
  readonly operation: 'syscall';
  /** Upper case, as the event spells it behind `SYS_`. */
  readonly syscalls: readonly string[];
  readonly path?: string;
  readonly pathRecursive: boolean;
  readonly sources?: readonly { readonly source: string; readonly recursive: boolean }[];
}

export interface PresetMatch extends Ordered {
  readonly kind: 'preset';
  readonly operation: 'preset';
  readonly name: string;
  readonly block: boolean;
}

export interface DeviceMatch extends Ordered {
  readonly kind: 'device';
  readonly operation: 'device';
  /** Class number; undefined for ALL, NaN for a class that is neither. */
  readonly class?: number;
  readonly subClass?: number;
  readonly protocol?: number;
  readonly level?: number;
}

/** One rule of a policy with everything inherited; a comma list has become several. */
export type Rule =
  | PathMatch
  | ExecNameMatch
  | DirectoryMatch
  | PatternMatch
  | ProtocolMatch
  | DnsMatch
  | CapabilityMatch
  | SyscallMatch
  | PresetMatch
  | DeviceMatch;

/** Rules about programs and files that the feeder matches alike. */
export type ObjectRule = PathMatch | ExecNameMatch | DirectoryMatch | PatternMatch;

/** `fromSource` as a list of paths; absent when the rule is for everybody. */
export function sourcesOf(rule: { readonly fromSource?: readonly SourcePath[] }): Sourced {
  const sources = rule.fromSource ?? [];
  return sources.length === 0 ? {} : { sources: sources.map(({ path }) => path ?? '') };
}

/** The conditions that path and directory rules share. */
export function guardsOf(rule: PathRule | DirectoryRule): Guarded {
  return { ...sourcesOf(rule), ownerOnly: rule.ownerOnly === true, onlyWithTty: rule.pts === false };
}

/** Directories of `fromSource` get their slash from KubeArmor; entries with neither path nor dir are skipped. */
export function syscallSourcesOf(sources: readonly SyscallSource[] | undefined): Pick<SyscallMatch, 'sources'> {
  if (sources === undefined || sources.length === 0) return {};
  const named = sources.flatMap(({ path, dir, recursive }) => {
    if (path !== undefined && path !== '') return [{ source: path, recursive: false }];
    if (dir === undefined || dir === '') return [];
    return [{ source: dir.endsWith('/') ? dir : `${dir}/`, recursive: recursive === true }];
  });
  return { sources: named };
}
