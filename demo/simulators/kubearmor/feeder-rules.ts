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

interface Flags {
  readonly ownerOnly?: true | undefined;
  readonly readOnly?: true | undefined;
  readonly recursive?: true | undefined;
  readonly pts?: boolean | undefined;
}

interface Sourced extends Said, Flags {
  readonly fromSource?: readonly { readonly path?: string | undefined }[] | undefined;
}

interface ObjectSection {
  readonly matchPaths?:
    | readonly (Sourced & { readonly path?: string | undefined; readonly execname?: string | undefined })[]
    | undefined;
  readonly matchDirectories?: readonly (Sourced & { readonly dir: string })[] | undefined;
  readonly matchPatterns?: readonly (Said & Flags & { readonly pattern: string })[] | undefined;
}

interface NamedSpec {
  readonly policyName: string;
  readonly spec: PolicySpec;
}

type About = Pick<FeederRule, 'operation' | 'kind' | 'resource'>;
type Enforcer = 'bpf' | 'apparmor' | 'none';

/** The rules of an endpoint's policies, in their order. A policy with raw AppArmor text has none (§4.2). */
export function feederRules(policies: readonly NamedSpec[], enforcer: Enforcer): FeederRule[] {
  return policies
    .filter(({ spec }) => spec.apparmor === undefined)
    .flatMap(({ policyName, spec }) => [
      ...objectRules(policyName, 'Process', spec.process),
      ...objectRules(policyName, 'File', spec.file),
      ...networkRules(policyName, spec),
      ...capabilityRules(policyName, spec, enforcer),
      ...syscallRules(policyName, spec),
    ]);
}

function said(policyName: string, rule: Said) {
  const { severity = 0, tags = [], message = '', action = '' } = rule;
  return { policyName, severity: String(severity), tags, message, action };
}

function flags({ ownerOnly, readOnly, recursive, pts }: Flags) {
  return {
    ownerOnly: ownerOnly === true,
    readOnly: readOnly === true,
    recursive: recursive === true,
    ...(pts === undefined ? {} : { pts }),
  };
}

/** A rule once for each of its sources, or once without. */
function perSource(policyName: string, rule: Sourced, about: About): FeederRule[] {
  const sources = rule.fromSource?.flatMap(({ path }) => (path === undefined ? [] : [{ source: path }])) ?? [{}];
  return sources.map((source) => ({ ...said(policyName, rule), ...flags(rule), ...source, ...about }));
}

function objectRules(policyName: string, operation: 'Process' | 'File', section: ObjectSection): FeederRule[] {
  return [
    ...(section.matchPaths ?? []).flatMap((rule) =>
      rule.execname === undefined
        ? perSource(policyName, rule, { operation, kind: 'Path', resource: rule.path ?? '' })
        : perSource(policyName, rule, { operation, kind: 'ExecName', resource: rule.execname }),
    ),
    ...(section.matchDirectories ?? []).flatMap((rule) =>
      perSource(policyName, rule, { operation, kind: 'Directory', resource: rule.dir }),
    ),
    ...(section.matchPatterns ?? [])
      .filter(({ pattern }) => isRegExp(pattern))
      .flatMap((rule) => perSource(policyName, rule, { operation, kind: 'Glob', resource: rule.pattern })),
  ];
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
      perSource(policyName, rule, { operation, kind: 'Protocol', resource: rule.protocol.toLowerCase() }),
    ),
    ...(network.matchDNSQueries ?? []).flatMap((rule) =>
      perSource(policyName, rule, { operation, kind: 'DNS', resource: rule.domain.toLowerCase() }),
    ),
  ].filter(({ resource }) => resource !== '');
}

function capabilityRules(policyName: string, { capabilities }: PolicySpec, enforcer: Enforcer): FeederRule[] {
  return (capabilities.matchCapabilities ?? []).flatMap((rule) =>
    perSource(policyName, rule, { kind: 'Capability', ...capabilityTarget(rule.capability, enforcer) }),
  );
}

/** Only BPF-LSM tells of capabilities; elsewhere net_raw stands for raw sockets and nothing else for anything. */
function capabilityTarget(capability: string, enforcer: Enforcer): Pick<FeederRule, 'operation' | 'resource'> {
  if (enforcer === 'bpf') return { operation: 'Capabilities', resource: capability.toUpperCase() };
  if (capability.toLowerCase() === 'net_raw') return { operation: 'Network', resource: 'raw' };
  return { operation: '', resource: 'unknown' };
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
