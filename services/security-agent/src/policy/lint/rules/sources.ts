import { isFields } from '../../flat-rules.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';
import { namedPaths } from './paths.ts';

const file = (source: string): string =>
  containerPolicy(`  file:\n    matchPaths:\n      - path: /etc/shadow\n        fromSource:${source}`);
const good = file('\n          - path: /usr/bin/python3.12\n');

/** Rules about `fromSource`: the program that acts; for process rules, the one that starts the program. */
export const sourceRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA230',
    title: 'source without a path',
    severity: 'error',
    why:
      'An entry of `fromSource` that has no `path` (one with `dir`, say, which only syscall rules know) is the empty ' +
      'source to the BPF enforcer: the rule holds for *every* process, and no alert names it. AppArmor gets no rule at ' +
      'all (rulesHandling.go, appArmorProfile.go).',
    fix: 'Name executables by `path`.',
    bad: file('\n          - dir: /usr/bin/\n'),
    good,
    *check({ rules }) {
      for (const { section, at, fields } of rules) {
        if (section === 'syscalls' || !Array.isArray(fields.fromSource)) continue;
        for (const [index, source] of fields.fromSource.entries()) {
          if (isFields(source) && typeof source.path === 'string' && source.path !== '') continue;
          yield {
            path: [...at, 'fromSource', index],
            message: 'a source without path stands for every process',
            fix: 'Give it a path: an executable.',
          };
        }
      }
    },
  },
  {
    id: 'KA231',
    title: 'empty list of sources',
    severity: 'warning',
    why: 'A rule with an empty `fromSource` holds for every process, as if it had none.',
    fix: 'Name the programs, or take the field out.',
    bad: file(' []\n'),
    good,
    *check({ rules }) {
      for (const { at, fields } of rules) {
        if (!Array.isArray(fields.fromSource) || fields.fromSource.length > 0) continue;
        yield {
          path: [...at, 'fromSource'],
          onKey: true,
          message: 'an empty fromSource means every process',
          fix: 'Name the programs, or remove it.',
        };
      }
    },
  },
  {
    id: 'KA232',
    title: 'script as a source',
    severity: 'warning',
    why:
      'The source of an event is the executable the kernel runs. Of a script that is its interpreter: a rule from ' +
      '`/app/backup.sh` never matches (discovery.md §1.9).',
    fix: 'Name the interpreter; `allowedArgs` can tell what it may be started with.',
    bad: file('\n          - path: /app/backup.sh\n'),
    good,
    *check(subject) {
      for (const { text, at, what } of namedPaths(subject)) {
        if (what !== 'source' || !/\.(?:sh|bash|py|pl|rb|js|mjs|php|lua|tcl)$/.test(text)) continue;
        yield { path: at, message: `"${text}" runs under the name of its interpreter`, fix: 'Name the interpreter.' };
      }
    },
  },
  {
    id: 'KA233',
    title: 'sources that are one to AppArmor',
    severity: 'error',
    only: 'apparmor',
    why:
      'A source becomes a sub-profile, named by its letters and digits only: `/opt/a-b` and `/opt/ab` get the same ' +
      'name, and apparmor_parser refuses the profile (appArmorTemplate.go; §4.10).',
    fix: 'Rename one of the programs, or use BPF-LSM.',
    bad: file('\n          - path: /opt/a-b\n          - path: /opt/ab\n'),
    good,
    *check(subject) {
      const seen = new Map<string, string>();
      for (const { text, at, what, rule } of namedPaths(subject)) {
        if (what !== 'source' || rule.action === 'Audit') continue;
        const name = text.replace(/[^a-zA-Z0-9 ]/g, '');
        const other = seen.get(name);
        if (other !== undefined && other !== text) {
          yield {
            path: at,
            message: `"${text}" and "${other}" get the same AppArmor profile`,
            fix: 'Rename one of them.',
          };
        }
        seen.set(name, text);
      }
    },
  },
];
