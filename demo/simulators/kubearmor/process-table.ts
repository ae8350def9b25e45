import type { Container } from './machine.ts';
import type { NamespaceSet } from './namespaces.ts';
import type { Process } from './process.ts';

const SHIM = '/usr/bin/containerd-shim-runc-v2';
const RUNC = '/usr/sbin/runc';

export interface Login {
  readonly uid?: number;
  /** `pts0` for `docker exec -t`. */
  readonly tty?: string;
  readonly cwd?: string;
}

/** Makes processes with the ids and parents that the real ones have. */
export class ProcessTable {
  readonly #now: () => number;
  #nextHostPid = 800;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The first process of a container. */
  init({ command, pidHost, apparmorProfile }: Container, namespaces: NamespaceSet): Process {
    return {
      profile: apparmorProfile,
      ...this.#ids(pidHost ? undefined : namespaces),
      pid: 1,
      uid: 0,
      tty: '',
      cwd: '/',
      executable: command[0],
      command: command.join(' '),
      parentExecutable: SHIM,
      name: shortName(command[0]),
      execId: this.#execId(),
    };
  }

  /** What `docker exec` starts in a container, before it becomes the program: runc, in the container's namespaces. */
  entering(container: Container, { uid = 0, tty = '', cwd = '/' }: Login): Process {
    return {
      profile: container.apparmorProfile,
      ...this.#ids(container.pidHost ? undefined : container.namespaces),
      pid: this.#nextHostPid % 500,
      uid,
      tty,
      cwd,
      executable: '',
      command: '',
      parentExecutable: RUNC,
      name: 'runc:[2:INIT]',
      execId: this.#execId(),
    };
  }

  onHost(command: readonly [string, ...string[]], namespaces?: NamespaceSet): Process {
    return {
      profile: 'unconfined',
      ...this.#ids(namespaces),
      pid: this.#nextHostPid,
      uid: 0,
      tty: '',
      cwd: '/root',
      executable: command[0],
      command: command.join(' '),
      parentExecutable: '/usr/bin/bash',
      name: shortName(command[0]),
      execId: '0',
    };
  }

  /** A copy of a process that runs another program: its child after fork and exec, or itself. */
  become(process: Process, executable: string, argv: readonly [string, ...string[]], forked: boolean): Process {
    const parent = forked ? process.executable : process.executable === '' ? SHIM : process.parentExecutable;
    return {
      ...process,
      ...(forked ? { hostPid: this.#nextHostPid++, hostPpid: process.hostPid, pid: process.pid + 1 } : {}),
      ppid: forked ? process.pid : process.ppid,
      executable,
      command: argv.join(' '),
      parentExecutable: parent,
      name: shortName(argv[0]),
    };
  }

  #ids(namespaces: NamespaceSet | undefined) {
    const hostPid = this.#nextHostPid++;
    return {
      pidNamespace: namespaces?.pid ?? 0,
      mountNamespace: namespaces?.mount ?? 0,
      ppid: 0,
      hostPid,
      hostPpid: hostPid - 1,
    };
  }

  #execId(): string {
    return String(Math.round(this.#now() * 1e3) % 1e14);
  }
}

/** At most 15 characters, as the kernel keeps it. */
function shortName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 15);
}
