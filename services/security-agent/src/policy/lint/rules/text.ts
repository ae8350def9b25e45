import type { DocumentProblem, ParsedText } from '../../document.ts';
import { containerPolicy } from '../example.ts';
import type { Rule, TextReport } from '../rule.ts';

const good = containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n');

/** Rules about the text itself: whether it can be read, and whether everybody reads the same in it. */
export const textRules: readonly Rule<ParsedText, TextReport>[] = [
  {
    id: 'KA001',
    title: 'not YAML or JSON',
    severity: 'error',
    why: 'Nothing can be said of a file that can not be read: neither KubeArmor nor the Exchange will take it.',
    fix: 'Mend the syntax at the place named; what follows it is often only a consequence.',
    bad: containerPolicy('  process:\n    matchPaths:\n    - path: "/usr/bin/apt\n'),
    good,
    check: (text) => problems(text, 'syntax'),
  },
  {
    id: 'KA002',
    title: 'tab between words',
    severity: 'error',
    why: 'YAML 1.2 takes a tab between words; PyYAML and other readers of YAML 1.1 refuse the whole file for one.',
    fix: 'Use spaces. `--fix` puts one in the place of each run of tabs.',
    bad: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt \t# not needed\n'),
    good,
    repaired: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt  # not needed\n'),
    *check({ tabs, positionAt }) {
      for (const range of tabs) {
        yield {
          at: positionAt(range.start),
          message: 'a tab where YAML wants spaces: some readers refuse the file',
          fix: 'Write a space.',
          repair: { kind: 'replace', range, text: ' ' },
        };
      }
    },
  },
  {
    id: 'KA003',
    title: 'too large, too deep, or aliases without end',
    severity: 'error',
    why:
      'A text of more than 4 MiB, 100 levels, 1 000 aliases or 200 000 values is no policy. It is refused before it is ' +
      'parsed, since a parser can be made to run out of memory by a few lines.',
    fix: 'Split the file; write out what aliases repeat.',
    bad: `a: &a ["x", "x", "x", "x", "x", "x", "x", "x", "x", "x"]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
`,
    good,
    check: (text) => problems(text, 'limit'),
  },
  {
    id: 'KA004',
    title: 'key that stands twice',
    severity: 'warning',
    why:
      'Of two equal keys in one map every reader keeps one, mostly the last, and drops the other without a word: rules ' +
      'that stand in the file are not in force.',
    fix: 'Put what belongs together under one key.',
    bad: containerPolicy(`  process:
    matchPaths:
      - path: /usr/bin/apt
  process:
    matchPaths:
      - path: /usr/bin/apk
`),
    good: containerPolicy(`  process:
    matchPaths:
      - path: /usr/bin/apt
      - path: /usr/bin/apk
`),
    check: (text) => problems(text, 'duplicate-key'),
  },
];

function* problems(text: ParsedText, kind: DocumentProblem['kind']): Generator<TextReport> {
  for (const document of text.documents) {
    for (const { kind: found, at, message, fix } of document.problems) if (found === kind) yield { at, message, fix };
  }
}
