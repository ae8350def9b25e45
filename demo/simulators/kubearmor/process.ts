/** A process on the simulated machine, as the kernel and KubeArmor's sensors see it. */
export interface Process {
  /** Namespace numbers; both 0 stand for the host's own. */
  readonly pidNamespace: number;
  readonly mountNamespace: number;
  /** In its own pid namespace. */
  readonly pid: number;
  readonly ppid: number;
  readonly hostPid: number;
  readonly hostPpid: number;
  readonly uid: number;
  /** `pts0`, or '' without a terminal. */
  readonly tty: string;
  readonly cwd: string;
  /** Real path of the program, links resolved; '' before the first exec, when nobody knows it yet. */
  readonly executable: string;
  /** As it was called: path and arguments. */
  readonly command: string;
  readonly parentExecutable: string;
  /** The short name: `cat`, `runc:[2:INIT]`. */
  readonly name: string;
  /** Of the docker exec or container start it descends from; '0' for processes of the host. */
  readonly execId: string;
  /** AppArmor profile it runs under. */
  readonly profile: string;
}

/** What the files of a container are like, where it matters for a decision. */
export interface FileFacts {
  /** Symbolic links: `/bin/cat` → `/bin/busybox`. */
  readonly links?: Readonly<Record<string, string>>;
  /** Owners other than root. */
  readonly owners?: Readonly<Record<string, number>>;
  /** Directories that are binds or volumes: files there are seen once, those of the image twice (overlayfs). */
  readonly volumes?: readonly string[];
  /** Files that are there, where it matters that they need not be created. */
  readonly present?: readonly string[];
}

/** A container's root: what its image is like, and which of its files it has changed. */
export interface RootFs {
  readonly facts: FileFacts;
  /** Copied up by overlayfs, or made there. */
  readonly changed: Set<string>;
  /** Whose names the kernel has in its cache. */
  readonly lookedUp: Set<string>;
  /** Where overlayfs works when it copies. */
  readonly workDirectory: string;
}

/** A file as an access to it meets it. */
export interface FileSeen {
  readonly path: string;
  readonly owner: number;
  readonly parentOwner: number;
}

/** The LSM hooks that KubeArmor's BPF programs sit on; names as its events spell them (reference/kubearmor.md §0). */
export type FileHook =
  | 'FILE_OPEN'
  | 'FILE_PERMISSION'
  | 'FILE_MKNOD'
  | 'FILE_MKDIR'
  | 'FILE_RMDIR'
  | 'FILE_UNLINK'
  | 'FILE_SYMLINK'
  | 'FILE_LINK'
  | 'FILE_RENAME'
  | 'FILE_CHMOD'
  | 'FILE_TRUNCATE';

export type LsmCall =
  | { readonly hook: 'SECURITY_BPRM_CHECK'; readonly file: FileSeen; readonly args: readonly string[] }
  /** `uid` is the mounter's (0) where overlayfs opens the file below. */
  | { readonly hook: FileHook; readonly file: FileSeen; readonly uid: number }
  | {
      readonly hook: 'SOCKET_CREATE' | 'SOCKET_CONNECT' | 'SOCKET_ACCEPT';
      readonly type: number;
      readonly protocol: number;
    }
  | { readonly hook: 'SOCKET_SENDMSG'; readonly domain: string }
  | { readonly hook: 'CAPABLE'; readonly capability: number }
  | { readonly hook: 'PRESET'; readonly preset: PresetName; readonly resource: string };

export type PresetName = 'filelessExec' | 'protectEnv' | 'protectProc' | 'exec' | 'anonymousMapExec';

/** A system call as the monitor's tracepoints see it, after it returned. */
export interface TracedCall {
  readonly operation: 'Process' | 'File' | 'Network' | 'Syscall';
  readonly resource: string;
  readonly data: string;
  /** `Passed`, or the text of the error. */
  readonly result: string;
  /** Owner of the file. */
  readonly owner?: number;
  /** Reported a second time with operation Syscall (§4.2: setuid, unlink, mount …). */
  readonly audited?: true;
}

/** What watches a machine: nothing, or a KubeArmor. */
export interface Sensor {
  /** Whether the hook says no. */
  deny(process: Process, call: LsmCall): boolean;
  trace(process: Process, call: TracedCall): void;
}
