import test from 'ava';
import { type ExplainOptions, explainPolicies } from '#policy/explain.ts';
import { explanationLines } from '#policy/explain-text.ts';

type Rules = Readonly<Record<string, unknown>>;

function container(name: string, rules: Rules, labels: Rules = { app: 'web' }) {
  return {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, ...rules },
  };
}

function host(name: string, rules: Rules) {
  return {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorHostPolicy',
    metadata: { name },
    spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } }, ...rules },
  };
}

const BPF: ExplainOptions = { enforcer: 'bpf', posture: 'audit' };

const says = test.macro({
  exec(t, rules: Rules, sentences: readonly string[]) {
    const [target] = explainPolicies([container('p', rules)], BPF);
    t.deepEqual(
      target?.sections.flatMap(({ statements }) => statements.map(({ effect, text }) => `${effect}: ${text}`)),
      sentences,
    );
  },
  title: (what) => `says ${what}`,
});

const process = (rule: Rules, action = 'Block') => ({ action, process: { matchPaths: [rule] } });
const file = (rule: Rules, action = 'Block') => ({ action, file: { matchPaths: [rule] } });

test('a blocked program', says, process({ path: '/usr/bin/apt' }), ['blocked: No process may start /usr/bin/apt.']);
test('a program by its name', says, process({ execname: 'apt' }), [
  'blocked: No process may start any program called apt.',
]);
test(
  'a program for sources',
  says,
  process({ path: '/usr/bin/ls', fromSource: [{ path: '/usr/bin/sh' }, { path: '/usr/bin/bash' }] }),
  ['blocked: /usr/bin/sh or /usr/bin/bash may not start /usr/bin/ls.'],
);
test('arguments', says, process({ path: '/usr/bin/python3', allowedArgs: ['-m', 'http.server'] }), [
  'blocked: Any process may start /usr/bin/python3 only with arguments, and these only: -m and http.server.',
]);
test('a file of its owner', says, file({ path: '/etc/shadow', ownerOnly: true }), [
  'blocked: Only the owner of the file may open /etc/shadow.',
]);
test('a file that is only not to be changed', says, file({ path: '/etc/passwd', readOnly: true }), [
  'blocked: No process may write to /etc/passwd.',
]);
test('a file allowed for reading', says, file({ path: '/etc/passwd', readOnly: true }, 'Allow'), [
  'allowed: Every process may open /etc/passwd for reading, not for writing.',
]);
test('a file that is watched', says, file({ path: '/etc/passwd' }, 'Audit'), [
  'reported: It is reported when any process opens /etc/passwd.',
]);
test(
  'the action of a rule above that of its section and policy',
  says,
  { action: 'Block', file: { action: 'Audit', matchPaths: [{ path: '/a', action: 'Allow' }, { path: '/b' }] } },
  ['allowed: Every process may open /a.', 'reported: It is reported when any process opens /b.'],
);
test(
  'directories',
  says,
  { action: 'Block', file: { matchDirectories: [{ dir: '/etc/ssl/', recursive: true }, { dir: '/root/' }] } },
  [
    'blocked: No process may open anything in or below /etc/ssl/.',
    'blocked: No process may open anything directly in /root/.',
  ],
);
test(
  'protocols',
  says,
  {
    action: 'Block',
    network: { matchProtocols: [{ protocol: 'raw' }, { protocol: 'all', fromSource: [{ path: '/bin/sh' }] }] },
  },
  ['blocked: No process may use raw.', 'blocked: /bin/sh may not use the network.'],
);
test('names', says, { action: 'Allow', network: { matchDNSQueries: [{ domain: 'example.org' }] } }, [
  'allowed: Every process may look up example.org or a name below it.',
]);
test('capabilities', says, { action: 'Block', capabilities: { matchCapabilities: [{ capability: 'sys_admin' }] } }, [
  'blocked: No process may use the capability sys_admin.',
]);
test(
  'system calls, which are never more than reported',
  says,
  { action: 'Block', syscalls: { matchSyscalls: [{ syscall: ['unlink', 'unlinkat'] }] } },
  ['reported: It is reported when any process calls unlink or unlinkat.'],
);
test(
  'a preset that blocks though its action is Allow',
  says,
  { action: 'Audit', presets: [{ name: 'filelessExec', action: 'Allow' }] },
  ['blocked: Starting a program from memory or from /dev/shm is blocked.'],
);
test('an action that is none', says, process({ path: '/usr/bin/apt' }, 'Deny'), [
  'nothing: "Deny" is no action: the rule on /usr/bin/apt does nothing.',
]);

