import { bpfCapability } from './capabilities.ts';
import { type Fields, type FlatRule, flatRules, isFields, type MatchList, subjectOf } from './flat-rules.ts';

/**
 * What a set of policies costs under BPF-LSM. KubeArmor keeps the rules of a container in one hash map of 256 entries
 * (enforcer/bpflsm/enforcer.go); what does not fit is dropped with a line in its log. The keys are made here as
 * rulesHandling.go makes them: a path or directory is a key for each source, a directory one more without its slash and
 * one for every directory above it, a DNS name one for each search domain, an allow-list one for its category.
 */
export const BPF_MAP_ENTRIES = 256;
/** Arguments of allowedArgs, for all containers of a node together. */
export const BPF_ARGUMENT_ENTRIES = 10_240;
/** Bytes of a key that hold a path; the last is the terminator of what the kernel compares. */
export const BPF_PATH_BYTES = 200;

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
      return dnsNames(subject, host);
    case 'matchCapabilities':
      return [`\u0000capability ${bpfCapability(subject)}`];
    default:
      return [subject];
  }
}

/** The directory as the kernel names it when it is opened itself, as the prefix of what is in it, and all above it. */
export function directoryPaths(directory: string): readonly string[] {
  const parts = directory.split('/');
  const above = parts.slice(0, -1).flatMap((_, index) => (index === 0 ? [] : [`${parts.slice(0, index).join('/')}/`]));
  return [parts.slice(0, -1).join('/'), directory, ...above];
}

const SOCKET_TYPES = ['STREAM', 'DGRAM', 'RAW', 'RDM', 'SEQPACKET', 'DCCP', 'PACKET'];
const PROTOCOLS = ['ICMP', 'TCP', 'UDP', 'ICMPV6', 'SCTP'];

/** `all` stands for every socket type, and leaves its own unknown name in the map: the empty key. */
function protocolPaths(protocol: string): readonly string[] {
  const name = protocol.toUpperCase();
  if (name === 'ALL') return ['', ...SOCKET_TYPES.map((type) => `\u0000socket ${type}`)];
  return [SOCKET_TYPES.includes(name) || PROTOCOLS.includes(name) ? `\u0000socket ${name}` : ''];
}

/** The search domains that KubeArmor adds to every name, those of its pseudo namespace included. */
function dnsNames(domain: string, host: boolean): readonly string[] {
  const name = domain.replace(/^\.+|\.+$/g, '');
  const suffixes = ['', '.cluster.local', '.svc.cluster.local', '.domain.name'];
  return (host ? suffixes : [...suffixes, '.container_namespace.svc.cluster.local']).map((suffix) => name + suffix);
}

function key(path: string, source: string): string {
  return `${truncated(path)}\u0000${truncated(source)}`;
}

function truncated(text: string): string {
  return text.length <= BPF_PATH_BYTES / 4 ? text : Buffer.from(text).subarray(0, BPF_PATH_BYTES).toString('latin1');
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

/**
 * Rules whose subject is a list with commas, one each. KubeArmor splits them when the first rule of a list has a comma,
 * and then all of them (common.go ObjCommaExpandFirstDupOthers); otherwise a comma is taken literally.
 */
export function expandCommas(rules: readonly FlatRule[]): FlatRule[] {
  const split = new Map<MatchList, boolean>();
  return rules.flatMap((rule) => {
    const field = COMMA_FIELDS[rule.list];
    if (field === undefined) return [rule];
    const subject = subjectOf(rule);
    if (!split.has(rule.list)) split.set(rule.list, subject.includes(','));
    if (split.get(rule.list) !== true) return [rule];
    return subject
      .split(',')
      .map((part) => ({ ...rule, fields: withField(rule.fields, field, part.replaceAll(' ', '')) }));
  });
}

const COMMA_FIELDS: Partial<Readonly<Record<MatchList, string>>> = {
  matchProtocols: 'protocol',
  matchDNSQueries: 'domain',
  matchCapabilities: 'capability',
};

function withField(fields: Fields, name: string, value: string): Fields {
  return { ...fields, [name]: value };
}

function nameOf(policy: unknown): string {
  const metadata = isFields(policy) ? policy.metadata : undefined;
  return isFields(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
}
