import type { ValuePath } from '../../document.ts';
import { DIRECTORY_BYTES, fitsKey } from '../../evaluate/rule-key.ts';
import type { FlatRule } from '../../flat-rules.ts';
import { isFields, SUBJECT } from '../../flat-rules.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import { textAt } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

/** A path that some rule of a policy names, as file, directory or source. */
export interface NamedPath {
  readonly text: string;
  readonly at: ValuePath;
  readonly what: 'path' | 'dir' | 'source';
  readonly rule: FlatRule;
}

/** Every path and directory of a policy's rules, their sources included. */
export function* namedPaths({ rules }: PolicySubject): Generator<NamedPath> {
  for (const rule of rules) {
    const { list, at, fields } = rule;
    if (list === 'matchPaths' || list === 'matchDirectories') {
      const what = list === 'matchPaths' ? 'path' : 'dir';
      const text = textAt(fields, SUBJECT[list]);
      if (text !== '') yield { text, at: [...at, SUBJECT[list]], what, rule };
    }
    if (!Array.isArray(fields.fromSource)) continue;
    for (const [index, source] of fields.fromSource.entries()) {
      const text = isFields(source) ? textAt(source, 'path') : '';
      if (text !== '') yield { text, at: [...at, 'fromSource', index, 'path'], what: 'source', rule };
    }
  }
}

const paths = (...lines: string[]): string =>
  containerPolicy(`  file:\n    matchPaths:\n${lines.map((line) => `      - path: ${line}\n`).join('')}`);
const directory = (dir: string): string =>
  containerPolicy(`  file:\n    matchDirectories:\n      - dir: ${dir}\n        recursive: true\n`);
const long = `/srv/${'very-long-name/'.repeat(13)}file`;

