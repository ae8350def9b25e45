import test from 'ava';
import fc from 'fast-check';
import { type ParsedText, parseText } from '#policy/document.ts';
import { lintParsed } from '#policy/lint/index.ts';
import { repairText } from '#policy/lint/repair.ts';

const lint = (text: ParsedText) => lintParsed(text, 'example', { enforcer: 'bpf' }).findings;
const repaired = (text: string, json = false) => repairText(text, { json }, lint);
const head = (kind = 'KubeArmorPolicy') => `apiVersion: security.kubearmor.com/v1\nkind: ${kind}\n`;

const mends = test.macro({
  exec(t, before: string, after: string, json?: boolean) {
    const first = repaired(before, json);
    t.is(first.text, after);
    t.true(first.count > 0);
    t.deepEqual(repaired(after, json), { text: after, count: 0 });
  },
  title: (what) => `keeps ${what}`,
});

const untouched = test.macro({
  exec(t, text: string, json?: boolean) {
    t.deepEqual(repaired(text, json), { text, count: 0 });
  },
  title: (what) => `leaves ${what}`,
});

const policy = (rules: string) => `${head()}metadata: { name: web }
spec:
  selector:
    matchLabels: { app: web }
${rules}  action: Block
`;

test(
  'comments, blank lines, order and quotes',
  mends,
  `# why this is here
${policy(`
  # certificates
  file:   # of the image
    matchDirectories:
      -   dir: '/etc/ssl'   # no slash
          recursive: true
      - { dir: "/etc/pki", recursive: true } # "neither"
  capabilities:
    matchCapabilities:
    - capability: CAP_NET_RAW

`)}# the end`,
  `# why this is here
${policy(`
  # certificates
  file:   # of the image
    matchDirectories:
      -   dir: '/etc/ssl/'   # no slash
          recursive: true
      - { dir: "/etc/pki/", recursive: true } # "neither"
  capabilities:
    matchCapabilities:
    - capability: net_raw

`)}# the end`,
);

test(
  'line ends of Windows and a byte order mark',
  mends,
  `\ufeff${policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl # c\n').replaceAll('\n', '\r\n')}`,
  `\ufeff${policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl/ # c\n').replaceAll('\n', '\r\n')}`,
);

test(
  'line ends of Windows and a byte order mark where a line is added',
  mends,
  `\ufeff${policy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n')
    .replace(/^apiVersion.*\n/, '')
    .replaceAll('\n', '\r\n')}`,
  `\ufeff${policy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n').replaceAll('\n', '\r\n')}`,
);

test(
  'line ends of Windows behind a block scalar',
  mends,
  policy('  file:\n    matchDirectories:\n      - dir: >-\n          /etc/ssl\n        recursive: true\n').replaceAll(
    '\n',
    '\r\n',
  ),
  policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl/\n        recursive: true\n').replaceAll('\n', '\r\n'),
);

test(
  'the other documents of a file',
  mends,
  `--- # first\na:   1\n---\n${policy('  capabilities:\n    matchCapabilities:\n      - capability: CAP_SYS_ADMIN\n')}...\n---\nb: [ 2 ]\n`,
  `--- # first\na:   1\n---\n${policy('  capabilities:\n    matchCapabilities:\n      - capability: sys_admin\n')}...\n---\nb: [ 2 ]\n`,
);

test(
  'the layout of JSON',
  mends,
  `${JSON.stringify(parseText(policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl\n')).documents[0]?.value, null, 3)}\n`,
  `${JSON.stringify(parseText(policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl/\n')).documents[0]?.value, null, 3)}\n`,
  true,
);

test(
  'a key that others have in common, renamed once',
  mends,
  policy('  file:\n    matchDirectories:\n      - &d { dir: /etc/ssl/, recurive: true }\n      - *d\n'),
  policy('  file:\n    matchDirectories:\n      - &d { dir: /etc/ssl/, recursive: true }\n      - *d\n'),
);

test(
  'what stands below a new first line',
  mends,
  `# about\nkind: KubeArmorPolicy # here\n${policy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n').replace(head(), '')}`,
  `# about\napiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy # here\n${policy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n').replace(head(), '')}`,
);

test(
  'a path for two sources, where only one right repair is',
  mends,
  policy(
    '  process:\n    matchPaths:\n      - path: " /usr/bin/apt"\n        fromSource:\n          - path: /usr/bin/sh\n',
  ),
  policy(
    '  process:\n    matchPaths:\n      - path: "/usr/bin/apt"\n        fromSource:\n          - path: /usr/bin/sh\n',
  ),
);

test(
  'a block scalar readable',
  mends,
  policy('  file:\n    matchDirectories:\n      - dir: >-\n          /etc/ssl\n        recursive: true\n'),
  policy('  file:\n    matchDirectories:\n      - dir: /etc/ssl/\n        recursive: true\n'),
);

