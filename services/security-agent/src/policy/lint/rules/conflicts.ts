import { bpfBudget } from '../../budget.ts';
import { expandCommas, type FlatRule, subjectOf } from '../../flat-rules.ts';
import type { PlacedPolicy, SetReport } from '../engine.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';

const paths = (...lines: string[]): string =>
  containerPolicy(`  process:\n    matchPaths:\n${lines.map((line) => `      - ${line}\n`).join('')}`);
const good = paths('path: /usr/bin/apt');

/** Rules about rules of one policy that speak of the same thing. */
export const conflictRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA301',
    title: 'two rules for the same thing',
    severity: 'warning',
    why:
      "In the enforcer's map there is one entry for a path and its source: of two rules for it, the one that KubeArmor " +
      'works through last replaces the other, in whichever policy it stands (§4.5).',
    fix: 'Keep one, or give them different sources.',
    bad: paths('path: /usr/bin/apt', '{ path: /usr/bin/apt, action: Allow }'),
    good,
    *check({ rules }) {
      const seen = new Map<string, FlatRule>();
      for (const rule of expandCommas(rules)) {
        if (rule.action !== 'Allow' && rule.action !== 'Block') continue;
        if (rule.section === 'syscalls' || rule.section === 'device' || subjectOf(rule) === '') continue;
        for (const source of rule.sources ?? ['']) {
          const key = JSON.stringify([rule.section, rule.list, subjectOf(rule), source]);
          const other = seen.get(key);
          seen.set(key, rule);
          if (other === undefined || other.at === rule.at) continue;
          const same = other.action === rule.action;
          yield {
            path: rule.at,
            message: `"${subjectOf(rule)}" has a rule already${same ? '' : `, with ${other.action}`}: the later one replaces it`,
            fix: 'Keep one.',
            ...(same && sameConditions(other, rule) ? { severity: 'info' as const } : {}),
          };
        }
      }
    },
  },
];

/** Rules about the policies of one file together. */
export const setRules: readonly Rule<readonly PlacedPolicy[], SetReport>[] = [
  {
    id: 'KA302',
    title: 'two policies of one name',
    severity: 'warning',
    why:
      'Outside Kubernetes the name alone tells policies apart, across namespaces, and across kinds on disk: the later ' +
      'one replaces the first (§3.1, §3.6).',
    fix: 'Rename one.',
    bad: `${good}---\n${good}`,
    good: `${good}---\n${good.replace('name: example', 'name: another')}`,
    *check(policies) {
      const seen = new Set<string>();
      for (const policy of policies) {
        const name = nameOf(policy);
        if (name === undefined) continue;
        if (seen.has(name)) {
          yield {
            policy,
            path: ['metadata', 'name'],
            message: `"${name}" is the name of another policy in this file, which it replaces`,
            fix: 'Rename one.',
          };
        }
        seen.add(name);
      }
    },
  },
  {
    id: 'KA501',
    title: 'more rules than the BPF map holds',
    severity: 'error',
    only: 'bpf',
    why:
      'A container has one map of 256 entries for all its policies, and the host one. What does not fit is dropped with a ' +
      'line in the log: which rules those are is a matter of chance (§4.9). A path takes an entry for each source, a ' +
      'directory two more, a DNS name five, an allow-list one. `hzn-armor explain` shows the sum.',
    fix: 'Name directories in place of files, drop sources, or split the workload.',
    bad: paths(...Array.from({ length: 257 }, (_, index) => `path: /opt/tool-${index}`)),
    good,
    *check(policies) {
      for (const group of Map.groupBy(policies.filter(isEnforced), targetOf).values()) {
        const { entries, limit } = bpfBudget(group.map(({ subject }) => subject.policy));
        const [policy] = group;
        if (policy === undefined || entries <= limit * 0.8) continue;
        const together = group.length === 1 ? 'this policy takes' : `the ${group.length} policies for this target take`;
        yield {
          policy,
          path: ['spec'],
          onKey: true,
          message: `${together} ${entries} of ${limit} entries of the BPF map`,
          fix:
            entries > limit
              ? 'Name directories in place of files, or drop sources.'
              : 'Other policies must fit beside it.',
          ...(entries > limit ? {} : { severity: 'info' as const }),
        };
      }
    },
  },
];

function sameConditions(a: FlatRule, b: FlatRule): boolean {
  const conditions = ({ fields }: FlatRule): string =>
    JSON.stringify([fields.readOnly, fields.ownerOnly, fields.recursive, fields.pts, fields.allowedArgs]);
  return conditions(a) === conditions(b);
}

function nameOf({ subject }: PlacedPolicy): string | undefined {
  const { metadata } = subject.policy;
  const name = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function isEnforced({ subject }: PlacedPolicy): boolean {
  return subject.kind === 'KubeArmorPolicy' || subject.kind === 'KubeArmorHostPolicy';
}

/** Policies of one selector share a map; so do all of a host. */
function targetOf({ subject }: PlacedPolicy): string {
  return subject.host ? 'host' : JSON.stringify(subject.spec.selector ?? {});
}