/** Rules about how paths are written (reference/kubearmor.md §4.9, §4.10). */
export const pathRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA202',
    title: 'directory without its slashes',
    severity: 'error',
    why:
      'A directory ends with a slash. Without it KubeArmor takes the text for the name of something in the directory ' +
      'above, and nothing below it is ever matched; the answer is Applied all the same (§4.10, data/captures x07).',
    fix:
      'End it with a slash; `--fix` does, unless the name looks like one of a file (`app.conf`), which belongs to ' +
      '`matchPaths`. A directory also begins with a slash.',
    bad: directory('/etc/ssl'),
    good: directory('/etc/ssl/'),
    repaired: directory('/etc/ssl/'),
    *check(subject) {
      for (const { text, at, what } of namedPaths(subject)) {
        if (what !== 'dir' || /^\/$|^\/.*\/$/s.test(text)) continue;
        const mended = text.startsWith('/') ? `${text}/` : undefined;
        const file = FILE_NAME.test(text);
        const fix = mended === undefined ? 'Write the whole path' : `Write "${mended}"`;
        yield {
          path: at,
          message: `"${text}" is no directory: ${mended === undefined ? 'it has to begin with a slash' : 'the final slash is missing'}`,
          fix: file ? `${fix}, or move it to matchPaths if it is a file.` : `${fix}.`,
          ...(mended === undefined || file ? {} : { repair: { kind: 'set', path: at, value: mended } }),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA203',
    title: 'path that is no file',
    severity: 'error',
    why:
      'The kernel knows absolute paths only, and none of a file ends with a slash: such a rule is applied and never ' +
      'matches (§4.10).',
    fix: 'Write the whole path; use `matchDirectories` for a directory, `execname` for a program anywhere.',
    bad: paths('usr/bin/apt'),
    good: paths('/usr/bin/apt'),
    *check(subject) {
      for (const { text, at, what, rule } of namedPaths(subject)) {
        if (what === 'dir' || (rule.section === 'syscalls' && what === 'path') || /^\/.*[^/]$/s.test(text)) continue;
        const message = text.startsWith('/')
          ? `"${text}" is a directory: it ends with a slash`
          : `"${text}" is not absolute: it never matches`;
        yield { path: at, message, fix: hint(text, rule) };
      }
    },
  },
  {
    id: 'KA204',
    title: 'path of 200 bytes or more',
    severity: 'error',
    only: 'bpf',
    why:
      'KubeArmor keeps 200 bytes of a path and the kernel side reads 199 of the real one: a longer path never matches, ' +
      'as rule or as source. The CRD counts characters and lets 200 of them pass (§4.9).',
    fix: 'Name a directory above it, of at most 64 bytes.',
    bad: paths(long),
    good: paths('/srv/file'),
    *check(subject) {
      for (const { text, at, rule } of namedPaths(subject)) {
        if (fitsKey(text) || !isEnforced(rule)) continue;
        yield {
          path: at,
          message: `${Buffer.byteLength(text)} bytes: more than 199 never match`,
          fix: 'Name a directory above it.',
        };
      }
    },
  },
  {
    id: 'KA205',
    title: 'directory of more than 64 bytes',
    severity: 'error',
    only: 'bpf',
    why:
      'The kernel side looks for directories at the slashes within the first 64 bytes of a path; a longer directory ' +
      'never matches (BPF/shared.h; §4.9).',
    fix: 'Name a directory above it.',
    bad: directory('/usr/local/lib/python3.12/site-packages/homeassistant/components/'),
    good: directory('/usr/local/lib/python3.12/site-packages/homeassistant/'),
    *check(subject) {
      for (const { text, at, what, rule } of namedPaths(subject)) {
        const bytes = Buffer.byteLength(text);
        if (what !== 'dir' || bytes <= DIRECTORY_BYTES || !isEnforced(rule)) continue;
        yield {
          path: at,
          message: `${bytes} bytes: a directory of more than ${DIRECTORY_BYTES} never matches`,
          fix: shorter(text),
        };
      }
    },
  },
  {
    id: 'KA206',
    title: 'path of more than 20 names',
    severity: 'error',
    only: 'bpf',
    why: 'The kernel side puts a path together from at most 20 names, mounts included; what lies deeper is not matched (§4.9).',
    fix: 'Name a directory above it.',
    bad: paths(`/${'a/'.repeat(20)}b`),
    good: paths('/a/b'),
    *check(subject) {
      for (const { text, at, rule } of namedPaths(subject)) {
        const names = text.split('/').filter((name) => name !== '').length;
        if (names > 20 && isEnforced(rule))
          yield {
            path: at,
            message: `${names} names deep: more than 20 never match`,
            fix: 'Name a directory above it.',
          };
      }
    },
  },
  {
    id: 'KA207',
    title: 'wildcard in a path',
    severity: 'error',
    only: 'bpf',
    why:
      'BPF-LSM compares paths as they are: a `*` or `?` matches a file that is really called so, and no other. Under ' +
      'AppArmor the same text is a glob (§4.2, §4.9).',
    fix: 'Name the files, or their directory; `execname` names a program in any directory.',
    bad: paths('/root/*_history'),
    good: paths('/root/.bash_history', '/root/.ash_history'),
    *check(subject) {
      for (const { text, at } of namedPaths(subject)) {
        const wildcard = /[*?[\]{}]/.exec(text)?.[0];
        if (wildcard === undefined) continue;
        yield {
          path: at,
          message: `"${wildcard}" is taken literally under BPF-LSM: "${text}" never matches`,
          fix: 'Name the files or their directory.',
        };
      }
    },
  },
  {
    id: 'KA208',
    title: 'path that the kernel writes otherwise',
    severity: 'error',
    only: 'bpf',
    why: 'The kernel reports paths without `//`, `.` and `..`: a rule that has them never matches.',
    fix: 'Write the path without them; `--fix` takes `//` and `/./` out.',
    bad: paths('/etc//passwd'),
    good: paths('/etc/passwd'),
    repaired: paths('/etc/passwd'),
    *check(subject) {
      for (const { text, at } of namedPaths(subject)) {
        if (!/\/\.{0,2}\/|\/\.{1,2}$/.test(text)) continue;
        const plain = text.replace(/\/+(?:\.\/+)*/g, '/');
        const climbs = /\/\.\.?(?:\/|$)/.test(plain);
        yield {
          path: at,
          message: `"${text}" is never what the kernel calls a file`,
          fix: climbs ? 'Write the path it stands for.' : `Write "${plain}".`,
          ...(climbs ? {} : { repair: { kind: 'set', path: at, value: plain } }),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA209',
    title: 'blank or control character around a path',
    severity: 'error',
    why: 'It is part of the name that is compared: the rule matches nothing. A block of lines (`|`) leaves its line break in the value.',
    fix: 'Take it out; `--fix` does where it stands at an end.',
    bad: paths('"/etc/passwd "'),
    good: paths('"/etc/passwd"'),
    repaired: paths('"/etc/passwd"'),
    *check(subject) {
      for (const { text, at } of namedPaths(subject)) {
        const trimmed = text.trim();
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        const control = /[\u0000-\u001f\u007f]/.test(trimmed);
        if (trimmed === text && !control) continue;
        yield {
          path: at,
          message: `${JSON.stringify(text)} has ${control ? 'a control character in it' : 'a blank at its end'}`,
          fix: `Write ${JSON.stringify(trimmed)}.`,
          ...(control ? {} : { repair: { kind: 'set', path: at, value: trimmed } }),
        } satisfies Report;
      }
    },
  },
];

/** Rules that only report are compared by KubeArmor itself, whose paths have no limits (feeder/policyMatcher.go). */
function isEnforced({ section, action }: FlatRule): boolean {
  return section !== 'syscalls' && action !== 'Audit';
}

/** A last name with an extension; `conf.d` and `python3.12` are those of directories. */
const FILE_NAME = /[^/]\.(?!d$)[A-Za-z][A-Za-z0-9]*$/;

function hint(text: string, { section }: FlatRule): string {
  if (text.startsWith('/')) return 'Move it to matchDirectories, or drop the slash.';
  return text.includes('/') || section !== 'process'
    ? 'Write the whole path.'
    : `Write the whole path, or execname: ${text}.`;
}

/** What to write in place of a directory that is too long: the longest one above it that fits. */
function shorter(directory: string): string {
  const slashes = [...directory.slice(0, DIRECTORY_BYTES).matchAll(/\//g)].map(({ index }) =>
    directory.slice(0, index + 1),
  );
  const above = slashes.findLast((path) => path.startsWith('/') && Buffer.byteLength(path) <= DIRECTORY_BYTES);
  return above === undefined || above === '/'
    ? 'No directory above it but / would fit: name the files in it, at most 199 bytes each.'
    : `Name ${above}.`;
}
