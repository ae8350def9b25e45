import { CAPABILITIES } from './capabilities.ts';
import { FileHooks } from './file-hooks.ts';
import type { Machine } from './machine.ts';
import type { LsmCall, PresetName, Process, RootFs, TracedCall } from './process.ts';
import { PROTOCOLS, SOCKET_TYPES } from './rule-map.ts';

/** `Passed`, or the error's text as KubeArmor writes it. */
export type Outcome = string;
export const PASSED = 'Passed';
const DENIED = 'Permission denied';
const NOT_PERMITTED = 'Operation not permitted';
/** Files here are memory, too (filelessexec.bpf.c). */
const SHARED_MEMORY = /^\/(?:dev|run)\/shm\//;

export interface SocketOptions {
  readonly family?: string;
  readonly type?: keyof typeof SOCKET_TYPES;
  readonly protocol?: keyof typeof PROTOCOLS | 'HOPOPT';
  /** `SOCK_NONBLOCK|SOCK_CLOEXEC`, as programs add them to the type. */
  readonly flags?: string;
}

/**
 * A program that does things on the machine. Each call goes through the LSM hooks and tracepoints that the real one goes
 * through, in their order, and answers what the program would be told.
 */
export class Program {
  readonly process: Process;
  readonly #machine: Machine;
  readonly #root: RootFs;
  readonly #files: FileHooks;

  constructor(machine: Machine, process: Process, root: RootFs) {
    this.#machine = machine;
    this.process = process;
    this.#root = root;
    this.#files = new FileHooks(machine, process, root);
  }

