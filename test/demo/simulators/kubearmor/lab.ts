import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { type Channel, openChannel } from '#agent/kubearmor/channel.ts';
import { type Procedure, procedures } from '#agent/kubearmor/wire.ts';
import { dockerExec } from '#demo/simulators/kubearmor/docker-exec.ts';
import { type ContainerSpec, Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { Login } from '#demo/simulators/kubearmor/process-table.ts';
import { PASSED, type Program } from '#demo/simulators/kubearmor/program.ts';
import type { KubeArmorOptions } from '#demo/simulators/kubearmor/settings.ts';
import { type KubeArmorSimulator, startKubeArmor } from '#demo/simulators/kubearmor/start.ts';
import type { Json, RecordedCall } from './captures.ts';

/** The recordings' image test:1: every name in /bin is a link to busybox; see its README. */
const FILES = {
  links: Object.fromEntries(
    ['sh', 'cat', 'ls', 'id', 'wget', 'ping', 'cp', 'nslookup', 'insmod', 'sleep'].map((name) => [
      `/bin/${name}`,
      '/bin/busybox',
    ]),
  ),
  owners: { '/home/user/u.txt': 1000 },
};

export const LABELS = {
  'openhorizon.anax.agreement_id': '7f0c3c9fb1d2a7e4c5b60f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566',
  'openhorizon.anax.deployment_description_hash': 'abc',
  'openhorizon.anax.service_name': 'homeassistant',
  'openhorizon.anax.variation': '',
};

/** A simulated node as in the recordings, listened to over real sockets. */
export interface Lab {
  readonly machine: Machine;
  readonly simulator: KubeArmorSimulator;
  readonly channel: Channel;
  readonly alerts: Json[];
  readonly logs: Json[];
  readonly state: Json[];
  /** A container of image test:1 with anax's labels. */
  workload(name: string, service?: string, spec?: Partial<ContainerSpec>): Promise<void>;
  call(call: Pick<RecordedCall, 'method' | 'request'>): Promise<string>;
  /** Applies or deletes one policy with a label selector for `service`. */
  policy(type: string, name: string, spec: Json, service?: string): Promise<string>;
  /** `docker exec`; then whatever the program does. */
  exec(container: string, argv: string, then?: (program: Program) => unknown, login?: Login): string;
  /** Everything that was sent has arrived. */
  arrived(): Promise<void>;
  forget(): void;
  close(): Promise<void>;
}

export async function openLab(
  t: ExecutionContext,
  options: KubeArmorOptions & { readonly machine?: Machine; readonly port?: number } = {},
): Promise<Lab> {
  const machine = options.machine ?? new Machine();
  if (options.machine === undefined) machine.run({ name: 'kubearmor', pidHost: true, privileged: true });
  const simulator = await startKubeArmor({ ...options, machine });
  await simulator.settled();
  const channel = openChannel(simulator.address, undefined);
  const [alerts, logs, state]: [Json[], Json[], Json[]] = [[], [], []];
  listen(channel, procedures.watchAlerts, { Filter: 'all' }, alerts);
  listen(channel, procedures.watchLogs, { Filter: 'all' }, logs);
  listen(channel, procedures.watchState, {}, state);
  await until(() => simulator.clients === (options.stateAgent === false ? 2 : 3));
  let markers = 0;
  const close = async (): Promise<void> => {
    channel.close();
    await simulator.stop();
  };
  t.teardown(close);
  const call: Lab['call'] = async ({ method, request }) => {
    const answer = await channel.call(procedures[method], { policy: Buffer.from(request) }, 5000);
    return 'status' in answer ? String(answer.status) : '';
  };
  return {
    machine,
    simulator,
    channel,
    alerts,
    logs,
    state,
    call,
    async workload(name, service = 'homeassistant', spec = {}) {
      const labels = { ...LABELS, 'openhorizon.anax.service_name': service };
      machine.run({ name, labels, files: FILES, command: ['/bin/busybox', '1000000'], ...spec });
      await simulator.settled();
    },
    policy(type, name, spec, service = 'homeassistant') {
      const selector = { matchLabels: { 'openhorizon.anax.service_name': service } };
      const object = { metadata: { name }, spec: { selector, ...spec } };
      return call({ method: 'containerPolicy', request: JSON.stringify({ type, object }) });
    },
    exec(container, argv, then, login) {
      const [path = '', ...args] = argv.split(' ');
      const { outcome, program } = dockerExec(machine, container, [path, ...args], login);
      if (program !== undefined) then?.(program);
      return outcome;
    },
    async arrived() {
      // Within a stream the order holds: what was sent before a mark is there when the mark is.
      markers++;
      for (const stream of ['alerts', 'logs'] as const) simulator.emit(stream, { UpdatedTime: `mark ${markers}` });
      simulator.emit('state', { Name: `mark ${markers}` });
      const isMark = (message: Json): boolean => Object.values(message).includes(`mark ${markers}`);
      const streams = options.stateAgent === false ? [alerts, logs] : [alerts, logs, state];
      await until(() => streams.every((received) => received.some(isMark)));
      for (const received of streams) received.pop();
    },
    forget() {
      for (const received of [alerts, logs, state]) received.length = 0;
    },
    close,
  };
}

function listen(channel: Channel, procedure: Procedure, request: object, into: Json[]): void {
  const stream = channel.open(procedure, request);
  stream.on('data', (message: Json) => into.push(message));
  stream.on('error', () => undefined);
}

/** Waits until something is so; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

/** The recordings' helper: a Go program that does one thing. */
export function kt(lab: Lab, container: string, line: string, login?: Login): string {
  const [operation = '', first = '', second = ''] = line.split(' ');
  let outcome = PASSED;
  const started = lab.exec(
    container,
    `/bin/kt ${line}`,
    (program) => {
      program.open('/sys/kernel/mm/transparent_hugepage/hpage_pmd_size');
      program.open('/sys/fs/cgroup/cpu.max', 'O_RDONLY|O_CLOEXEC');
      outcome = OPERATIONS[operation]?.(program, first, second) ?? 'unknown operation';
    },
    login,
  );
  return started === PASSED ? outcome : started;
}

const SOCKET_FLAGS = 'SOCK_NONBLOCK|SOCK_CLOEXEC';

const OPERATIONS: Readonly<Record<string, (program: Program, first: string, second: string) => string>> = {
  flood: (program, path, times) => {
    for (let time = 0; time < Number(times); time++) program.open(path);
    return PASSED;
  },
  read: (program, path) => program.open(path, 'O_RDONLY|O_CLOEXEC'),
  write: (program, path) => program.open(path, 'O_WRONLY|O_CREAT|O_CLOEXEC'),
  append: (program, path) => {
    const opened = program.open(path, 'O_WRONLY|O_APPEND|O_CLOEXEC');
    return opened === PASSED ? program.write(path) : opened;
  },
  rm: (program, path) => program.unlink(path),
  rmdir: (program, path) => program.rmdir(path),
  mkdir: (program, path) => program.mkdir(path),
  rename: (program, from, to) => program.rename(from, to),
  symlink: (program, _target, path) => program.symlink(path),
  link: (program, from, to) => program.link(from, to),
  chmod: (program, path) => program.chmod(path),
  chown: (program, path) => program.chown(path, 1000, 1000),
  trunc: (program, path) => program.truncate(path),
  raw: (program) => program.socket({ type: 'RAW', protocol: 'ICMP' }),
  tcp: (program, target) => {
    const made = program.socket({ flags: SOCKET_FLAGS });
    const [address = '', port] = target.split(':');
    return made === PASSED ? program.connect(address, Number(port), 'TCP', 'Operation now in progress') : made;
  },
  udp: (program, target) => {
    const made = program.socket({ type: 'DGRAM', flags: SOCKET_FLAGS });
    const [address = '', port] = target.split(':');
    return made === PASSED ? program.connect(address, Number(port), 'UDP') : made;
  },
  dns: (program, server, domain) => {
    program.socket({ type: 'DGRAM', flags: SOCKET_FLAGS });
    const [address = ''] = server.split(':');
    program.connect(address, 53, 'UDP');
    return program.resolve(domain, address);
  },
  dnssendto: (program, server, domain) => {
    program.socket({ family: 'AF_INET6', type: 'DGRAM', flags: SOCKET_FLAGS });
    return program.resolve(domain, server, { connected: false });
  },
  ptrace: (program, pid) => program.ptrace(Number(pid), '/bin/busybox'),
  umount: (program, target) => program.umount(target),
  mount: (program, target) => program.mount('none', target, 'tmpfs'),
  setuid: (program, id) => program.setuid(Number(id)),
  setgid: (program, id) => program.setgid(Number(id)),
};

/** What getProbeData answers, with the policies in it as JSON. */
export async function probeOf(channel: Channel): Promise<unknown> {
  const answer = await channel.call(procedures.getProbeData, {}, 5000);
  const decode = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== 'object' || value === null) return value;
    if ('policy' in value && value.policy instanceof Uint8Array)
      return JSON.parse(Buffer.from(value.policy).toString());
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decode(each)]));
  };
  return decode(answer);
}
