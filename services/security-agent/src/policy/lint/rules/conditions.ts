import { type FlatRule, subjectOf } from '../../flat-rules.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import { textAt } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

const process = (lines: string, action = 'Block'): string =>
  containerPolicy(`  process:\n    matchPaths:\n${lines}`, action);
const file = (lines: string): string => containerPolicy(`  file:\n${lines}`);
const good = process('      - path: /usr/bin/apt\n');

/** Rules about the conditions that rules on programs and files carry (§0, §4.2, §4.9). */
export const conditionRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA240',
    title: 'path and execname together, or neither',
    severity: 'error',
    why:
      'With both, KubeArmor looks at `execname` only, and the rule holds for the name in every directory. With neither, ' +
      'it is about a program without a name (rulesHandling.go).',
    fix: 'Keep one.',
    bad: process('      - path: /usr/bin/apt\n        execname: apt\n'),
    good,
    *check({ rules }) {
      for (const { section, list, at, fields } of rules) {
        if (section !== 'process' || list !== 'matchPaths') continue;
        const path = textAt(fields, 'path');
        const name = textAt(fields, 'execname');
        if (path !== '' && name !== '') {
          yield {
            path: at,
            message: `path is ignored beside execname: the rule is about every "${name}"`,
            fix: 'Keep one of the two.',
          };
        } else if (fields.path === undefined && fields.execname === undefined) {
          yield {
            path: at,
            message: 'neither path nor execname: the rule is about nothing',
            fix: 'Add one of the two.',
          };
        }
      }
    },
  },
  {
    id: 'KA241',
    title: 'allowedArgs without Block',
    severity: 'warning',
    why:
      '`allowedArgs` lists the only arguments that a *blocked* program may have. With Allow or Audit the list is not ' +
      'looked at: the program may have any (enforcer.bpf.c; process_arguments.md).',
    fix: 'Write `action: Block` on the rule.',
    bad: process('      - path: /usr/bin/python3.12\n        allowedArgs: [-m, http.server]\n', 'Allow'),
    good: process('      - path: /usr/bin/python3.12\n        allowedArgs: [-m, http.server]\n'),
    *check({ rules }) {
      for (const rule of rules) {
        if (argumentsOf(rule).length === 0 || rule.action === 'Block') continue;
        yield {
          path: [...rule.at, 'allowedArgs'],
          onKey: true,
          message: `allowedArgs restricts nothing with ${rule.action}`,
          fix: 'Write action: Block on the rule.',
        };
      }
    },
  },
  {
    id: 'KA242',
    title: 'argument of more than 103 bytes',
    severity: 'error',
    only: 'bpf',
    why: '104 bytes of an argument are compared, the terminator among them: a longer one never matches, and blocks the program (§4.2).',
    fix: 'Shorten it, by a link or a configuration file.',
    bad: process(`      - path: /usr/bin/java\n        allowedArgs: [-Djava.path=${'x'.repeat(100)}]\n`),
    good,
    *check({ rules }) {
      for (const rule of rules) {
        for (const [index, argument] of argumentsOf(rule).entries()) {
          const bytes = Buffer.byteLength(argument);
          if (bytes > 103)
            yield {
              path: [...rule.at, 'allowedArgs', index],
              message: `${bytes} bytes: an argument of more than 103 never matches`,
              fix: 'Shorten it.',
            };
        }
      }
    },
  },
  {
    id: 'KA243',
    title: 'pts: true',
    severity: 'info',
    why: 'Only `pts: false` says something: that the rule is held against processes with a terminal. `true` equals nothing (§4.2).',
    fix: 'Take it out, or write false.',
    bad: process('      - path: /usr/bin/apt\n        pts: true\n'),
    good: process('      - path: /usr/bin/apt\n        pts: false\n'),
    *check({ rules }) {
      for (const { at, fields } of rules) {
        if (fields.pts === true)
          yield { path: [...at, 'pts'], message: 'pts: true says nothing', fix: 'Write false, or remove it.' };
      }
    },
  },
  {
    id: 'KA244',
    title: 'condition that AppArmor does not know',
    severity: 'error',
    only: 'apparmor',
    why:
      'AppArmor profiles know neither terminals nor arguments: under it a Block with `pts: false` or `allowedArgs` ' +
      'blocks always, an Allow with them allows always (§4.9).',
    fix: 'Require BPF-LSM for this policy, or drop the condition.',
    bad: process('      - path: /usr/bin/python3.12\n        allowedArgs: [-m, http.server]\n'),
    good,
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.action === 'Audit') continue;
        const field = rule.fields.pts === false ? 'pts' : argumentsOf(rule).length > 0 ? 'allowedArgs' : undefined;
        if (field === undefined) continue;
        yield {
          path: [...rule.at, field],
          onKey: true,
          message: `AppArmor does not know ${field}: "${subjectOf(rule)}" is ${rule.action === 'Allow' ? 'allowed' : 'blocked'} always`,
          fix: 'Require BPF-LSM, or drop it.',
        };
      }
    },
  },
  {
    id: 'KA245',
    title: 'ownerOnly on a blocked directory',
    severity: 'warning',
    only: 'bpf',
    why:
      'On a path, Block with `ownerOnly` stops everybody but the owner. On a directory a run of KubeArmor denied the ' +
      'owner as well (§0, data/captures x18).',
    fix: 'Name the files, or leave ownerOnly away.',
    bad: file('    matchDirectories:\n      - dir: /home/user/\n        ownerOnly: true\n'),
    good: file('    matchPaths:\n      - path: /home/user/key\n        ownerOnly: true\n'),
    *check({ rules }) {
      for (const { section, list, at, fields, action } of rules) {
        if (section !== 'file' || list !== 'matchDirectories' || action !== 'Block' || fields.ownerOnly !== true)
          continue;
        yield {
          path: [...at, 'ownerOnly'],
          onKey: true,
          message: 'on a directory the owner is blocked too',
          fix: 'Name the files.',
        };
      }
    },
  },
  {
    id: 'KA246',
    title: 'directory without what lies below it',
    severity: 'info',
    why: 'Without `recursive: true` a directory rule holds for what lies directly in the directory, and for nothing deeper (§4.2).',
    fix: 'Add `recursive: true` where the whole tree is meant; say `recursive: false` where it is not.',
    bad: file('    matchDirectories:\n      - dir: /etc/ssl/\n'),
    good: file('    matchDirectories:\n      - dir: /etc/ssl/\n        recursive: true\n'),
    *check({ rules }) {
      for (const { list, at, fields } of rules) {
        if (list !== 'matchDirectories' || fields.recursive !== undefined) continue;
        yield {
          path: [...at, 'dir'],
          message: 'only what lies directly in it is meant, nothing deeper',
          fix: 'Say recursive: true, or recursive: false.',
        } satisfies Report;
      }
    },
  },
];

function argumentsOf({ section, fields }: FlatRule): string[] {
  const { allowedArgs } = fields;
  if (section !== 'process' || !Array.isArray(allowedArgs)) return [];
  return allowedArgs.map((argument: unknown) => (typeof argument === 'string' ? argument : ''));
}
