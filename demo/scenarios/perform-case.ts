import type { Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { Process } from '#demo/simulators/kubearmor/process.ts';
import { type Outcome, Program, type SocketOptions } from '#demo/simulators/kubearmor/program.ts';
import type { CaseEvent } from '#tools/catalogue/template-tests.ts';

const SOCKETS: Readonly<Record<NonNullable<CaseEvent['socket']>, SocketOptions>> = {
  tcp: { type: 'STREAM', protocol: 'TCP' },
  udp: { type: 'DGRAM', protocol: 'UDP' },
  raw: { type: 'RAW', protocol: 'HOPOPT' },
  icmp: { type: 'RAW', protocol: 'ICMP' },
  netlink: { family: 'AF_NETLINK', type: 'RAW' },
  unix: { family: 'AF_UNIX', type: 'STREAM' },
};

/**
 * Does in a container what a case of the catalogue describes, as the program that the case names.
 *
 * @returns what the program was told: `Passed`, or the error's text
 */
export function performCase(machine: Machine, containerName: string, given: CaseEvent): Outcome {
  const container = machine.container(containerName);
  if (container.init === undefined) throw new RangeError(`${containerName} does not run`);
  const { uid, cwd } = container.init;
  const actor: Process = {
    ...machine.processes.become(container.init, given.by, [given.by], true),
    uid,
    cwd,
    tty: given.tty ?? '',
  };
  return act(new Program(machine, actor, machine.rootOf(container)), given);
}

function act(program: Program, given: CaseEvent): Outcome {
  if (given.exec?.startsWith('memfd:')) return program.execFromMemory(given.exec.slice('memfd:'.length));
  if (given.exec !== undefined) return program.exec([given.exec, ...(given.args ?? [])]).outcome;
  if (given.read !== undefined) return readOne(program, given.read.replace(CASE_PID, `/proc/${program.process.pid}/`));
  if (given.write !== undefined) return program.open(given.write, 'O_WRONLY|O_CREAT|O_TRUNC');
  if (given.change !== undefined) return change(program, given.change, given.hook);
  if (given.socket !== undefined) return program.socket(SOCKETS[given.socket]);
  if (given.query !== undefined) return program.resolve(given.query, '127.0.0.11');
  if (given.capability !== undefined) return program.capability(given.capability);
  return call(program, given.syscall ?? '');
}

/** In a case this is the acting process itself (case-event.ts). */
const CASE_PID = '/proc/4242/';

/** Another process's /proc files have a preset of their own. */
function readOne(program: Program, path: string): Outcome {
  const [, pid, file] = /^\/proc\/(\d+)\/(\w+)$/.exec(path) ?? [];
  const outcome = program.open(path);
  const another = file !== undefined && pid !== String(program.process.pid);
  return another && outcome === 'Passed' ? program.readProc(file) : outcome;
}

function change(program: Program, path: string, hook: CaseEvent['hook']): Outcome {
  switch (hook) {
    case 'link':
    case 'rename':
      return program[hook](path, `${path}.new`);
    case 'chmod':
    case 'mkdir':
    case 'mknod':
    case 'rmdir':
    case 'symlink':
    case 'truncate':
    case 'unlink':
    case undefined:
      return program[hook ?? 'truncate'](path);
  }
}

function call(program: Program, syscall: string): Outcome {
  switch (syscall) {
    case 'ptrace':
      return program.ptrace(1, '/usr/bin/app');
    case 'mount':
      return program.mount('cgroup', '/tmp/cgrp', 'cgroup', 'rdma');
    case 'umount':
    case 'umount2':
      return program.umount('/mnt');
    case 'setuid':
      return program.setuid(0);
    case 'setgid':
      return program.setgid(0);
    case 'chown':
    case 'fchownat':
      return program.chown('/data/file', 0, 0);
    case 'unlink':
    case 'unlinkat':
      return program.unlink('/data/file', syscall);
    case 'rmdir':
      return program.rmdir('/data/dir', 'rmdir');
    default:
      throw new RangeError(`no program here makes the system call ${syscall}`);
  }
}