const otherwise = (rules: Rules, options: Partial<ExplainOptions> = {}) =>
  explainPolicies([container('p', rules)], { ...BPF, ...options })[0]?.sections.map(
    ({ section, otherwise: text }) => `${section}: ${text}`,
  );

test('an allow-list is said to be one, with what the posture does to everything else', (t) => {
  const rules = {
    ...process({ path: '/usr/bin/apt' }, 'Allow'),
    file: { matchPaths: [{ path: '/a', action: 'Block' }] },
  };
  t.deepEqual(otherwise(rules), [
    'programs: This is an allow-list of programs: everything else is allowed and reported (default posture audit).',
    'files: Everything else is as it was.',
  ]);
  t.deepEqual(
    otherwise(rules, { posture: 'block' })?.[0],
    'programs: This is an allow-list of programs: everything else is refused (default posture block).',
  );
});

test('an allowed source makes an allow-list for everybody', (t) => {
  const rules = process({ path: '/usr/bin/ls', fromSource: [{ path: '/usr/bin/sh' }] }, 'Allow');
  t.regex(
    otherwise(rules)?.[0] ?? '',
    /everything else, also for programs that no rule names, is allowed and reported/,
  );
});

test('policies of one target are explained together, those of another apart', (t) => {
  const targets = explainPolicies(
    [
      container('a', process({ path: '/usr/bin/apt' })),
      host('h', file({ path: '/etc/shadow' })),
      container('b', process({ path: '/usr/bin/ls' }, 'Allow')),
      container('c', process({ path: '/usr/bin/ls' }), { app: 'db' }),
    ],
    BPF,
  );
  t.deepEqual(
    targets.map(({ target, policies }) => [target, ...policies]),
    [
      ['containers with app = web', 'a', 'b'],
      ['every host', 'h'],
      ['containers with app = db', 'c'],
    ],
  );
  t.regex(targets[0]?.sections[0]?.otherwise ?? '', /allow-list of programs/);
});

test('rules of two policies that contradict each other are named', (t) => {
  const [target] = explainPolicies(
    [container('a', process({ path: '/usr/bin/apt' })), container('b', process({ path: '/usr/bin/apt' }, 'Allow'))],
    BPF,
  );
  t.true(target?.remarks.some((text) => text.startsWith('b says Allow of /usr/bin/apt, a says Block: under BPF-LSM')));
});

test('the budget is that of all policies together, and left out for AppArmor', (t) => {
  const policies = [
    container('a', process({ path: '/usr/bin/apt' })),
    container('b', process({ path: '/usr/bin/ls' })),
  ];
  t.is(explainPolicies(policies, BPF)[0]?.budget?.entries, 2);
  t.is(explainPolicies(policies, { ...BPF, enforcer: 'apparmor' })[0]?.budget, undefined);
});

test('what only one enforcer does is said for it', (t) => {
  const pattern = { action: 'Block', file: { matchPatterns: [{ pattern: '/etc/*.conf' }] } };
  const notes = (enforcer: ExplainOptions['enforcer']) =>
    explainPolicies([container('p', pattern)], { ...BPF, enforcer })[0]?.sections[0]?.statements[0]?.notes.map(
      ({ rule, severity }) => `${rule} ${severity}`,
    );
  t.deepEqual(notes('bpf'), ['KA220 error']);
  t.deepEqual(notes('apparmor'), []);
  const remarks = explainPolicies([container('p', process({ path: '/a' }, 'Allow'))], {
    enforcer: 'apparmor',
    posture: 'block',
  })[0]?.remarks;
  t.true(remarks?.some((text) => text.includes('profile')));
  t.true(remarks?.some((text) => text.includes('programs and files share one allow-list')));
});

