import { ruleCapabilityCode } from './evaluate/capability-code.ts';
import {
  BPF_MAP_ENTRIES,
  capabilityKey,
  directoryKeys,
  domainKeys,
  EVERY_SOCKET_TYPE,
  isEveryProtocol,
  protocolRuleKey,
  truncatedKey,
} from './evaluate/rule-key.ts';
import { expandCommas, type FlatRule, flatRules, isFields, type MatchList, subjectOf } from './flat-rules.ts';

/**
 * What a set of policies costs under BPF-LSM. KubeArmor keeps the rules of a container in one hash map of 256 entries
 * (enforcer/bpflsm/enforcer.go); what does not fit is dropped with a line in its log. The keys are made here as
 * rulesHandling.go makes them: a path or directory is a key for each source, a directory one more without its slash and
 * one for every directory above it, a DNS name one for each search domain, an allow-list one for its category.
 */
export { BPF_MAP_ENTRIES };

/** Arguments of allowedArgs, for all containers of a node together. */
export const BPF_ARGUMENT_ENTRIES = 10_240;

export interface BpfBudget {
  /** Map entries of one container (or of the host) under all these policies. */
  readonly entries: number;
  readonly limit: number;
  /** Entries of the argument map for each container. */
  readonly argumentEntries: number;
  /** What each policy would cost alone, in the order given: entries that policies share count in each. */
  readonly byPolicy: readonly { readonly policy: string; readonly entries: number }[];
}

/** The budget of policies that hold for one container, or of host policies. Anything may be given (see flat-rules.ts). */
export function bpfBudget(policies: readonly unknown[]): BpfBudget {
  const keys = policies.map(mapKeys);
  return {
    entries: new Set(keys.flatMap((each) => [...each])).size,
    limit: BPF_MAP_ENTRIES,
    argumentEntries: new Set(policies.flatMap(argumentKeys)).size,
    byPolicy: policies.map((policy, index) => ({ policy: nameOf(policy), entries: keys[index]?.size ?? 0 })),
  };
}

/** Which entries of the map a policy takes. */
function mapKeys(policy: unknown): ReadonlySet<string> {
  const host = isFields(policy) && policy.kind === 'KubeArmorHostPolicy';
  const keys = new Set<string>();
  for (const rule of enforcedRules(policy, host)) {
    if (rule.action === 'Allow') keys.add(key(`\u0000allow-list ${CATEGORY[rule.list] ?? rule.section}`, ''));
    for (const source of rule.sources ?? ['']) for (const path of rulePaths(rule, host)) keys.add(key(path, source));
  }
  return keys;
}

/** Allow and Block alone reach the map. Of a host policy, capabilities never do (hostRulesHandling.go). */
function enforcedRules(policy: unknown, host: boolean): FlatRule[] {
  return expandCommas(flatRules(policy)).filter(
    ({ section, list, action }) =>
      (action === 'Allow' || action === 'Block') &&
      list !== 'matchPatterns' &&
      (section === 'process' || section === 'file' || section === 'network' || (section === 'capabilities' && !host)),
  );
}

const CATEGORY: Partial<Readonly<Record<MatchList, string>>> = { matchDNSQueries: 'dns' };

function rulePaths(rule: FlatRule, host: boolean): readonly string[] {
  const subject = subjectOf(rule);
  switch (rule.list) {
    case 'matchDirectories':
      return directoryPaths(subject);
    case 'matchProtocols':
      return protocolPaths(subject);
    case 'matchDNSQueries':
      return domainKeys(subject, !host);
    case 'matchCapabilities':
      return [capabilityKey(ruleCapabilityCode(subject))];
    default:
      return [subject];
  }
}

function directoryPaths(directory: string): readonly string[] {
  const { asFile, above } = directoryKeys(directory);
  return [asFile, directory, ...above];
}

function protocolPaths(protocol: string): readonly string[] {
  return [protocolRuleKey(protocol), ...(isEveryProtocol(protocol) ? EVERY_SOCKET_TYPE : [])];
}

function key(path: string, source: string): string {
  return `${truncatedKey(path)}\u0000${truncatedKey(source)}`;
}

function argumentKeys(policy: unknown): string[] {
  return flatRules(policy)
    .filter(({ section, list }) => section === 'process' && list === 'matchPaths')
    .flatMap((rule) => {
      const { allowedArgs } = rule.fields;
      const args = Array.isArray(allowedArgs) ? allowedArgs.filter((each) => typeof each === 'string') : [];
      return (rule.sources ?? ['']).flatMap((source) =>
        args.map((arg) => `${key(subjectOf(rule), source)}\u0000${arg}`),
      );
    });
}

function nameOf(policy: unknown): string {
  const metadata = isFields(policy) ? policy.metadata : undefined;
  return isFields(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
}
