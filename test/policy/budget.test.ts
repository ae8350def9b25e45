import test from 'ava';
import fc from 'fast-check';
import { bpfBudget } from '#policy/budget.ts';

function container(spec: object): object {
  return { kind: 'KubeArmorPolicy', metadata: { name: 'p' }, spec: { action: 'Block', ...spec } };
}

function host(spec: object): object {
  return { ...container(spec), kind: 'KubeArmorHostPolicy' };
}

const costs = test.macro({
  exec(t, policies: readonly object[], entries: number) {
    t.is(bpfBudget(policies).entries, entries);
  },
  title: (what) => `counts ${what}`,
});

const sources = [{ path: '/bin/a' }, { path: '/bin/b' }];
const paths = (...names: string[]) => ({ matchPaths: names.map((path) => ({ path })) });

test('a path once', costs, [container({ file: paths('/etc/passwd') })], 1);
test(
  'a path for each source',
  costs,
  [container({ file: { matchPaths: [{ path: '/etc/passwd', fromSource: sources }] } })],
  2,
);
test(
  'a directory with what is above it',
  costs,
  [container({ file: { matchDirectories: [{ dir: '/etc/ssl/' }] } })],
  4,
);
test('the root directory twice', costs, [container({ file: { matchDirectories: [{ dir: '/' }] } })], 2);
test(
  'what directories share once',
  costs,
  [container({ file: { matchDirectories: [{ dir: '/etc/ssl/' }, { dir: '/etc/pki/' }] } })],
  6,
);
test(
  'a directory inside another',
  costs,
  [container({ file: { matchDirectories: [{ dir: '/etc/' }, { dir: '/etc/ssl/' }] } })],
  5,
);
test(
  'a directory for each source',
  costs,
  [container({ process: { matchDirectories: [{ dir: '/tmp/', fromSource: sources }] } })],
  6,
);
test(
  'a path of process and file rules once',
  costs,
  [container({ process: paths('/bin/a'), file: paths('/bin/a') })],
  1,
);
test(
  'an allow-list of each category',
  costs,
  [
    container({
      action: 'Allow',
      process: paths('/bin/a'),
      file: paths('/bin/a'),
      network: { matchProtocols: [{ protocol: 'tcp' }], matchDNSQueries: [{ domain: 'example.org' }] },
      capabilities: { matchCapabilities: [{ capability: 'kill' }] },
    }),
  ],
  1 + 1 + 5 + 1 + 5,
);
test('nothing for Audit', costs, [container({ action: 'Audit', file: paths('/etc/passwd') })], 0);
test(
  'nothing for an action that is none',
  costs,
  [container({ file: { matchPaths: [{ path: '/a', action: 'block' }] } })],
  0,
);
test(
  'nothing for patterns and syscalls',
  costs,
  [container({ file: { matchPatterns: [{ pattern: '/**' }] }, syscalls: { matchSyscalls: [{ syscall: ['mount'] }] } })],
  0,
);
test(
  'a protocol once, whatever its case',
  costs,
  [container({ network: { matchProtocols: [{ protocol: 'tcp' }, { protocol: 'TCP' }] } })],
  1,
);
test(
  'all protocols as seven types and an empty key',
  costs,
  [container({ network: { matchProtocols: [{ protocol: 'all' }] } })],
  8,
);
test(
  'unknown protocols together once',
  costs,
  [container({ network: { matchProtocols: [{ protocol: 'x' }, { protocol: 'y' }] } })],
  1,
);
test(
  'a comma list one by one',
  costs,
  [container({ network: { matchProtocols: [{ protocol: 'tcp, udp' }, { protocol: 'raw,icmp' }] } })],
  4,
);
test(
  'a comma list behind a plain rule as one unknown name',
  costs,
  [container({ network: { matchProtocols: [{ protocol: 'tcp' }, { protocol: 'raw,icmp' }] } })],
  2,
);
test(
  'a DNS name with its search domains',
  costs,
  [container({ network: { matchDNSQueries: [{ domain: '.example.org.' }] } })],
  5,
);
test(
  'one search domain less on a host',
  costs,
  [host({ network: { matchDNSQueries: [{ domain: 'example.org' }] } })],
  4,
);
test(
  'unknown capabilities as chown',
  costs,
  [
    container({
      capabilities: {
        matchCapabilities: [{ capability: 'CAP_X' }, { capability: 'chown' }, { capability: 'sys_nice' }],
      },
    }),
  ],
  1,
);
test(
  'no capabilities on a host',
  costs,
  [host({ capabilities: { matchCapabilities: [{ capability: 'chown', fromSource: sources }] } })],
  0,
);
test(
  'a source without a path as none',
  costs,
  [container({ file: { matchPaths: [{ path: '/a', fromSource: [{}] }, { path: '/a' }] } })],
  1,
);
test(
  'an execname once',
  costs,
  [container({ process: { matchPaths: [{ execname: 'apt', path: '/usr/bin/apt' }] } })],
  1,
);
test(
  'what several policies share once',
  costs,
  [container({ file: paths('/a', '/b') }), container({ file: paths('/b', '/c') })],
  3,
);
test(
  'paths that are one within 200 bytes',
  costs,
  [container({ file: paths(`/${'a'.repeat(199)}x`, `/${'a'.repeat(199)}y`) })],
  1,
);
test(
  'a directory without its slash as KubeArmor takes it',
  costs,
  [container({ file: { matchDirectories: [{ dir: '/data/sub' }] } })],
  3,
);

test('says what each policy takes alone, and how many arguments', (t) => {
  const first = container({
    process: { matchPaths: [{ path: '/bin/python3', allowedArgs: ['-m', 'http'], fromSource: sources }] },
  });
  t.deepEqual(bpfBudget([first, container({ file: paths('/a') })]), {
    entries: 3,
    limit: 256,
    argumentEntries: 4,
    byPolicy: [
      { policy: 'p', entries: 2 },
      { policy: 'p', entries: 1 },
    ],
  });
});

test('more policies never take less, and never more than each alone', (t) => {
  const path = fc.constantFrom('/a', '/b', '/a/b', '/usr/bin/x');
  const spec = fc.record({
    action: fc.constantFrom('Allow', 'Block', 'Audit'),
    file: fc.record({ matchPaths: fc.array(fc.record({ path }), { maxLength: 3 }) }),
    process: fc.record({
      matchDirectories: fc.array(fc.record({ dir: path.map((each) => `${each}/`) }), { maxLength: 3 }),
    }),
  });
  fc.assert(
    fc.property(fc.array(spec, { maxLength: 4 }), spec, (specs, last) => {
      const policies = specs.map(container);
      const before = bpfBudget(policies).entries;
      const { entries, byPolicy } = bpfBudget([...policies, container(last)]);
      t.true(entries >= before);
      t.true(entries <= byPolicy.reduce((sum, each) => sum + each.entries, 0));
    }),
  );
});

test('takes anything for a policy', (t) => {
  fc.assert(fc.property(fc.anything(), (value) => t.true(bpfBudget([value, { spec: value }]).entries >= 0)));
});
