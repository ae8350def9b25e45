/**
 * Policies as the flat list of rules that KubeArmor makes of them (core/unorchestratedUpdates.go, kubeUpdate.go):
 * inheritance, comma lists, and the order in which its feeder goes through them.
 */
import { commaParts, isCommaList } from '../comma-list.ts';
import type {
  DeviceRule,
  DirectoryRule,
  PathRule,
  PatternRule,
  ProcessPathRule,
  SecurityPolicy,
  SyscallRule,
  Verdict,
} from '../types.ts';
import type { Section } from './decision.ts';
import { feederGlob } from './feeder-glob.ts';
import { guardsOf, type Rule, sourcesOf, syscallSourcesOf } from './rule.ts';
import { type Ancestry, refOf } from './rule-ref.ts';
import { usbClass } from './usb-class.ts';

type Draft = Rule extends infer R ? (R extends Rule ? Omit<R, 'order'> : never) : never;

/** @param policies in the order in which KubeArmor holds them: that in which they were first applied */
export function expandRules(policies: readonly SecurityPolicy[]): Rule[] {
  return policies.flatMap(rulesOf).map((rule, order) => ({ ...rule, order }));
}

function rulesOf(policy: SecurityPolicy): Draft[] {
  const { spec } = policy;
  const ancestry = (section: Section, sectionVerdict?: Verdict): Ancestry => ({
    policy: policy.metadata.name,
    section,
    sectionVerdict,
    spec,
    unreported: (spec.apparmor ?? '') !== '',
  });
  return [
    ...objectRules('process', spec.process ?? {}, ancestry('process', spec.process)),
    ...objectRules('file', spec.file ?? {}, ancestry('file', spec.file)),
    ...networkRules(policy, ancestry('network', spec.network)),
    ...capabilityRules(policy, ancestry('capabilities', spec.capabilities)),
    ...syscallRules(policy, ancestry('syscalls', spec.syscalls)),
    ...(policy.kind === 'KubeArmorPolicy'
      ? presetRules(policy, ancestry('presets'))
      : deviceRules(policy, ancestry('device', policy.spec.device))),
  ];
}

interface ObjectSections {
  readonly matchPaths?: readonly ProcessPathRule[];
  readonly matchDirectories?: readonly DirectoryRule[];
  readonly matchPatterns?: readonly PatternRule[];
}

function objectRules(operation: 'process' | 'file', section: ObjectSections, ancestry: Ancestry): Draft[] {
  const { unreported } = ancestry;
  return [
    ...(section.matchPaths ?? []).map((rule, index) => pathRule(operation, rule, index, ancestry)),
    ...(section.matchDirectories ?? []).map(
      (rule, index): Draft => ({
        kind: 'directory',
        operation,
        ref: refOf(ancestry, `${operation}.matchDirectories`, index, rule.dir, rule),
        unreported,
        ...guardsOf(rule),
        directory: rule.dir,
        recursive: rule.recursive === true,
        readOnly: operation === 'file' && rule.readOnly === true,
      }),
    ),
    ...(section.matchPatterns ?? []).map(
      (rule, index): Draft => ({
        kind: 'pattern',
        operation,
        ref: refOf(ancestry, `${operation}.matchPatterns`, index, rule.pattern, rule),
        unreported,
        pattern: rule.pattern,
        glob: feederGlob(rule.pattern),
        ownerOnly: rule.ownerOnly === true,
        readOnly: operation === 'file' && rule.readOnly === true,
      }),
    ),
  ];
}

function pathRule(
  operation: 'process' | 'file',
  rule: ProcessPathRule & PathRule,
  index: number,
  ancestry: Ancestry,
): Draft {
  const name = operation === 'process' ? (rule.execname ?? '') : '';
  const path = rule.path ?? '';
  const shared = {
    ref: refOf(ancestry, `${operation}.matchPaths`, index, name === '' ? path : name, rule),
    unreported: ancestry.unreported,
    ...guardsOf(rule),
  };
  const allowedArgs = operation === 'process' ? (rule.allowedArgs ?? []) : [];
  if (name !== '') return { kind: 'execname', operation: 'process', ...shared, name, allowedArgs };
  return {
    kind: 'path',
    operation,
    ...shared,
    path,
    readOnly: operation === 'file' && rule.readOnly === true,
    allowedArgs,
  };
}

