import type { Machine } from './machine.ts';
import type { RootFs } from './process.ts';
import type { Login } from './process-table.ts';
import { type Outcome, PASSED, Program } from './program.ts';

export interface ExecResult {
  /** Of the program's own start; `OCI runtime exec failed` when it did not come so far. */
  readonly outcome: Outcome;
  /** The running program; absent when it was denied. */
  readonly program?: Program;
}

/** A file that every Go program opens first, runc as well. */
const GO_START = '/sys/kernel/mm/transparent_hugepage/hpage_pmd_size';

/**
 * `docker exec`: runc enters the container and becomes the program. On its way it does things that KubeArmor sees, and
 * that policies may stop (reference/kubearmor.md §0).
 *
 * @param argv path and arguments; the path as it would be found, links allowed
 */
export function dockerExec(
  machine: Machine,
  name: string,
  argv: readonly [string, ...string[]],
  login: Login = {},
): ExecResult {
  const container = machine.container(name);
  const root = machine.rootOf(container);
  const runc = new Program(machine, machine.processes.entering(container, { ...login, uid: 0 }), root);
  // Joining the namespaces; without the capability nothing can be executed in the container any more.
  const joined = [runc.capability('sys_admin'), runc.capability('sys_admin')];
  if (joined.some((outcome) => outcome !== PASSED)) return { outcome: 'OCI runtime exec failed' };
  runc.setuid(0);
  runc.setgid(0);
  runc.open(GO_START);
  for (let times = 0; times < 3; times++) runc.capability('sys_admin');
  for (const path of ['/etc/passwd', '/etc/group', '/etc/group']) runc.open(path, 'O_RDONLY|O_CLOEXEC');
  const { uid = 0 } = login;
  if (uid !== 0) for (let times = 0; times < 2; times++) runc.capability('chown');
  runc.setgid(uid);
  runc.setuid(uid);
  const entered = machine.processes.entering(container, login);
  return new Program(machine, entered, root).exec(argv, { fork: false });
}

/** What the container's own first process does, once it runs. */
export function firstProgram(machine: Machine, name: string): Program {
  const container = machine.container(name);
  if (container.init === undefined) throw new RangeError(`${name} does not run`);
  return new Program(machine, container.init, machine.rootOf(container));
}

/** The host's files are nobody's image: they are seen once. */
const HOST_ROOT: RootFs = { facts: { volumes: ['/'] }, changed: new Set(), lookedUp: new Set(), workDirectory: '' };

/** A program of the host. */
export function hostProgram(machine: Machine, ...argv: readonly [string, ...string[]]): Program {
  return new Program(machine, machine.processes.onHost(argv), HOST_ROOT);
}