test('reports need the visibility that they come from', (t) => {
  const [target] = explainPolicies(
    [
      container('p', {
        action: 'Audit',
        network: { matchProtocols: [{ protocol: 'tcp' }] },
        file: { matchPaths: [{ path: '/a' }] },
      }),
    ],
    BPF,
  );
  t.deepEqual(target?.remarks, ["What is only reported needs KubeArmor's -visibility to have file, network."]);
});

test('lines for people: mark, sentence, the policy where there are several, what lint has against it', (t) => {
  const lines = explanationLines(
    explainPolicies([container('a', process({ path: '/usr/bin/apt' })), container('b', { action: 'Audit' })], BPF),
  );
  t.deepEqual(lines, [
    'For containers with app = web (a, b)',
    '',
    '  Programs',
    '    ✗ No process may start /usr/bin/apt. [a]',
    '    Everything else is as it was.',
    '',
    '  BPF map: 1 of 256 entries.',
  ]);
  t.deepEqual(explanationLines(explainPolicies([container('b', {})], { ...BPF, enforcer: 'apparmor' })).slice(0, 3), [
    'For containers with app = web (b)',
    '',
    '  No rule.',
  ]);
});

test('a map that overflows is said to', (t) => {
  const matchPaths = Array.from({ length: 300 }, (_, index) => ({ path: `/usr/bin/p${index}` }));
  const lines = explanationLines(explainPolicies([container('a', { action: 'Block', process: { matchPaths } })], BPF));
  t.true(lines.includes('  BPF map: 300 of 256 entries: 44 rules or more will not hold.'));
});

const effects = (rules: Rules) =>
  explainPolicies([container('p', rules)], BPF)[0]?.sections.flatMap(({ statements }) =>
    statements.map(({ effect }) => effect),
  );

test('one bad part of a comma list, or one bad source, takes nothing from the others', (t) => {
  const protocols = { action: 'Block', network: { matchProtocols: [{ protocol: 'tcp,udp,bogus' }] } };
  t.deepEqual(effects(protocols)?.slice(0, 2), ['blocked', 'blocked']);
  const domains = { action: 'Block', network: { matchDNSQueries: [{ domain: 'a.org,*.b.org' }] } };
  t.is(effects(domains)?.[0], 'blocked');
  const sources = (...paths: string[]) => file({ path: '/etc/x', fromSource: paths.map((path) => ({ path })) });
  t.deepEqual(effects(sources('/bin/cat', 'bin/dog')), ['blocked']);
  t.deepEqual(effects(sources('bin/cat', 'bin/dog')), ['nothing']);
  t.deepEqual(effects({ action: 'Block', network: { matchProtocols: [{ protocol: 'bogus' }] } }), ['nothing']);
});

test('what lint says about a rule is said once, however many things its commas separate', (t) => {
  const capability = Array.from({ length: 300 }, (_, index) => `cap_${index}`).join(',');
  const [target] = explainPolicies(
    [container('p', { capabilities: { matchCapabilities: [{ capability }] }, action: 'Block' })],
    BPF,
  );
  const statements = target?.sections.flatMap((section) => section.statements) ?? [];
  t.is(statements.length, 300);
  t.true((statements[0]?.notes.length ?? 0) >= 300);
  t.true(statements.slice(1).every(({ notes }) => notes.length === 0));
});

test('a USB device', (t) => {
  const rules = { action: 'Block', device: { matchDevice: [{ class: 'MASS-STORAGE', subClass: 6 }] } };
  const [target] = explainPolicies([host('h', rules)], BPF);
  t.is(target?.sections[0]?.statements[0]?.text, 'A USB device of class MASS-STORAGE, subclass 6 is refused.');
});

