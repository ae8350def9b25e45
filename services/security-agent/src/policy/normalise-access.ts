import type { EventData } from './normalise-data.ts';

/** An exec as far as its event tells: the program's real path, and its arguments where they are known. */
export interface ExecFacts {
  readonly path: string;
  readonly args?: readonly string[];
}

/**
 * The program is `ProcessName`, a real path; `Resource` begins with the path as it was called (`/bin/cat`, a link to
 * busybox). A denial's `Resource` may be the command line of the *calling* shell, or the bare path for want of a command
 * line (captures u14, x02): then the arguments are unknown.
 */
export function execFacts(processName: string, resource: string, fromLsm: boolean): ExecFacts {
  if (processName === '') return splitCommand(resource, resource.indexOf(' '));
  if (resource === processName) return fromLsm ? { path: processName } : { path: processName, args: [] };
  if (resource.startsWith(`${processName} `)) return splitCommand(resource, processName.length);
  if (fromLsm || resource === '') return { path: processName };
  const called = splitCommand(resource, resource.indexOf(' '));
  return { path: processName, args: called.args ?? [] };
}

function splitCommand(command: string, end: number): ExecFacts {
  if (end < 0) return { path: command, args: [] };
  return { path: command.slice(0, end), args: command.slice(end + 1).split(' ') };
}

const WRITING_FLAGS = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND/;

/** Whether a file event is about writing: from the flags of an open, else from the hook or the system call. */
export function writes(pairs: EventData): boolean | undefined {
  const lsm = pairs.Lsm;
  if (lsm !== undefined) return lsm === 'FILE_OPEN' ? undefined : true;
  const syscall = pairs.Syscall;
  if (syscall === undefined) return undefined;
  if (syscall === 'SYS_OPEN' || syscall === 'SYS_OPENAT') {
    const flags = pairs.Flags;
    return flags === undefined ? undefined : WRITING_FLAGS.test(flags);
  }
  return syscall === 'SYS_CLOSE' ? undefined : true;
}

/** `oid` is the file's owner only where the monitor looked at the file: opens (monitor/systemMonitor, file_map). */
export function tellsOwner(pairs: EventData): boolean {
  return pairs.Syscall === 'SYS_OPEN' || pairs.Syscall === 'SYS_OPENAT';
}
