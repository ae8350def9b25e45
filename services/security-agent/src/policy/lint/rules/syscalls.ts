import { SYSCALLS, TRACED_SYSCALLS } from '../../syscall-names.ts';
import { containerPolicy, hostPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';

const syscalls = (names: string, action = 'Audit'): string =>
  containerPolicy(`  syscalls:\n    matchSyscalls:\n      - syscall: [${names}]\n`, action);
const onPath = '  syscalls:\n    matchPaths:\n      - path: /etc/passwd\n        syscall: [unlink, unlinkat]\n';

/** Rules about syscall sections, which report and never block (reference/kubearmor.md §0, §4.2). */
export const syscallRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA270',
    title: 'syscall rule that should block',
    severity: 'warning',
    why: 'Syscall rules raise alerts, whatever the action says; nothing is ever blocked by them.',
    fix: 'Write `action: Audit`, and block the programs, files or capabilities that the call needs.',
    bad: syscalls('ptrace', 'Block'),
    good: syscalls('ptrace'),
    *check({ rules }) {
      for (const { section, at, action } of rules) {
        if (section !== 'syscalls' || action === 'Audit') continue;
        yield { path: at, message: `syscall rules only report: ${action} does not hold for them`, fix: 'Write Audit.' };
      }
    },
  },
  {
    id: 'KA271',
    title: 'syscall that KubeArmor does not trace',
    severity: 'warning',
    why:
      `The tracer reports ${TRACED_SYSCALLS.join(', ')} and no other call, by these very names: \`unlink\` is not ` +
      '`unlinkat`, `chmod` is never reported (§0, data/captures u16).',
    fix: 'Audit the files or programs instead.',
    bad: syscalls('chmod'),
    good: syscalls('unlink, unlinkat'),
    *check({ rules }) {
      for (const { section, at, fields } of rules) {
        if (section !== 'syscalls' || !Array.isArray(fields.syscall)) continue;
        for (const [index, name] of fields.syscall.entries()) {
          if (typeof name !== 'string' || !SYSCALLS.includes(name) || TRACED_SYSCALLS.includes(name)) continue;
          yield {
            path: [...at, 'syscall', index],
            message: `${name} is not traced: it never alerts`,
            fix: 'Audit the file or program.',
          };
        }
      }
    },
  },
  {
    id: 'KA272',
    title: 'syscall rule without a call',
    severity: 'warning',
    why: 'A rule without `syscall`, or one of `matchPaths` without `path`, is passed over in silence (feeder/policyMatcher.go).',
    fix: 'Add what is missing.',
    bad: containerPolicy(
      '  syscalls:\n    matchSyscalls:\n      - fromSource:\n          - path: /usr/bin/gdb\n',
      'Audit',
    ),
    good: syscalls('ptrace'),
    *check({ rules }) {
      for (const { section, list, at, fields } of rules) {
        if (section !== 'syscalls') continue;
        const empty = !Array.isArray(fields.syscall) || fields.syscall.length === 0;
        const missing = empty ? 'syscall' : list === 'matchPaths' && fields.path === undefined ? 'path' : undefined;
        if (missing !== undefined)
          yield { path: at, message: `without ${missing} the rule is passed over`, fix: `Add ${missing}.` };
      }
    },
  },
  {
    id: 'KA273',
    title: 'path of a syscall rule on a host',
    severity: 'warning',
    why: 'For hosts KubeArmor does not look at the `path` of such a rule: every call of that name alerts (§4.3).',
    fix: 'Expect alerts for every path, or audit the file itself.',
    bad: hostPolicy(onPath, 'Audit'),
    good: hostPolicy('  file:\n    matchPaths:\n      - path: /etc/passwd\n        readOnly: true\n', 'Audit'),
    *check({ host, rules }) {
      if (!host) return;
      for (const { section, list, at } of rules) {
        if (section !== 'syscalls' || list !== 'matchPaths') continue;
        yield {
          path: [...at, 'path'],
          message: 'on a host the path is not looked at: every such call alerts',
          fix: 'Audit the file itself.',
        };
      }
    },
  },
];