test(
  'system calls of the programs in a directory',
  says,
  { action: 'Audit', syscalls: { matchSyscalls: [{ syscall: ['unlink'], fromSource: [{ dir: '/usr/bin/' }] }] } },
  ['reported: It is reported when a program directly in /usr/bin/ calls unlink.'],
);
test(
  'the report of anonymousMapExec, which never arrives',
  says,
  { presets: [{ name: 'anonymousMapExec', action: 'Audit' }] },
  ['nothing: Running code from anonymous memory is neither blocked nor reported.'],
);
test(
  'a capability that KubeArmor takes for another',
  says,
  { capabilities: { matchCapabilities: [{ capability: 'CAP_NET_RAW' }] } },
  ['blocked: No process may use the capability chown (which is what KubeArmor takes "CAP_NET_RAW" for).'],
);

test('what an enforcer never does is not said to be done', (t) => {
  const rules = { action: 'Block', file: { matchPatterns: [{ pattern: '/etc/*.conf' }] } };
  const told = (enforcer: ExplainOptions['enforcer']) =>
    explainPolicies([container('p', rules)], { enforcer, posture: 'block' })[0]?.sections[0]?.statements[0];
  t.is(told('bpf')?.effect, 'nothing');
  t.is(told('bpf')?.text, 'It says "No process may open anything that matches /etc/*.conf", and that does not hold.');
  t.is(told('apparmor')?.effect, 'blocked');
  t.is(otherwise({ ...rules, action: 'Allow' }, { posture: 'block' })?.[0], 'files: Everything else is as it was.');
});

test('the firewall', (t) => {
  const spec = (action: string) => ({
    nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } },
    action,
    ingress: [
      { from: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: '22', protocol: 'TCP' }], iface: ['eth0'] },
    ],
    egress: [{ limit: '500MB', duration: '1h' }],
  });
  const told = (action: string, posture: ExplainOptions['posture']) => {
    const policy = { kind: 'KubeArmorNetworkPolicy', metadata: { name: 'n' }, spec: spec(action) };
    const [target] = explainPolicies([policy], { ...BPF, posture });
    t.is(target?.target, 'every host');
    t.is(target?.budget, undefined);
    return target?.sections.flatMap(({ statements, otherwise: rest }) => [...statements.map(({ text }) => text), rest]);
  };
  t.deepEqual(told('Block', 'audit'), [
    'Packets that come in from 192.0.2.0/24 for TCP port 22 through eth0 are dropped.',
    'Of packets that go out, what is more than 500MB in 1h is dropped.',
    'Every other packet passes as before.',
  ]);
  t.regex(told('Allow', 'block')?.at(-1) ?? '', /every other packet is dropped, in both directions/);
});

test('whom a policy is for, where nobody is', (t) => {
  const targets = (policy: Rules) => explainPolicies([policy], BPF)[0]?.target;
  const spec = { selector: { matchExpressions: [{ key: 'label', operator: 'In', values: ['a=b'] }] } };
  t.regex(targets({ kind: 'KubeArmorClusterPolicy', spec }) ?? '', /^nobody outside Kubernetes/);
  t.is(targets({ kind: 'KubeArmorPolicy', spec }), 'no container: its selector has no matchLabels');
});

test('what lint has against the selector, and rules that overlap, are remarks', (t) => {
  const rules = {
    process: {
      matchDirectories: [{ dir: '/usr/bin/', recursive: true, action: 'Block' }],
      matchPaths: [{ path: '/usr/bin/ls', action: 'Allow' }],
    },
  };
  const [target] = explainPolicies([container('p', rules, { 'kubearmor.io/container.name': 'web' })], BPF);
  t.true(target?.remarks.some((text) => text.startsWith('p: "web" selects every container') && text.includes('KA104')));
  t.true(target?.remarks.some((text) => text.startsWith('Of rules that overlap, BPF-LSM takes the first of these')));
});

test('raw AppArmor rules are not passed over', (t) => {
  const [target] = explainPolicies([container('p', { apparmor: 'deny /etc/** w,\n' })], {
    ...BPF,
    enforcer: 'apparmor',
  });
  t.true(target?.remarks.some((text) => text.startsWith('p has raw AppArmor rules.')));
});
