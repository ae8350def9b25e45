import type { PolicySpec } from './policy-shape.ts';

/**
 * One rule as KubeArmor's feeder keeps it to say which policy an event belongs to. It is matched in user space, apart
 * from what the kernel enforces, and the two do not always agree (reference/kubearmor.md §3.3, §5).
 */
export interface FeederRule {
  readonly policyName: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly message: string;
  readonly action: string;
  readonly operation: 'Process' | 'File' | 'Network' | 'Capabilities' | 'Syscall' | '';
  readonly kind: 'Path' | 'Directory' | 'ExecName' | 'Glob' | 'Protocol' | 'DNS' | 'Capability' | 'Syscall';
  readonly resource: string;
  /** Of a syscall rule: the call's name in capitals, and whether its path means everything below. */
  readonly syscall?: string;
  readonly pathRecursive?: boolean;
  readonly source?: string;
  readonly ownerOnly?: boolean;
  readonly readOnly?: boolean;
  readonly recursive?: boolean;
  readonly pts?: boolean;
}

interface Said {
  readonly severity?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly message?: string | undefined;
  readonly action?: string | undefined;
}

interface NamedSpec {
  readonly policyName: string;
  readonly spec: PolicySpec;
}

/** The rules of an endpoint's policies, in their order. A policy with raw AppArmor text has none (§4.2). */
export function feederRules(policies: readonly NamedSpec[], enforcer: 'bpf' | 'apparmor' | 'none'): FeederRule[] {
  return policies
    .filter(({ spec }) => spec.apparmor === undefined)
    .flatMap(({ policyName, spec }) => [
      ...processRules(policyName, spec),
      ...fileRules(policyName, spec),
      ...networkRules(policyName, spec),
      ...capabilityRules(policyName, spec, enforcer),
      ...syscallRules(policyName, spec),
    ]);
}

function said(policyName: string, rule: Said) {
  const { severity = 0, tags = [], message = '', action = '' } = rule;
  return { policyName, severity: String(severity), tags, message, action };
}

/** A rule once for each of its sources, or once without. */
function perSource(
  rule: { readonly fromSource?: readonly { readonly path?: string | undefined }[] | undefined },
  make: (source: { readonly source?: string }) => FeederRule,
): FeederRule[] {
  if (rule.fromSource === undefined) return [make({})];
  return rule.fromSource.flatMap(({ path }) => (path === undefined ? [] : [make({ source: path })]));
}

function flags(rule: {
  readonly ownerOnly?: true | undefined;
  readonly readOnly?: true | undefined;
  readonly recursive?: true | undefined;
  readonly pts?: boolean | undefined;
}) {
  const { ownerOnly, readOnly, recursive, pts } = rule;
  return {
    ownerOnly: ownerOnly === true,
    readOnly: readOnly === true,
    recursive: recursive === true,
    ...(pts === undefined ? {} : { pts }),
  };
}

function processRules(policyName: string, { process }: PolicySpec): FeederRule[] {
  const operation = 'Process';
  return [
    ...(process.matchPaths ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...flags(rule),
        ...source,
        operation,
        kind: rule.execname === undefined ? 'Path' : 'ExecName',
        resource: rule.execname ?? rule.path ?? '',
      })),
    ),
    ...(process.matchDirectories ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...flags(rule),
        ...source,
        operation,
        kind: 'Directory',
        resource: rule.dir,
      })),
    ),
    ...patterns(policyName, operation, process.matchPatterns),
  ];
}

function fileRules(policyName: string, { file }: PolicySpec): FeederRule[] {
  const operation = 'File';
  return [
    ...(file.matchPaths ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...flags(rule),
        ...source,
        operation,
        kind: 'Path',
        resource: rule.path,
      })),
    ),
    ...(file.matchDirectories ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...flags(rule),
        ...source,
        operation,
        kind: 'Directory',
        resource: rule.dir,
      })),
    ),
    ...patterns(policyName, operation, file.matchPatterns),
  ];
}

