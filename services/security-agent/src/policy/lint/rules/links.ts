import type { FlatRule } from '../../flat-rules.ts';
import { subjectOf } from '../../flat-rules.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';
import { type NamedPath, namedPaths } from './paths.ts';

/** Directories that are links on the systems people use, and where they lead. */
const LINKS: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  ...['bin', 'sbin', 'lib', 'lib32', 'lib64'].map((name) => ({
    from: `/${name}/`,
    to: `/usr/${name}/`,
    why: 'with merged /usr, as in Debian, Ubuntu, Fedora',
  })),
  { from: '/var/run/', to: '/run/', why: 'everywhere' },
  { from: '/var/lock/', to: '/run/lock/', why: 'everywhere' },
  { from: '/proc/self/', to: '/proc/<pid>/', why: 'always' },
  { from: '/proc/thread-self/', to: '/proc/<pid>/task/<tid>/', why: 'always' },
  { from: '/dev/fd/', to: '/proc/<pid>/fd/', why: 'always' },
];

/** Names that are mostly links to something of another name. */
const ALTERNATIVES = new Set(
  'awk editor ex java javac nc netcat pager pico python python3 rview rvim sh traceroute vi view vim which'.split(' '),
);

/** Rules about paths that are links: the kernel names the file a link leads to, and rules are compared with that. */
export const linkRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA210',
    title: 'path through a directory that is a link',
    severity: 'warning',
    why:
      'A rule is compared with the path that the kernel resolved. `/bin` is a link to `/usr/bin` wherever /usr is merged ' +
      '(Debian, Ubuntu, Fedora and their images), `/var/run` is one to `/run`: a rule through them never matches there. ' +
      'Alpine has a real /bin, of links to busybox (reference/kubearmor.md §0, §4.9).',
    fix: 'Name the real path as well; both cost an entry each.',
    bad: containerPolicy('  process:\n    matchPaths:\n      - path: /bin/mount\n'),
    good: containerPolicy('  process:\n    matchPaths:\n      - path: /bin/mount\n      - path: /usr/bin/mount\n'),
    *check(subject) {
      const named = [...namedPaths(subject)];
      const written = new Set(named.map(keyOf));
      for (const each of named) {
        const link = LINKS.find(({ from }) => each.text.startsWith(from));
        // Whoever names this one means Alpine, where it is the real file.
        if (each.text === '/bin/busybox') continue;
        if (link === undefined) continue;
        const real = link.to + each.text.slice(link.from.length);
        if (!real.includes('<') && written.has(keyOf({ ...each, text: real }))) continue;
        yield {
          path: each.at,
          message: `${link.from.slice(0, -1)} is a link to ${link.to.slice(0, -1)} ${link.why}: "${each.text}" does not match there`,
          fix: real.includes('<') ? 'Name what it leads to; there is no rule for each process.' : `Add ${real}.`,
        };
      }
    },
  },
  {
    id: 'KA211',
    title: 'program that is often a link',
    severity: 'info',
    why:
      'Debian and Ubuntu make some names links into /etc/alternatives, Alpine makes nearly all of them links to busybox. ' +
      'Neither `path` nor `execname` matches through a link: both look at the file it leads to (§0, data/captures u13).',
    fix: 'Look where it leads in the image (`readlink -f`), and name that; in Alpine that is busybox, for all its tools at once.',
    bad: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/nc\n'),
    good: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/nc.openbsd\n'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.section !== 'process' || rule.list !== 'matchPaths' || !isAlternative(rule)) continue;
        yield {
          path: rule.at,
          message: `${subjectOf(rule)} is often a link to a program of another name`,
          fix: 'Name the program it leads to in your image.',
        };
      }
    },
  },
];

/** In the directories of the system; what lies in one of its own is mostly the real file. */
function isAlternative(rule: FlatRule): boolean {
  const [, name = ''] = /^(?:(?:\/usr)?\/s?bin\/)?([^/]+)$/.exec(subjectOf(rule)) ?? [];
  return ALTERNATIVES.has(name);
}

function keyOf({ text, what, rule }: NamedPath): string {
  return what === 'source' ? `source ${JSON.stringify(rule.at)} ${text}` : `${rule.section} ${what} ${text}`;
}
