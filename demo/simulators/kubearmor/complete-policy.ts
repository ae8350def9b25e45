import type { ContainerSpec, HostSpec, PolicySpec } from './policy-shape.ts';

/** What a rule inherits from its section and its policy where it says nothing itself (reference/kubearmor.md §4.1). */
interface Said {
  readonly severity?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly message?: string | undefined;
  readonly action?: string | undefined;
}

/** Only the action of a whole policy may be written in lower case; a missing one is Block (§4.1). */
const SPEC_ACTIONS: Readonly<Record<string, string>> = { allow: 'Allow', audit: 'Audit', block: 'Block', '': 'Block' };

/** A container spec with every rule completed, and the selector's identities. */
export function completeContainerSpec(spec: ContainerSpec, identities: readonly string[]): ContainerSpec {
  return { ...completeSections(spec), selector: { ...spec.selector, identities } };
}

/** The same for a host spec. */
export function completeHostSpec(spec: HostSpec, identities: readonly string[]): HostSpec {
  const action = SPEC_ACTIONS[spec.action] ?? spec.action;
  const { syscalls } = spec;
  const device = { ...spec.device, matchDevice: inherit(spec.device.matchDevice, spec.device, { ...spec, action }) };
  return {
    ...completeSections(spec),
    device,
    // Syscall rules have no action, they always audit (§4.2); in a container policy they do not even inherit (§0).
    syscalls: {
      ...syscalls,
      matchSyscalls: inheritSaid(syscalls.matchSyscalls, syscalls, spec),
      matchPaths: inheritSaid(syscalls.matchPaths, syscalls, spec),
    },
    nodeSelector: { ...spec.nodeSelector, identities },
  };
}

function completeSections<S extends PolicySpec>(spec: S): S {
  const whole = { ...spec, action: SPEC_ACTIONS[spec.action] ?? spec.action };
  const { process, file, network, capabilities } = whole;
  return {
    ...whole,
    process: {
      ...process,
      matchPaths: inherit(process.matchPaths, process, whole),
      matchDirectories: inherit(process.matchDirectories, process, whole),
      matchPatterns: inherit(process.matchPatterns, process, whole),
    },
    file: {
      ...file,
      matchPaths: inherit(file.matchPaths, file, whole),
      matchDirectories: inherit(file.matchDirectories, file, whole),
      matchPatterns: inherit(file.matchPatterns, file, whole),
    },
    network: {
      ...network,
      matchProtocols: inherit(expandCommas(network.matchProtocols, 'protocol'), network, whole),
      matchDNSQueries: inherit(expandCommas(network.matchDNSQueries, 'domain'), network, whole),
    },
    capabilities: {
      ...capabilities,
      matchCapabilities: inherit(expandCommas(capabilities.matchCapabilities, 'capability'), capabilities, whole),
    },
  };
}

function inherit<R extends Said>(rules: readonly R[] | undefined, section: Said, spec: Said): readonly R[] | undefined {
  return inheritSaid(rules, section, spec)?.map((rule) => ({
    ...rule,
    action: rule.action ?? section.action ?? (spec.action || undefined),
  }));
}

function inheritSaid<R extends Omit<Said, 'action'>>(
  rules: readonly R[] | undefined,
  section: Said,
  spec: Said,
): readonly R[] | undefined {
  return rules?.map((rule) => ({
    ...rule,
    severity: rule.severity ?? section.severity ?? spec.severity,
    tags: rule.tags ?? section.tags ?? spec.tags,
    message: rule.message ?? section.message ?? spec.message,
  }));
}

/** A comma in the first item makes every item a list, without its blanks (§4.2 "Comma lists"). */
function expandCommas<K extends string, R extends { readonly [key in K]: string }>(
  rules: readonly R[] | undefined,
  key: K,
): readonly R[] | undefined {
  if (!rules?.[0]?.[key].includes(',')) return rules;
  return rules.flatMap((rule) => rule[key].split(',').map((part) => ({ ...rule, [key]: part.replaceAll(' ', '') })));
}
