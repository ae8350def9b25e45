import type { SecurityEvent } from '../event.ts';
import { type CategoryFeeder, type FeederPostures, SILENT, UNLISTED, weighsAllowRules } from './feeder-answer.ts';
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
  const allowed = network.filter(({ ref }) => ref.action === 'Allow');
  const weighed = weighsAllowRules(postures);
  const settling = network.filter(({ ref }) => ref.action === 'Audit' || (weighed && ref.action === 'Allow'));
  const blocks = network.filter(({ ref }) => ref.action === 'Block');

  const violates = (event: SecurityEvent): boolean => {
    if (allowed.some((rule) => networkMatches(rule, event))) return true;
    return lastRule?.operation === 'network' && lastRule.ref.action === 'Allow' && lastSourceMatches(lastRule, event);
  };

  return {
    passed(event) {
      const first = settling.find((rule) => networkMatches(rule, event));
      if (first?.ref.action === 'Audit') {
        const audits = settling.filter((rule) => rule.ref.action === 'Audit' && networkMatches(rule, event));
        return { audits, posture: false };
      }
      if (first !== undefined || allowed.length === 0) return SILENT;
      return postures.leftOver.network === 'audit' ? UNLISTED : SILENT;
    },
    denied(event) {
      const block = blocks.find((rule) => networkMatches(rule, event));
      if (block !== undefined) return block;
      if (weighed && violates(event)) return 'posture';
      return allowed.length > 0 && postures.leftOver.network === 'block' ? 'posture' : undefined;
    },
  };
}

function hasEntries(rule: NetworkRule): boolean {
  const named = rule.kind === 'dns' ? rule.domain : rule.protocol;
  return named !== '' && (rule.sources === undefined || rule.sources.some((source) => source !== ''));
}

function networkMatches(rule: NetworkRule, event: SecurityEvent): boolean {
  if (rule.sources !== undefined && !rule.sources.some((source) => isSource(source, event))) return false;
  if (rule.kind === 'dns') return event.dns !== undefined && domainMatches(rule.domain, event.dns.domain);
  if (event.dns !== undefined) return false;
  if (rule.onlyWithTty) return event.actor.tty !== '';
  const named = rule.protocol.toLowerCase();
  return named === 'all' || named === printedProtocol(event.resource);
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

/** The queried name or one of its parents is the rule's domain, or continues it (a search suffix). */
function domainMatches(ruleDomain: string, queried: string): boolean {
  const domain = ruleDomain.toLowerCase();
  let name = queried.toLowerCase();
  for (;;) {
    if (name === domain || name.startsWith(`${domain}.`)) return true;
    const dot = name.indexOf('.');
    if (dot < 0) return false;
    name = name.slice(dot + 1);
  }
}
