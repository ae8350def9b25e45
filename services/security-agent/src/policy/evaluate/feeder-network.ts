import type { SecurityEvent } from '../event.ts';
import { type CategoryFeeder, type FeederPostures, SILENT, UNLISTED, weighsAllowRules } from './feeder-answer.ts';
import { DomainIndex } from './feeder-domains.ts';
import type { DnsMatch, ProtocolMatch, Rule } from './rule.ts';

type NetworkRule = ProtocolMatch | DnsMatch;

/**
 * Sockets and DNS queries (feeder/policyMatcher.go, case "Network"). The first rule that matches what passed settles
 * it: an Allow rule before an Audit rule keeps it silent.
 *
 * @param lastRule the last rule of all categories: an Allow rule there is weighed as if nothing had matched
 */
export function networkFeeder(
  rules: readonly Rule[],
  lastRule: Rule | undefined,
  postures: FeederPostures,
): CategoryFeeder {
  const network = rules.filter((rule): rule is NetworkRule => rule.operation === 'network' && hasEntries(rule));
  const of = (action: string): readonly NetworkRule[] => network.filter(({ ref }) => ref.action === action);
  const weighed = weighsAllowRules(postures);
  const allowed = matcher(of('Allow'));
  const settling = matcher(
    network.filter(({ ref: { action } }) => action === 'Audit' || (weighed && action === 'Allow')),
  );
  const blocks = matcher(of('Block'));
  const anyAllowed = of('Allow').length > 0;

  const violates = (event: SecurityEvent): boolean => {
    if (allowed(event).length > 0) return true;
    return lastRule?.operation === 'network' && lastRule.ref.action === 'Allow' && lastSourceMatches(lastRule, event);
  };

  return {
    passed(event) {
      const matching = settling(event);
      const [first] = matching;
      if (first?.ref.action === 'Audit') {
        return { audits: matching.filter(({ ref }) => ref.action === 'Audit'), posture: false };
      }
      return first === undefined && anyAllowed && postures.leftOver.network === 'audit' ? UNLISTED : SILENT;
    },
    denied(event) {
      const [block] = blocks(event);
      if (block !== undefined) return block;
      if (weighed && violates(event)) return 'posture';
      return anyAllowed && postures.leftOver.network === 'block' ? 'posture' : undefined;
    },
  };
}

function hasEntries(rule: NetworkRule): boolean {
  const named = rule.kind === 'dns' ? rule.domain : rule.protocol;
  return named !== '' && (rule.sources === undefined || rule.sources.some((source) => source !== ''));
}

/** Which of these rules match an event, in order. Domain rules are about queries only, protocol rules about the rest. */
function matcher(rules: readonly NetworkRule[]): (event: SecurityEvent) => readonly NetworkRule[] {
  const domains = new DomainIndex(rules.filter((rule) => rule.kind === 'dns'));
  const protocols = rules.filter((rule) => rule.kind === 'protocol');
  return (event) => {
    if (event.dns !== undefined) return domains.about(event.dns.domain).filter((rule) => isFrom(rule, event));
    if (protocols.length === 0) return protocols;
    const printed = printedProtocol(event.resource);
    return protocols.filter((rule) => isFrom(rule, event) && protocolMatches(rule, printed, event));
  };
}

function isFrom({ sources }: NetworkRule, event: SecurityEvent): boolean {
  return sources === undefined || sources.some((source) => isSource(source, event));
}

function protocolMatches(rule: ProtocolMatch, printed: string, { actor }: SecurityEvent): boolean {
  if (rule.onlyWithTty) return actor.tty !== '';
  const named = rule.protocol.toLowerCase();
  return named === 'all' || named === printed;
}

/** Each source is an entry of its own to the feeder, so the last source is what the last entry has. */
function lastSourceMatches(rule: NetworkRule, event: SecurityEvent): boolean {
  const source = rule.sources?.findLast((each) => each !== '');
  return source === undefined || isSource(source, event);
}

/** Sockets and capabilities: the acting program, or the beginning of its command line; an empty source is nobody. */
export function isSource(source: string, { actor }: SecurityEvent): boolean {
  return source !== '' && (source === actor.executable || actor.commandLine.startsWith(`${source} `));
}

/**
 * policyMatcher.go, fetchProtocol: it reads the printed socket, so protocol 0 of a stream socket is tcp, whatever the
 * family.
 */
function printedProtocol(resource: string): string {
  const unspecified = resource.includes('protocol=HOPOPT');
  if (resource.includes('protocol=TCP') || (unspecified && resource.includes('SOCK_STREAM'))) return 'tcp';
  if (resource.includes('protocol=UDP') || (unspecified && resource.includes('SOCK_DGRAM'))) return 'udp';
  if (resource.includes('protocol=IPv6-ICMP')) return 'icmpv6';
  if (resource.includes('protocol=ICMP')) return 'icmp';
  if (resource.includes('protocol=SCTP')) return 'sctp';
  for (const type of SOCKET_TYPES) if (resource.includes(type)) return type.slice('SOCK_'.length).toLowerCase();
  return resource;
}

const SOCKET_TYPES = [
  'SOCK_RAW',
  'SOCK_STREAM',
  'SOCK_DGRAM',
  'SOCK_RDM',
  'SOCK_SEQPACKET',
  'SOCK_DCCP',
  'SOCK_PACKET',
];
