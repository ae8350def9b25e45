import { type FlatRule, subjectOf } from '../../flat-rules.ts';
import { containerPolicy } from '../example.ts';
import { type PolicySubject, textAt } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';
import { namedPaths } from './paths.ts';

const pattern = (text: string, section = 'file', action = 'Block'): string =>
  containerPolicy(`  ${section}:\n    matchPatterns:\n      - pattern: ${text}\n`, action);
const path = (text: string): string => containerPolicy(`  file:\n    matchPaths:\n      - path: ${text}\n`);

/** Rules about globs, and about texts that break the AppArmor profile they are pasted into (§4.9, §4.10, §9). */
export const patternRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA220',
    title: 'pattern under BPF-LSM',
    severity: 'error',
    only: 'bpf',
    why:
      "KubeArmor's BPF enforcer never reads `matchPatterns`: Block does not block, Allow does not allow, and the answer " +
      'is Applied (rulesHandling.go; discovery.md §1.9).',
    fix: 'Name directories (`recursive: true`), files, or programs by `execname`.',
    bad: pattern('/home/*/.ssh/**'),
    good: containerPolicy('  file:\n    matchDirectories:\n      - dir: /home/user/.ssh/\n        recursive: true\n'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.list !== 'matchPatterns' || rule.action === 'Audit' || subjectOf(rule) === '') continue;
        yield {
          path: [...rule.at, 'pattern'],
          message: `patterns are skipped under BPF-LSM: "${subjectOf(rule)}" is not ${rule.action === 'Allow' ? 'allowed' : 'blocked'}`,
          fix: instead(rule),
        };
      }
    },
  },
  {
    id: 'KA221',
    title: 'pattern that never alerts',
    severity: 'warning',
    why:
      'Audit patterns are matched by KubeArmor itself, whatever the enforcer: with Go globbing, in which a `*` stops at ' +
      'a slash and `**` and `{a,b}` mean nothing, and only if the text also compiles as a regular expression, which ' +
      '`**` does not (feeder/policyMatcher.go).',
    fix: 'Use `*` for one name each, or `matchDirectories` with `recursive: true`.',
    bad: pattern('/**/.ssh/id_rsa', 'file', 'Audit'),
    good: pattern('/home/*/.ssh/id_rsa', 'file', 'Audit'),
    *check({ rules }) {
      for (const rule of rules) {
        const text = subjectOf(rule);
        if (rule.list !== 'matchPatterns' || rule.action !== 'Audit' || !neverAlerts(text)) continue;
        yield {
          path: [...rule.at, 'pattern'],
          message: `"${text}" never raises an alert`,
          fix: 'Use a directory, or * for one name each.',
        };
      }
    },
  },
  {
    id: 'KA222',
    title: 'Allow that AppArmor does not get',
    severity: 'error',
    only: 'apparmor',
    why:
      'Of an Allow rule for programs whose text has one of `[ * + ? $ |`, and of one by `execname`, KubeArmor writes a ' +
      'comment into the profile and no rule; of an Allow directory with `fromSource`, nothing (appArmorTemplate.go). ' +
      'With the default posture block the program can then not be started.',
    fix: 'Name the programs by their paths.',
    bad: containerPolicy('  process:\n    matchPaths:\n      - execname: nginx\n', 'Allow'),
    good: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/sbin/nginx\n', 'Allow'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.section !== 'process' || rule.action !== 'Allow' || !isLostAllow(rule)) continue;
        yield {
          path: rule.at,
          message: `no AppArmor rule is made of this Allow of "${subjectOf(rule)}"`,
          fix: 'Name the programs by path.',
        };
      }
    },
  },
  {
    id: 'KA223',
    title: 'text that breaks the AppArmor profile',
    severity: 'error',
    only: 'apparmor',
    why:
      'Texts are pasted into the profile as they are. A blank, a quote, an exclamation mark, a bracket without its ' +
      'partner, a comma at the end or a text without a slash in front makes apparmor_parser refuse it: the answer is ' +
      'Applied, and every rule for that container stays as it was before (§4.10).',
    fix: 'Name the directory instead, or rename the file.',
    bad: path('"/opt/my app/config"'),
    good: path('/opt/my-app/config'),
    *check(subject) {
      for (const { text, at } of pastedTexts(subject)) {
        const fault = profileFault(text);
        if (fault !== undefined)
          yield {
            path: at,
            message: `"${text}" breaks the profile: ${fault}`,
            fix: text.startsWith('/') ? 'Name its directory, or rename it.' : 'Write the whole path, from the root.',
          };
      }
    },
  },
];

function* pastedTexts(
  subject: PolicySubject,
): Generator<{ readonly text: string; readonly at: readonly (string | number)[] }> {
  for (const { text, at, rule } of namedPaths(subject)) if (isPasted(rule)) yield { text, at };
  for (const rule of subject.rules) {
    if (rule.list === 'matchPatterns' && isPasted(rule) && subjectOf(rule) !== '')
      yield { text: subjectOf(rule), at: [...rule.at, 'pattern'] };
  }
}

/** What to write in place of a pattern. */
function instead(rule: FlatRule): string {
  const text = subjectOf(rule);
  const [, name] = /^\/(?:\*{1,2}\/)+([\w.+-]+)$/.exec(text) ?? [];
  if (rule.section === 'process' && name !== undefined) return `Write execname: ${name} in matchPaths.`;
  if (/^\/[^*?[\]{}^$\\]+[^/*?[\]{}^$\\]$/.test(text))
    return `Write path: ${text} in matchPaths: there is no wildcard in it.`;
  return `Use matchDirectories${rule.section === 'process' ? ', matchPaths or execname' : ' or matchPaths'}.`;
}

/** Audit rules never reach the profile. */
function isPasted({ section, action }: FlatRule): boolean {
  return (section === 'process' || section === 'file') && (action === 'Allow' || action === 'Block');
}

/** What apparmor_parser 3.0 refuses in a path that is written without quotes. */
function profileFault(text: string): string | undefined {
  if (!text.startsWith('/')) return 'it has to begin with a slash';
  const found = /[\s"!]/.exec(text)?.[0];
  if (found !== undefined) return `${JSON.stringify(found)} can not stand in it`;
  if (text.endsWith(',')) return 'a comma ends it';
  if (/\{[^,{}]*\}/.test(text)) return 'braces hold alternatives with commas';
  return isBalanced(text, '{', '}') && isBalanced(text, '[', ']') ? undefined : 'a bracket has no partner';
}

function isBalanced(text: string, open: string, close: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === open) depth += 1;
    if (character === close) depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function isLostAllow({ list, fields, sources }: FlatRule): boolean {
  if (list === 'matchPatterns') return /[[*+?$|]/.test(textAt(fields, 'pattern'));
  if (list === 'matchDirectories') return sources !== undefined;
  return sources === undefined && (fields.execname !== undefined || /[[*+?$|]/.test(textAt(fields, 'path')));
}

function neverAlerts(text: string): boolean {
  if (/\*\*|\{[^}]*,[^}]*\}/.test(text) || /^[*+?]/.test(text)) return true;
  return !text.startsWith('/') && !text.startsWith('*');
}
