import test from 'ava';
import fc from 'fast-check';
import { Daemon } from '#demo/simulators/kubearmor/daemon.ts';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import { Program } from '#demo/simulators/kubearmor/program.ts';
import { withDefaults } from '#demo/simulators/kubearmor/settings.ts';
import { compilePolicies, type Posture } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';
import type { Action, KubeArmorPolicy, RuleSections } from '#policy/types.ts';

/**
 * Two independent readings of KubeArmor's rules must agree: the simulator's, made to be recorded against, and the
 * evaluator's, made to judge past telemetry. Each access is made once without policies, to get its telemetry, and once
 * under them.
 */

const PATHS = ['/data/a', '/data/b', '/data/sub/a', '/data/sub/deep/a', '/etc/a', '/bin/prog', '/bin/other', '/opt/x'];
const DIRECTORIES = ['/', '/data/', '/data/sub/', '/data/sub/deep/', '/etc/', '/bin/'];
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'raw', 'stream', 'dgram', 'all'] as const;

const action = fc.constantFrom<Action>('Allow', 'Audit', 'Block');
const fileRules = fc.record({
  matchPaths: fc.array(
    fc.record(
      {
        path: fc.constantFrom(...PATHS),
        readOnly: fc.boolean(),
        action,
        fromSource: fc.constantFrom([{ path: '/bin/prog' }]),
      },
      { requiredKeys: ['path', 'action'] },
    ),
    { maxLength: 2 },
  ),
  matchDirectories: fc.array(
    fc.record(
      {
        dir: fc.constantFrom(...DIRECTORIES),
        recursive: fc.boolean(),
        readOnly: fc.boolean(),
        action,
        fromSource: fc.constantFrom([{ path: '/bin/prog' }]),
      },
      { requiredKeys: ['dir', 'action'] },
    ),
    { maxLength: 2 },
  ),
});
const processRules = fc.record({
  matchPaths: fc.array(fc.record({ path: fc.constantFrom(...PATHS), action }, { requiredKeys: ['path', 'action'] }), {
    maxLength: 2,
  }),
  matchDirectories: fc.array(
    fc.record(
      { dir: fc.constantFrom(...DIRECTORIES), recursive: fc.boolean(), action },
      { requiredKeys: ['dir', 'action'] },
    ),
    { maxLength: 2 },
  ),
});
const networkRules = fc.record({
  matchProtocols: fc.array(
    fc.record(
      { protocol: fc.constantFrom(...PROTOCOLS), action, fromSource: fc.constantFrom([{ path: '/bin/other' }]) },
      { requiredKeys: ['protocol', 'action'] },
    ),
    { maxLength: 2 },
  ),
});
const sections: fc.Arbitrary<RuleSections> = fc.record(
  { file: fileRules, process: processRules, network: networkRules },
  { requiredKeys: [] },
);

const access = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    path: fc.constantFrom('/', '/data', '/data/sub', ...PATHS),
    write: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('exec' as const), path: fc.constantFrom(...PATHS) }),
  fc.record({
    kind: fc.constant('socket' as const),
    type: fc.constantFrom('STREAM', 'DGRAM', 'RAW'),
    protocol: fc.constantFrom('HOPOPT', 'ICMP', 'TCP', 'UDP'),
  }),
);
type Access = typeof access extends fc.Arbitrary<infer T> ? T : never;

function policiesOf(specs: readonly RuleSections[]): KubeArmorPolicy[] {
  return specs.map((spec, index) => ({
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: `p${index}` },
    spec: { ...spec, selector: { matchLabels: { app: 'x' } } },
  }));
}

/** Makes an access in a container; its outcome, and the messages of both streams. */
function observe(policies: readonly KubeArmorPolicy[], postures: Posture, { ...what }: Access) {
  const machine = new Machine();
  const messages: { readonly stream: 'alert' | 'log'; readonly message: object }[] = [];
  const settings = withDefaults({ postures, throttling: { enabled: false } });
  const daemon = new Daemon(machine, settings, {
    alert: (message) => messages.push({ stream: 'alert', message }),
    log: (message) => messages.push({ stream: 'log', message }),
    state: () => undefined,
  });
  const container = machine.run({
    name: 'box',
    labels: { app: 'x' },
    command: ['/bin/prog', 'x'],
    files: { volumes: ['/'] },
  });
  daemon.start();
  for (const object of policies) daemon.policies.container(JSON.stringify({ type: 'ADDED', object }));
  if (container.init === undefined) throw new Error('the container does not run');
  const program = new Program(machine, container.init, machine.rootOf(container));
  const outcome =
    what.kind === 'open'
      ? program.open(what.path, what.write ? 'O_WRONLY' : 'O_RDONLY')
      : what.kind === 'exec'
        ? program.exec([what.path, 'x']).outcome
        : program.socket({ type: what.type, protocol: what.protocol });
  return { denied: outcome !== 'Passed', messages };
}

function telemetryOf(what: Access): SecurityEvent {
  const { messages } = observe([], { file: 'audit', network: 'audit', capabilities: 'audit' }, what);
  const normalised = normalise(messages[0]?.message);
  if (normalised.kind !== 'event') throw new Error(`no event of ${JSON.stringify(what)}`);
  return normalised.event;
}

const posture = fc.constantFrom<Posture['file']>('audit', 'block');
const postures: fc.Arbitrary<Posture> = fc.record({ file: posture, network: posture, capabilities: posture });

test('simulator and evaluator agree on what is denied', (t) => {
  fc.assert(
    fc.property(fc.array(sections, { maxLength: 3 }), postures, access, (specs, given, what) => {
      const policies = policiesOf(specs);
      const { denied } = observe(policies, given, what);
      const decision = compilePolicies(policies, { posture: given }).evaluate(telemetryOf(what));
      if (decision.certainty === 'certain') t.is(decision.outcome === 'blocked', denied, JSON.stringify(decision));
    }),
    { numRuns: 1500 },
  );
});

test('and on the policy that the alert names', (t) => {
  fc.assert(
    fc.property(fc.array(sections, { minLength: 1, maxLength: 3 }), postures, access, (specs, given, what) => {
      const policies = policiesOf(specs);
      const { messages } = observe(policies, given, what);
      const alerts = messages.filter(({ stream }) => stream === 'alert').map(({ message }) => message);
      // Starting a program also opens its file, and that may raise an alert of its own.
      const operation = { exec: 'Process', open: 'File', socket: 'Network' }[what.kind];
      const own = alerts.filter((message) => 'Operation' in message && message.Operation === operation);
      const decision = compilePolicies(policies, { posture: given }).evaluate(telemetryOf(what));
      if (decision.certainty === 'uncertain') return;
      const { alert } = decision;
      if (alert === undefined) t.deepEqual(own.map(nameOf), [], JSON.stringify(decision));
      else
        t.true(
          alerts.map(nameOf).includes(`${alert.policyName} ${alert.action}`),
          JSON.stringify({ decision, alerts }),
        );
    }),
    { numRuns: 1500 },
  );
});

function nameOf(message: object): string {
  return 'PolicyName' in message && 'Action' in message ? `${message.PolicyName} ${message.Action}` : '';
}
