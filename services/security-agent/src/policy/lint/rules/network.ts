import { type FlatRule, subjectOf } from '../../flat-rules.ts';
import { PROTOCOLS } from '../../schema-sections.ts';
import { trimDots } from '../../trim-dots.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

const protocol = (name: string, action = 'Block'): string =>
  containerPolicy(`  network:\n    matchProtocols:\n      - protocol: ${name}\n`, action);
const dns = (domain: string): string =>
  containerPolicy(`  network:\n    matchDNSQueries:\n      - domain: ${domain}\n`);

/** Rules about network sections (reference/kubearmor.md §4.2, §4.9, §4.10). */
export const networkRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA250',
    title: 'unknown protocol',
    severity: 'error',
    why:
      'KubeArmor takes any text: a name that it does not know matches no socket. As an Allow it still makes an ' +
      'allow-list of the network, with nothing on it. The pattern of the CRD looks at the end of the text only and lets ' +
      '`mytcp` pass (§4.10).',
    fix: `Use one of ${PROTOCOLS.join(', ')}.`,
    bad: protocol('Tcp'),
    good: protocol('tcp', 'Audit'),
    repaired: protocol('tcp'),
    *check({ rules }) {
      for (const rule of rules) {
        const text = subjectOf(rule);
        if (rule.list !== 'matchProtocols' || text === '') continue;
        const unknown = text.split(',').find((name) => !isProtocol(name.trim()));
        if (unknown === undefined) continue;
        const meant = isProtocol(text.toLowerCase()) ? text.toLowerCase() : undefined;
        yield {
          path: [...rule.at, 'protocol'],
          message: `"${unknown}" is no protocol: the rule matches nothing`,
          fix: meant === undefined ? `Use one of ${PROTOCOLS.join(', ')}.` : `Write ${meant}.`,
          ...(meant === undefined ? {} : { repair: { kind: 'set', path: [...rule.at, 'protocol'], value: meant } }),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA251',
    title: 'comma list that is not split',
    severity: 'error',
    why:
      'KubeArmor splits `tcp,udp` into two rules only if the *first* rule of the list has a comma; otherwise the text is ' +
      'taken for one unknown name (common.go; §4.2). Of capabilities such a name is CAP_CHOWN.',
    fix: 'Write one rule for each.',
    bad: containerPolicy('  network:\n    matchProtocols:\n      - protocol: icmp\n      - protocol: raw,rdm\n'),
    good: containerPolicy(
      '  network:\n    matchProtocols:\n      - protocol: icmp\n      - protocol: raw\n      - protocol: rdm\n',
    ),
    *check({ rules }) {
      for (const list of ['matchProtocols', 'matchDNSQueries', 'matchCapabilities'] as const) {
        const [first, ...others] = rules.filter((rule) => rule.list === list);
        if (first === undefined || subjectOf(first).includes(',')) continue;
        for (const rule of others) {
          if (!subjectOf(rule).includes(',')) continue;
          yield {
            path: rule.at,
            message: `"${subjectOf(rule)}" is taken for one name: the first rule of the list has no comma`,
            fix: 'Write one rule for each.',
          };
        }
      }
    },
  },
  {
    id: 'KA252',
    title: 'protocol that breaks the AppArmor profile',
    severity: 'error',
    only: 'apparmor',
    why:
      'apparmor_parser knows tcp, udp, icmp and the socket types stream, dgram, seqpacket, rdm, raw and packet. `sctp` ' +
      'and `dccp`, and `all` with Allow, make it refuse the whole profile; KubeArmor says Applied (appArmorTemplate.go).',
    fix: 'Leave the rule to BPF-LSM; write `stream`, `dgram` and `raw` for an Allow of all.',
    bad: protocol('sctp'),
    good: protocol('raw'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.list !== 'matchProtocols' || rule.action === 'Audit') continue;
        const name = subjectOf(rule).toLowerCase();
        if (name !== 'sctp' && name !== 'dccp' && !(name === 'all' && rule.action === 'Allow')) continue;
        yield {
          path: [...rule.at, 'protocol'],
          message: `${rule.action} of "${name}" breaks the AppArmor profile`,
          fix: 'Name socket types, or use BPF-LSM.',
        };
      }
    },
  },
  {
    id: 'KA253',
    title: 'Audit of a socket type',
    severity: 'info',
    why:
      'For an alert KubeArmor names a socket by its protocol first: a TCP socket is `tcp`, never `stream`, a UDP socket ' +
      '`udp`, never `dgram`, a ping `icmp`, not `raw` (feeder/policyMatcher.go fetchProtocol). Block does match types.',
    fix: 'Audit the protocols.',
    bad: protocol('stream', 'Audit'),
    good: protocol('tcp', 'Audit'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.list !== 'matchProtocols' || rule.action !== 'Audit') continue;
        const other = { stream: 'tcp', dgram: 'udp' }[subjectOf(rule).toLowerCase()];
        if (other === undefined) continue;
        yield {
          path: [...rule.at, 'protocol'],
          message: `an Audit of "${subjectOf(rule)}" never reports ${other}`,
          fix: `Audit ${other} as well.`,
        };
      }
    },
  },
  {
    id: 'KA254',
    title: 'DNS name that never matches',
    severity: 'error',
    why:
      'The kernel side compares at most 63 bytes of a name, as it is asked for (in lower case, mostly), and its parents: ' +
      'subdomains are included, a `*` is taken literally (§4.9).',
    fix: 'Write the plain domain in lower case; `--fix` lowers it.',
    bad: dns('Example.ORG'),
    good: dns('example.org'),
    repaired: dns('example.org'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.list !== 'matchDNSQueries') continue;
        const path = [...rule.at, 'domain'];
        const text = subjectOf(rule);
        const fault = domainFault(text);
        if (fault !== undefined) yield { path, ...fault };
        else if (text !== text.toLowerCase()) {
          yield {
            path,
            message: `"${text}" is compared letter by letter, and asked for in lower case`,
            fix: `Write ${text.toLowerCase()}.`,
            repair: { kind: 'set', path, value: text.toLowerCase() },
          } satisfies Report;
        }
      }
    },
  },
];

function isProtocol(name: string): boolean {
  return PROTOCOLS.includes(name) || (name === name.toUpperCase() && PROTOCOLS.includes(name.toLowerCase()));
}

function domainFault(text: string): { readonly message: string; readonly fix: string } | undefined {
  const names = text.split(',').map((name) => trimDots(name.trim()));
  for (const name of names) {
    if (name.startsWith('*.'))
      return {
        message: `"${name}": the * is taken literally`,
        fix: `Write ${name.slice(2)}; subdomains are included.`,
      };
    if (!/^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*$/u.test(name))
      return { message: `"${name}" is no DNS name`, fix: 'Write it as example.org, without scheme and port.' };
    if (/[^\0-\x7f]/.test(name))
      return { message: `"${name}" is asked for in its ASCII form`, fix: 'Write the xn-- form.' };
    if (Buffer.byteLength(name) > 63)
      return {
        message: `${Buffer.byteLength(name)} bytes: more than 63 of a name are not compared`,
        fix: 'Name a domain above it.',
      };
  }
  return undefined;
}

/** For rules of other files: what a network rule is about, each name by itself. */
export function protocolsOf(rule: FlatRule): readonly string[] {
  return subjectOf(rule)
    .split(',')
    .map((name) => name.trim().toLowerCase());
}
