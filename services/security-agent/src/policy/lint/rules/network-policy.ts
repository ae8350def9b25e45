import type { ValuePath } from '../../document.ts';
import { type Fields, isFields } from '../../flat-rules.ts';
import type { PolicySubject } from '../policy-subject.ts';
import { textAt } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';

const policy = (spec: string, target = 'nodeSelector:\n    matchLabels:\n      kubearmor.io/hostname: "*"'): string =>
  `apiVersion: security.kubearmor.com/v1
kind: KubeArmorNetworkPolicy
metadata:
  name: example
spec:
  ${target}
${spec}  action: Block
`;
const egress = (lines: string): string => policy(`  egress:\n${lines}`);
const good = egress(
  '    - to:\n        - ipBlock:\n            cidr: 192.0.2.0/24\n        - ipBlock:\n            cidr: 2001:db8::/32\n',
);

/** Rules about KubeArmorNetworkPolicy, the firewall of the host (reference/kubearmor.md §4.6). */
export const networkPolicyRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA601',
    title: 'network policy for containers outside Kubernetes',
    severity: 'warning',
    why:
      'Quotas of containers go by the address of a pod, which a container of Docker never has for KubeArmor: the policy ' +
      'is applied and does nothing.',
    fix: 'Use `nodeSelector`, or the network section of a KubeArmorPolicy.',
    bad: policy('  egress:\n    - limit: 500MB\n      duration: 1h\n', 'selector:\n    matchLabels:\n      app: web'),
    good,
    *check({ kind, spec }) {
      if (kind !== 'KubeArmorNetworkPolicy' || !isFields(spec.selector)) return;
      yield {
        path: ['spec', 'selector'],
        onKey: true,
        message: 'outside Kubernetes this holds for no container',
        fix: 'Use nodeSelector.',
      };
    },
  },
  {
    id: 'KA602',
    title: 'value that the firewall refuses',
    severity: 'error',
    why:
      'All network policies become one nftables ruleset: an address, port or duration that nft or KubeArmor can not read ' +
      'makes it fail as a whole, with a line in the log (networkPolicyEnforcer.go).',
    fix: 'Write addresses as 192.0.2.0/24, ports as numbers or ssh, http, https, dns, durations as 2h, 30m, 45s.',
    bad: egress('    - to:\n        - ipBlock:\n            cidr: example.org\n'),
    good,
    *check(subject) {
      for (const { rule, at, peers } of traffic(subject)) {
        for (const { cidr, path } of peers)
          if (!isCidr(cidr)) yield { path, message: `"${cidr}" is no address`, fix: 'Write it as 192.0.2.0/24.' };
        for (const [index, port] of list(rule.ports).entries()) {
          const name = isFields(port) ? textAt(port, 'port') : '';
          if (name === '' || isPort(name)) continue;
          yield {
            path: [...at, 'ports', index, 'port'],
            message: `"${name}" is no port`,
            fix: 'Write a number, or ssh, http, https, dns.',
          };
        }
        const duration = textAt(rule, 'duration');
        if (duration !== '' && !/^(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|ns))+$/.test(duration)) {
          yield {
            path: [...at, 'duration'],
            message: `"${duration}" is no duration`,
            fix: 'Write it as 2h, 30m or 45s.',
          };
        }
      }
    },
  },
  {
    id: 'KA603',
    title: 'rule that holds for every address of the other family',
    severity: 'warning',
    why:
      'KubeArmor makes an IPv4 and an IPv6 rule of each entry. One whose addresses are all IPv4 becomes an IPv6 rule ' +
      'without an address: it holds for all IPv6 traffic, and the other way round (generateRules).',
    fix: 'Name addresses of both families.',
    bad: egress('    - to:\n        - ipBlock:\n            cidr: 192.0.2.0/24\n'),
    good,
    *check(subject) {
      for (const { rule, at, peers } of traffic(subject)) {
        const six = peers.filter(({ cidr }) => cidr.includes(':')).length;
        const quota = textAt(rule, 'limit') !== '' && textAt(rule, 'duration') !== '';
        if (peers.length === 0 || quota || (six > 0 && six < peers.length)) continue;
        const other = six === 0 ? 'IPv6' : 'IPv4';
        yield {
          path: at,
          message: `there is no ${other} address here: the rule holds for every one`,
          fix: `Add one, or a rule for ${other}.`,
        };
      }
    },
  },
  {
    id: 'KA604',
    title: 'allow-list of the firewall',
    severity: 'warning',
    why:
      '`spec.action: Allow` makes drop the default of INPUT and OUTPUT unless the host posture is audit: the node loses ' +
      'the hub, DNS and ssh with whatever is not listed (§4.6).',
    fix: 'Block what is not wanted instead.',
    bad: good.replace('action: Block', 'action: Allow'),
    good,
    *check({ kind, spec }) {
      if (kind !== 'KubeArmorNetworkPolicy' || spec.action !== 'Allow') return;
      yield {
        path: ['spec', 'action'],
        message: 'everything not listed is dropped, the hub included',
        fix: 'Use Block rules.',
      };
    },
  },
  {
    id: 'KA605',
    title: 'quota that is none, or more than one',
    severity: 'warning',
    why:
      'A quota needs `limit` and `duration`: one without the other is not looked at. With both, the addresses, ports and ' +
      'interfaces of the entry are not: the quota holds for all traffic of that direction (generateRules).',
    fix: 'Write both, and nothing else in that entry.',
    bad: egress('    - limit: 500MB\n'),
    good: egress('    - limit: 500MB\n      duration: 1h\n'),
    *check(subject) {
      for (const { rule, at, peers } of traffic(subject)) {
        const limit = textAt(rule, 'limit') !== '';
        const duration = textAt(rule, 'duration') !== '';
        if (limit !== duration) {
          yield { path: at, message: `${limit ? 'limit' : 'duration'} alone is not looked at`, fix: 'Write both.' };
        } else if (limit && (peers.length > 0 || list(rule.ports).length > 0 || list(rule.iface).length > 0)) {
          yield {
            path: at,
            message: 'this quota holds for all traffic: its addresses, ports and interfaces are not looked at',
            fix: 'Remove them.',
          };
        }
      }
    },
  },
];

interface Traffic {
  readonly rule: Fields;
  readonly at: ValuePath;
  readonly peers: readonly { readonly cidr: string; readonly path: ValuePath }[];
}

function* traffic({ kind, spec }: PolicySubject): Generator<Traffic> {
  if (kind !== 'KubeArmorNetworkPolicy') return;
  for (const [direction, key] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of list(spec[direction]).entries()) {
      if (!isFields(rule)) continue;
      const at = ['spec', direction, index];
      const peers = list(rule[key]).flatMap((peer, place) => {
        const block = isFields(peer) && isFields(peer.ipBlock) ? peer.ipBlock : {};
        const cidr = textAt(block, 'cidr');
        return cidr === '' ? [] : [{ cidr, path: [...at, key, place, 'ipBlock', 'cidr'] }];
      });
      yield { rule, at, peers };
    }
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isPort(name: string): boolean {
  if (['ssh', 'http', 'https', 'dns'].includes(name.toLowerCase())) return true;
  return /^\d{1,5}$/.test(name) && Number(name) > 0 && Number(name) < 65_536;
}

function isCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const limit = address.includes(':') ? 128 : 32;
  return Number(bits ?? 0) <= limit && (limit === 128 ? isIpv6(address) : isIpv4(address));
}

function isIpv4(address: string): boolean {
  const parts = address.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  return (
    groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) &&
    (halves.length === 2 ? groups.length < 8 : groups.length === 8)
  );
}