function networkRules({ spec }: SecurityPolicy, ancestry: Ancestry): Draft[] {
  const { unreported } = ancestry;
  return [
    ...commaExpanded(spec.network?.matchProtocols, ({ protocol }) => protocol).map(
      ({ rule, index, value }): Draft => ({
        kind: 'protocol',
        operation: 'network',
        ref: refOf(ancestry, 'network.matchProtocols', index, value, rule),
        unreported,
        ...sourcesOf(rule),
        protocol: value,
        onlyWithTty: rule.pts === false,
      }),
    ),
    ...commaExpanded(spec.network?.matchDNSQueries, ({ domain }) => domain).map(
      ({ rule, index, value }): Draft => ({
        kind: 'dns',
        operation: 'network',
        ref: refOf(ancestry, 'network.matchDNSQueries', index, value, rule),
        unreported,
        ...sourcesOf(rule),
        domain: value,
      }),
    ),
  ];
}

function capabilityRules({ spec }: SecurityPolicy, ancestry: Ancestry): Draft[] {
  return commaExpanded(spec.capabilities?.matchCapabilities, ({ capability }) => capability).map(
    ({ rule, index, value }): Draft => ({
      kind: 'capability',
      operation: 'capabilities',
      ref: refOf(ancestry, 'capabilities.matchCapabilities', index, value, rule),
      unreported: ancestry.unreported,
      ...sourcesOf(rule),
      capability: value,
    }),
  );
}

/** Syscall rules audit, whatever their action says (§4.2). */
function syscallRules({ spec }: SecurityPolicy, ancestry: Ancestry): Draft[] {
  const draft = (list: string, rule: SyscallRule, index: number, target: string) => ({
    kind: 'syscall' as const,
    operation: 'syscall' as const,
    ref: { ...refOf(ancestry, list, index, target, rule), action: 'Audit' },
    unreported: ancestry.unreported,
    syscalls: (rule.syscall ?? []).map((name) => name.toUpperCase()),
    ...syscallSourcesOf(rule.fromSource),
  });
  return [
    ...(spec.syscalls?.matchSyscalls ?? []).map(
      (rule, index): Draft => ({
        ...draft('syscalls.matchSyscalls', rule, index, (rule.syscall ?? []).join(',')),
        pathRecursive: false,
      }),
    ),
    ...(spec.syscalls?.matchPaths ?? []).map(
      (rule, index): Draft => ({
        ...draft('syscalls.matchPaths', rule, index, `${(rule.syscall ?? []).join(',')} ${rule.path}`),
        path: rule.path,
        pathRecursive: rule.recursive === true,
      }),
    ),
  ];
}

/** Presets inherit nothing; every action but `Audit` blocks (presets/exec/preset.go: AddContainerIDToMap). */
function presetRules({ spec }: Extract<SecurityPolicy, { kind: 'KubeArmorPolicy' }>, ancestry: Ancestry): Draft[] {
  return (spec.presets ?? []).map(({ name, action }, index) => {
    const block = action !== 'Audit';
    return {
      kind: 'preset',
      operation: 'preset',
      ref: { ...refOf(ancestry, 'presets', index, name, {}), action: block ? 'Block' : 'Audit' },
      unreported: false,
      name,
      block,
    };
  });
}

function deviceRules({ spec }: Extract<SecurityPolicy, { kind: 'KubeArmorHostPolicy' }>, ancestry: Ancestry): Draft[] {
  return (spec.device?.matchDevice ?? []).map((rule, index) => ({
    kind: 'device',
    operation: 'device',
    ref: refOf(ancestry, 'device.matchDevice', index, rule.class, rule),
    unreported: ancestry.unreported,
    ...deviceCodes(rule),
  }));
}

function deviceCodes({ class: name, subClass, protocol, level }: DeviceRule) {
  return {
    ...(name === 'ALL' ? {} : { class: usbClass(name) }),
    ...(subClass === undefined ? {} : { subClass }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(level === undefined || level === 0 ? {} : { level }),
  };
}

/** Rules by the names in their comma lists, one each (../comma-list.ts). */
function commaExpanded<R>(
  rules: readonly R[] | undefined,
  nameIn: (rule: R) => string,
): { rule: R; index: number; value: string }[] {
  const all = rules ?? [];
  const [first] = all;
  const split = first !== undefined && isCommaList(nameIn(first));
  return all.flatMap((rule, index) =>
    (split ? commaParts(nameIn(rule)) : [nameIn(rule)]).map((value) => ({ rule, index, value })),
  );
}
