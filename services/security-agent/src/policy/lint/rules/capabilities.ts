import { ruleCapabilityCode } from '../../evaluate/capability-code.ts';
import { type FlatRule, subjectOf } from '../../flat-rules.ts';
import { CAPABILITIES } from '../../schema-sections.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

const capability = (name: string): string =>
  containerPolicy(`  capabilities:\n    matchCapabilities:\n      - capability: ${name}\n`);

/** Rules about capabilities (reference/kubearmor.md §4.10). */
export const capabilityRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA260',
    title: 'capability that is taken for CAP_CHOWN',
    severity: 'error',
    why:
      "KubeArmor's BPF enforcer looks a name up and takes 0 for one that it does not know; 0 is CAP_CHOWN. So " +
      '`CAP_NET_RAW` leaves raw sockets alone and forbids chown (§4.10, data/captures x07). AppArmor refuses the profile.',
    fix: 'Write it in lower case without `CAP_`; `--fix` does.',
    bad: capability('CAP_NET_RAW'),
    good: capability('net_raw'),
    repaired: capability('net_raw'),
    *check({ rules }) {
      for (const { rule, name } of names(rules)) {
        if (CAPABILITIES.includes(name) || isKnownWithPrefix(name) || MISSING.includes(name)) continue;
        const bare = name.toLowerCase().replace(/^cap_/, '');
        const meant = CAPABILITIES.includes(bare) && name === subjectOf(rule) ? bare : undefined;
        const known = ruleCapabilityCode(name) !== 0;
        const path = [...rule.at, 'capability'];
        yield {
          path,
          message: known ? `the CRD does not know the capability "${name}"` : `"${name}" is taken for chown`,
          fix: meant === undefined ? `Use one of ${CAPABILITIES.join(', ')}.` : `Write ${meant}.`,
          ...(meant === undefined ? {} : { repair: { kind: 'set', path, value: meant } }),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA261',
    title: 'capability with its prefix',
    severity: 'error',
    only: 'apparmor',
    why: 'The BPF enforcer understands `cap_net_raw`; apparmor_parser does not, and refuses the whole profile.',
    fix: 'Leave `cap_` away; `--fix` does.',
    bad: capability('cap_net_raw'),
    good: capability('net_raw'),
    repaired: capability('net_raw'),
    *check({ rules }) {
      for (const { rule, name } of names(rules)) {
        if (!isKnownWithPrefix(name)) continue;
        const path = [...rule.at, 'capability'];
        const bare = name.slice('cap_'.length);
        yield {
          path,
          message: `"${name}" breaks the AppArmor profile`,
          fix: `Write ${bare}.`,
          ...(name === subjectOf(rule) ? { repair: { kind: 'set', path, value: bare } } : {}),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA262',
    title: "capability missing in KubeArmor's table",
    severity: 'error',
    only: 'bpf',
    why:
      'The CRD knows `sys_nice`, the table of the BPF enforcer does not (monitor/syscallParser.go CapToCode): the rule ' +
      'is about CAP_CHOWN instead.',
    fix: 'Leave it away; AppArmor does know it.',
    bad: capability('sys_nice'),
    good: capability('sys_admin'),
    *check({ rules }) {
      for (const { rule, name } of names(rules)) {
        if (!MISSING.includes(name)) continue;
        yield {
          path: [...rule.at, 'capability'],
          message: `${name} is missing in KubeArmor's table: the rule is about chown`,
          fix: 'Leave it away.',
        };
      }
    },
  },
];

/** In the CRD, and yet code 0 for the enforcer. */
const MISSING = CAPABILITIES.filter((name) => name !== 'chown' && ruleCapabilityCode(name) === 0);

function isKnownWithPrefix(name: string): boolean {
  return name.startsWith('cap_') && CAPABILITIES.includes(name.slice('cap_'.length));
}

function* names(rules: readonly FlatRule[]): Generator<{ readonly rule: FlatRule; readonly name: string }> {
  for (const rule of rules) {
    if (rule.list !== 'matchCapabilities') continue;
    for (const name of subjectOf(rule).split(',')) if (name.trim() !== '') yield { rule, name: name.trim() };
  }
}