test('what has two right repairs', untouched, policy('  process:\n    matchPaths:\n      - path: bin/apt/\n'));
test(
  'a name of another list, whose value is of another type',
  untouched,
  policy('  file:\n    matchDirectories:\n      - path: /run/containerd/\n'),
);
test(
  'a name that is more than a slip away',
  untouched,
  policy('  file:\n    matchPaths:\n      - path: /a\n').replace('matchLabels', 'matchNames'),
);
test(
  'a directory that looks like a file',
  untouched,
  policy('  file:\n    matchDirectories:\n      - dir: /var/www/html/index.jsp\n        recursive: true\n'),
);
test('what is no policy', untouched, 'a: 1\nspec: { file: { matchDirectories: [{ dir: /etc }] } }\n');
test('what can not be read', untouched, 'kind: KubeArmorPolicy\n  spec: {\n');
test('nothing', untouched, '');

interface Fault {
  readonly lines: string;
  readonly mended: string;
}

const FAULTS: readonly Fault[] = [
  ...['net_raw', 'sys_admin', 'dac_override'].map((name) => ({
    lines: `  capabilities:\n    matchCapabilities:\n      - capability: CAP_${name.toUpperCase()}`,
    mended: `  capabilities:\n    matchCapabilities:\n      - capability: ${name}`,
  })),
  ...['/etc/ssl', '/opt/a b', '/var/lib/x-1.2', '/etc/conf.d', '/root/.ssh'].map((dir) => ({
    lines: `  file:\n    matchDirectories:\n      - dir: '${dir}'\n        recursive: true`,
    mended: `  file:\n    matchDirectories:\n      - dir: '${dir}/'\n        recursive: true`,
  })),
  {
    lines: '  process:\n    matchPaths:\n      - path: "/usr//bin/./apt"',
    mended: '  process:\n    matchPaths:\n      - path: "/usr/bin/apt"',
  },
  {
    lines: '  network:\n    matchProtocols:\n      - { protocol: TCP, fromSource: [{ path: /usr/bin/curl }] }',
    mended: '  network:\n    matchProtocols:\n      - { protocol: TCP, fromSource: [{ path: /usr/bin/curl }] }',
  },
  { lines: '  severty: 5', mended: '  severity: 5' },
  { lines: '  message:   kept as it is', mended: '  message:   kept as it is' },
];

/** Lines with the same noise put between and behind them, so that only the repair differs. */
function noisy(text: string, comments: readonly string[]): string {
  const lines = text.split('\n');
  return lines
    .map((line, index) => {
      const comment = comments[index % Math.max(1, comments.length)] ?? '';
      return comment === '' ? line : index % 2 === 0 ? `${line} # ${comment}` : `# ${comment}\n${line}`;
    })
    .join('\n');
}

const section = ({ lines }: Fault) => lines.split('\n')[0] ?? '';

test('any mixture of faults is mended at once, and every other character stays', (t) => {
  const faults = fc.uniqueArray(fc.constantFrom(...FAULTS), { minLength: 1, selector: section });
  const comments = fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { maxLength: 5 });
  t.notThrows(() =>
    fc.assert(
      fc.property(faults, comments, fc.boolean(), (chosen, noise, windows) => {
        const write = (part: 'lines' | 'mended') => {
          const text = noisy(policy(chosen.map((fault) => `${fault[part]}\n`).join('')), noise);
          return windows ? text.replaceAll('\n', '\r\n') : text;
        };
        const result = repaired(write('lines'));
        return result.text === write('mended') && repaired(result.text).count === 0;
      }),
      { numRuns: 150 },
    ),
  );
});

test('a repair of a damaged text changes one line', (t) => {
  const whole = policy(
    FAULTS.filter((fault, at) => FAULTS.findIndex((other) => section(other) === section(fault)) === at)
      .map(({ lines }) => `${lines}\n`)
      .join(''),
  );
  const damage = fc.record({
    at: fc.nat(whole.length),
    cut: fc.nat(20),
    put: fc.constantFrom(
      '',
      '\n',
      ' ',
      '\t',
      '"',
      "'",
      '{',
      '}',
      '[',
      '&a ',
      '*a',
      '# ',
      '---\n',
      '|',
      ': ',
      '- ',
      '<<: ',
    ),
  });
  t.notThrows(() =>
    fc.assert(
      fc.property(damage, fc.boolean(), ({ at, cut, put }, json) => {
        const text = whole.slice(0, at) + put + whole.slice(at + cut);
        const { text: result, count } = repaired(text, json);
        const lines = new Set(result.split('\n'));
        return text.split('\n').filter((line) => !lines.has(line)).length <= count && (count > 0 || result === text);
      }),
      { numRuns: 1000 },
    ),
  );
});