  /** Runs another program in a child process, or in its own place; the outcome is what execve says. */
  exec(argv: readonly [string, ...string[]], { fork = true } = {}): { outcome: Outcome; program?: Program } {
    const executable = this.#root.facts.links?.[argv[0]] ?? argv[0];
    const next = this.#machine.processes.become(this.process, executable, argv, fork);
    const entering = { ...next, name: this.process.name };
    const file = this.#files.seen(executable);
    const stopped =
      this.#files.denies('FILE_OPEN', executable) ||
      (SHARED_MEMORY.test(executable) && this.#deny(entering, preset('filelessExec', executable))) ||
      (this.process.tty !== '' && !fork && this.#deny(entering, preset('exec', executable))) ||
      this.#deny(entering, { hook: 'SECURITY_BPRM_CHECK', file, args: argv.slice(1) });
    const call = { operation: 'Process', resource: next.command, data: 'syscall=SYS_EXECVE' } as const;
    this.#trace({ ...call, result: stopped ? DENIED : PASSED, owner: file.owner }, stopped ? entering : next);
    if (stopped) return { outcome: DENIED };
    return { outcome: PASSED, program: new Program(this.#machine, next, this.#root) };
  }

  /** Runs the bytes of a file from memory. */
  execFromMemory(name: string): Outcome {
    const process = { ...this.process, executable: '/proc/self/fd/4', command: '/proc/self/fd/4' };
    return this.#deny(process, preset('filelessExec', `memfd:${name}`)) ? DENIED : PASSED;
  }

  open(path: string, flags = 'O_RDONLY'): Outcome {
    const real = this.#root.facts.links?.[path] ?? path;
    const creates = flags.includes('O_CREAT');
    const opening = { creates, writes: /O_WRONLY|O_RDWR/.test(flags), truncates: flags.includes('O_TRUNC') };
    const result = this.#files.deniesOpening(real, opening) ? DENIED : PASSED;
    this.#traceFile(real, `syscall=SYS_OPENAT fd=-100 flags=${flags}`, result);
    return result;
  }

  /** Writes to an open file. */
  write(path: string): Outcome {
    return this.#files.denies('FILE_PERMISSION', path) ? DENIED : PASSED;
  }

  unlink(path: string, call: 'unlinkat' | 'unlink' = 'unlinkat'): Outcome {
    const result = this.#files.denies('FILE_UNLINK', path) ? DENIED : PASSED;
    this.#traceAudited(path, call === 'unlink' ? 'syscall=SYS_UNLINK' : 'syscall=SYS_UNLINKAT flags=', result);
    return result;
  }

  rmdir(path: string, call: 'unlinkat' | 'rmdir' = 'unlinkat'): Outcome {
    const result = this.#files.denies('FILE_RMDIR', path) ? DENIED : PASSED;
    const data = call === 'rmdir' ? 'syscall=SYS_RMDIR' : 'syscall=SYS_UNLINKAT flags=AT_REMOVEDIR';
    this.#traceAudited(path, data, result);
    return result;
  }

  /** These leave no telemetry at all, only the denial of the hook. */
  mkdir = (path: string): Outcome => (this.#files.denies('FILE_MKDIR', path) ? DENIED : PASSED);
  mknod = (path: string): Outcome => (this.#files.denies('FILE_MKNOD', path) ? DENIED : PASSED);
  symlink = (path: string): Outcome => (this.#files.denies('FILE_SYMLINK', path) ? DENIED : PASSED);
  truncate = (path: string): Outcome => (this.#files.denies('FILE_TRUNCATE', path) ? DENIED : PASSED);

  link(from: string, to: string): Outcome {
    return this.#files.denies('FILE_LINK', from) || this.#files.denies('FILE_LINK', to) ? DENIED : PASSED;
  }

  /** A denied rename is denied in silence (reference/kubearmor.md §0). */
  rename(from: string, to: string): Outcome {
    return this.#files.denies('FILE_RENAME', from) || this.#files.denies('FILE_RENAME', to) ? DENIED : PASSED;
  }

  chmod(path: string): Outcome {
    if (this.#files.denies('FILE_CHMOD', path)) return DENIED;
    return this.#files.copyUp(path) ? DENIED : PASSED;
  }

  /** Not covered by a hook of its own (§4.9), but by the capability. */
  chown(path: string, uid: number, gid: number): Outcome {
    const result = this.capability('chown') === PASSED ? PASSED : NOT_PERMITTED;
    this.#traceAudited(path, `syscall=SYS_FCHOWNAT userid=${uid} group=${gid} mode=0`, result);
    return result;
  }

  socket({ family = 'AF_INET', type = 'STREAM', protocol = 'HOPOPT', flags = '' }: SocketOptions = {}): Outcome {
    const number = PROTOCOLS[protocol] ?? 0;
    const result = this.#deny(this.process, {
      hook: 'SOCKET_CREATE',
      type: SOCKET_TYPES[type] ?? 0,
      protocol: number,
    })
      ? DENIED
      : PASSED;
    const resource = `domain=${family} type=SOCK_${type}${flags === '' ? '' : `|${flags}`} protocol=${protocol}`;
    this.#trace({ operation: 'Network', resource, data: 'syscall=SYS_SOCKET', result });
    return result;
  }

  /** @param result what the network says when nothing denies it: `Passed`, `Connection refused` … */
  connect(address: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP', result: Outcome = PASSED): Outcome {
    const type = protocol === 'TCP' ? 'STREAM' : 'DGRAM';
    const call = { hook: 'SOCKET_CONNECT', type: SOCKET_TYPES[type] ?? 0, protocol: PROTOCOLS[protocol] ?? 0 } as const;
    const denied = this.#deny(this.process, call);
    const family = address.includes(':') ? 'AF_INET6' : 'AF_INET';
    if (!denied && protocol === 'TCP') {
      const resource = `remoteip=${address} port=${port} protocol=TCP`;
      this.#trace({ operation: 'Network', resource, data: `kprobe=tcp_connect domain=${family}`, result: PASSED });
    }
    const outcome = denied ? DENIED : result;
    this.#traceAddress('syscall=SYS_CONNECT fd=3', family, address, port, outcome);
    return outcome;
  }

  bind(address: string, port: number): Outcome {
    this.#traceAddress('syscall=SYS_BIND fd=3', address.includes(':') ? 'AF_INET6' : 'AF_INET', address, port, PASSED);
    return PASSED;
  }

  listen(): Outcome {
    this.#trace({ operation: 'Network', resource: '', data: 'syscall=SYS_LISTEN fd=3', result: PASSED });
    return PASSED;
  }

  accept(address: string, port: number): Outcome {
    const call = { hook: 'SOCKET_ACCEPT', type: SOCKET_TYPES.STREAM ?? 0, protocol: PROTOCOLS.TCP ?? 0 } as const;
    if (this.#deny(this.process, call)) return DENIED;
    const resource = `remoteip=${address} port=${port} protocol=TCP`;
    this.#trace({ operation: 'Network', resource, data: 'kprobe=tcp_accept domain=AF_INET', result: PASSED });
    return PASSED;
  }

  /** A query over UDP; only connected sockets are looked at, so a sendto without connect passes unseen (§0). */
  resolve(domain: string, server: string, { type = 'A', connected = true } = {}): Outcome {
    if (!connected) return PASSED;
    if (this.#deny(this.process, { hook: 'SOCKET_SENDMSG', domain })) return DENIED;
    const data = `kfunc=UDP_SENDSKB domain=${domain} daddr=${server} qtype=${type}`;
    this.#trace({ operation: 'Network', resource: 'sa_family=AF_INET sin_port=53', data, result: PASSED });
    return PASSED;
  }

  /** @param name lower case, without `cap_` */
  capability(name: string): Outcome {
    const capability = CAPABILITIES[`CAP_${name.toUpperCase()}`] ?? 0;
    return this.#deny(this.process, { hook: 'CAPABLE', capability }) ? NOT_PERMITTED : PASSED;
  }

  setuid(uid: number): Outcome {
    const result = this.capability('setuid');
    this.#trace(syscall(`syscall=SYS_SETUID userid=${uid}`, result), { ...this.process, uid });
    return result;
  }

  setgid(gid: number): Outcome {
    const result = this.capability('setgid');
    this.#trace(syscall(`syscall=SYS_SETGID userid=${gid}`, result));
    return result;
  }

  /** A mount without options goes unseen: the monitor waits for a fifth argument that is not there. */
  mount(source: string, target: string, filesystem: string, options = ''): Outcome {
    const result = this.capability('sys_admin');
    const what = `source=${source} target=${target} filesystem=${filesystem} mountflag=0 data=${options}`;
    if (options !== '') this.#trace(syscall(`syscall=SYS_MOUNT ${what}`, result));
    return result;
  }

  umount(target: string): Outcome {
    const result = this.capability('sys_admin');
    this.#trace(syscall(`syscall=SYS_UMOUNT2 target=${target} flag=0`, result));
    return result;
  }

  ptrace(pid: number, program: string): Outcome {
    const data = `syscall=SYS_PTRACE request=PTRACE_ATTACH pid=${pid} process=${program}`;
    this.#trace({ operation: 'Process', resource: program, data, result: PASSED, audited: true });
    return PASSED;
  }

  /** Memory that can be written and executed, as a just-in-time compiler asks for. Denied in silence (§0). */
  mapExecutable(): Outcome {
    return this.#deny(this.process, preset('anonymousMapExec', '')) ? DENIED : PASSED;
  }

  /** Reads /proc/<pid>/environ, maps … of another process. */
  readProc(file: string): Outcome {
    const resource = this.process.executable;
    if (file === 'environ' && this.#deny(this.process, preset('protectEnv', resource))) return DENIED;
    return this.#deny(this.process, preset('protectProc', resource)) ? DENIED : PASSED;
  }

  #deny(process: Process, call: LsmCall): boolean {
    return this.#machine.denies(process, call);
  }

  #trace(call: TracedCall, process: Process = this.process): void {
    this.#machine.sensor?.trace(process, call);
  }

  #traceFile(resource: string, data: string, result: Outcome): void {
    this.#trace({ operation: 'File', resource, data, result, owner: this.#files.seen(resource).owner });
  }

  #traceAudited(resource: string, data: string, result: Outcome): void {
    this.#trace({ operation: 'File', resource, data, result, owner: this.#files.seen(resource).owner, audited: true });
  }

  #traceAddress(data: string, family: string, address: string, port: number, result: Outcome): void {
    const resource = `sa_family=${family} sin_port=${port} sin_addr=${address}`;
    this.#trace({ operation: 'Network', resource, data, result });
  }
}

function syscall(data: string, result: Outcome): TracedCall {
  return { operation: 'Syscall', resource: '', data, result };
}

function preset(name: PresetName, resource: string): LsmCall {
  return { hook: 'PRESET', preset: name, resource };
}