function patterns(
  policyName: string,
  operation: 'Process' | 'File',
  rules:
    | readonly (Said & {
        readonly pattern: string;
        readonly ownerOnly?: true | undefined;
        readonly readOnly?: true | undefined;
      })[]
    | undefined,
): FeederRule[] {
  return (rules ?? [])
    .filter(({ pattern }) => isRegExp(pattern))
    .map((rule) => ({ ...said(policyName, rule), ...flags(rule), operation, kind: 'Glob', resource: rule.pattern }));
}

/** A pattern is matched as a glob, but dropped when it is no regular expression. */
function isRegExp(pattern: string): boolean {
  if (pattern === '') return false;
  try {
    return new RegExp(pattern) !== undefined;
  } catch {
    return false;
  }
}

function networkRules(policyName: string, { network }: PolicySpec): FeederRule[] {
  const operation = 'Network';
  return [
    ...(network.matchProtocols ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...flags(rule),
        ...source,
        operation,
        kind: 'Protocol',
        resource: rule.protocol.toLowerCase(),
      })),
    ),
    ...(network.matchDNSQueries ?? []).flatMap((rule) =>
      perSource(rule, (source) => ({
        ...said(policyName, rule),
        ...source,
        operation,
        kind: 'DNS',
        resource: rule.domain.toLowerCase(),
      })),
    ),
  ].filter(({ resource }) => resource !== '');
}

/** Only BPF-LSM tells of capabilities; elsewhere net_raw stands for raw sockets and nothing else for anything. */
function capabilityRules(
  policyName: string,
  { capabilities }: PolicySpec,
  enforcer: 'bpf' | 'apparmor' | 'none',
): FeederRule[] {
  return (capabilities.matchCapabilities ?? []).flatMap((rule) =>
    perSource(rule, (source) => ({
      ...said(policyName, rule),
      ...source,
      kind: 'Capability',
      ...(enforcer === 'bpf'
        ? { operation: 'Capabilities', resource: rule.capability.toUpperCase() }
        : rule.capability.toLowerCase() === 'net_raw'
          ? { operation: 'Network', resource: 'raw' }
          : { operation: '', resource: 'unknown' }),
    })),
  );
}

interface SyscallSource {
  readonly path?: string | undefined;
  readonly dir?: string | undefined;
  readonly recursive?: true | undefined;
}

/** Syscall rules audit whatever they say (§4.2). */
function syscallRules(policyName: string, { syscalls }: PolicySpec): FeederRule[] {
  const named = (syscalls.matchSyscalls ?? []).flatMap((rule) => syscallRule(policyName, rule, '', false));
  const onPaths = (syscalls.matchPaths ?? [])
    .filter(({ path }) => path !== undefined)
    .flatMap((rule) => syscallRule(policyName, rule, rule.path ?? '', rule.recursive === true));
  return [...named, ...onPaths];
}

function syscallRule(
  policyName: string,
  rule: Said & {
    readonly syscall?: readonly string[] | undefined;
    readonly fromSource?: readonly SyscallSource[] | undefined;
  },
  path: string,
  recursive: boolean,
): FeederRule[] {
  const sources = rule.fromSource?.filter(({ path: file, dir }) => file !== undefined || dir !== undefined);
  return (sources ?? [undefined]).flatMap((source) =>
    (rule.syscall ?? []).map((name) => ({
      ...said(policyName, { ...rule, action: 'Audit' }),
      operation: 'Syscall',
      kind: 'Syscall',
      resource: path,
      syscall: name.toUpperCase(),
      pathRecursive: recursive,
      recursive: source?.path === undefined && source?.recursive === true,
      ...(source === undefined ? {} : { source: source.path ?? withSlash(source.dir ?? '') }),
    })),
  );
}

function withSlash(directory: string): string {
  return directory.endsWith('/') ? directory : `${directory}/`;
}
