import { SYSCALLS } from './syscall-names.ts';

/** A JSON Schema, as far as this project writes them. */
export type Schema = Readonly<Record<string, unknown>>;

/** Capabilities that the CRD knows, without `CAP_`. */
export const CAPABILITIES: readonly string[] = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ...['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ...['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ...['mac_override', 'mac_admin'],
];

export const PROTOCOLS: readonly string[] = [
  ...['tcp', 'udp', 'raw', 'icmp', 'icmpv6', 'sctp', 'stream', 'dgram', 'rdm', 'seqpacket', 'dccp', 'packet', 'all'],
];

/** Absolute, and not a directory. */
const FILE_PATH = '^\\/+.*[^\\/]$';
const DIRECTORY = '^\\/$|^\\/.*\\/$';

const text = (description: string): Schema => ({ type: 'string', description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
const list = (items: Schema, description: string): Schema => ({ type: 'array', items, description });

const filePath = (description: string): Schema => ({
  type: 'string',
  maxLength: 200,
  pattern: FILE_PATH,
  description,
});

export const action: Schema = {
  enum: ['Allow', 'Audit', 'Block'],
  type: 'string',
  description: 'Allow makes an allow-list of its section: everything else falls under the default posture.',
};

/** What is said of a match; inherited rule → section → spec. */
export const verdict: Schema = {
  severity: { type: 'integer', minimum: 1, maximum: 10, description: '1 to 10, in the alert.' },
  tags: list({ type: 'string' }, 'In the alert; compliance ids stand here.'),
  message: text('In the alert.'),
  action,
};

const { action: _action, ...verdictWithoutAction } = verdict;

export function object(properties: Schema, required: readonly string[] = []): Schema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

const fromSource = list(
  object({ path: filePath('Executable of the acting process; for process rules, of the one that starts it.') }),
  'The rule holds for these programs only.',
);
const syscallSource = list(
  object({
    path: filePath('Executable of the acting process.'),
    dir: text('Any executable in this directory.'),
    recursive: flag('And below it.'),
  }),
  'The rule holds for these programs only.',
);

const ownerOnly = flag('Only the owner of the file is meant: Allow lets the owner alone, Block stops all others.');
const readOnly = flag('Block stops writing only; Allow permits reading only.');
const pts = flag('false: only where the process has a terminal is the rule held against it. BPF-LSM only.');
const dir: Schema = { type: 'string', pattern: DIRECTORY, description: 'Absolute, with its final slash.' };
const recursive = flag('And everything below it; otherwise only what lies directly in it.');
const pattern = text('AppArmor globbing. BPF-LSM skips it in silence.');

const rules = (properties: Schema, required: readonly string[], description: string): Schema =>
  list(object({ ...properties, ...verdict }, required), description);

const process = object({
  ...verdict,
  matchPaths: rules(
    {
      path: filePath('The executable, as the kernel resolves it: no links.'),
      execname: {
        type: 'string',
        pattern: '^[^\\/]+$',
        description: 'File name of the executable, in any directory.',
      },
      ownerOnly,
      allowedArgs: {
        ...list({ type: 'string' }, 'With Block: the only arguments it may have.'),
        maxItems: 20,
      },
      fromSource,
      pts,
    },
    [],
    'Single executables.',
  ),
  matchDirectories: rules({ dir, recursive, ownerOnly, fromSource, pts }, ['dir'], 'Executables of a directory.'),
  matchPatterns: rules({ pattern, ownerOnly }, ['pattern'], 'Executables by glob; AppArmor only.'),
});

const file = object({
  ...verdict,
  matchPaths: rules(
    { path: filePath('The file, as the kernel resolves it: no links.'), readOnly, ownerOnly, fromSource, pts },
    ['path'],
    'Single files.',
  ),
  matchDirectories: rules({ dir, readOnly, recursive, ownerOnly, fromSource, pts }, ['dir'], 'Files of a directory.'),
  matchPatterns: rules({ pattern, readOnly, ownerOnly }, ['pattern'], 'Files by glob; AppArmor only.'),
});

/** A host rule on network or capabilities must name its source, and knows no pts. */
function network(host: boolean): Schema {
  const protocol = {
    type: 'string',
    pattern: `(${PROTOCOLS.flatMap((name) => [name, name.toUpperCase()]).join('|')})$`,
    description: PROTOCOLS.join(', '),
  };
  return object({
    ...verdict,
    matchProtocols: rules(
      { protocol, fromSource, ...(host ? {} : { pts }) },
      host ? ['fromSource', 'protocol'] : ['protocol'],
      'Sockets by protocol or type.',
    ),
    matchDNSQueries: rules(
      { domain: text('The name, its subdomains included.'), fromSource },
      ['domain'],
      'DNS queries over UDP; BPF-LSM only.',
    ),
  });
}

function capabilities(host: boolean): Schema {
  const capability = {
    type: 'string',
    pattern: `(${CAPABILITIES.join('|')})$`,
    description: 'Lower case, without CAP_.',
  };
  return object({
    ...verdict,
    matchCapabilities: rules(
      { capability, fromSource },
      host ? ['capability', 'fromSource'] : ['capability'],
      'Use of capabilities.',
    ),
  });
}

const syscall = list({ type: 'string', enum: SYSCALLS }, 'Names of system calls.');
const syscalls = object({
  ...verdictWithoutAction,
  matchSyscalls: list(object({ syscall, fromSource: syscallSource }), 'System calls; reported, never blocked.'),
  matchPaths: list(
    object({
      path: {
        type: 'string',
        pattern: `(${FILE_PATH})|(${DIRECTORY})`,
        description: 'What the call is made on: a file, or a directory with its final slash.',
      },
      recursive: flag('And everything below the directory.'),
      syscall,
      fromSource: syscallSource,
    }),
    'System calls on a path; reported, never blocked.',
  ),
});

const int32: Schema = { type: 'integer', format: 'int32' };
const device = object({
  ...verdict,
  matchDevice: rules(
    {
      class: text('USB class: a name, a number, 0x and hexadecimal, or ALL.'),
      subClass: int32,
      protocol: int32,
      level: { ...int32, minimum: 1, description: 'Depth in the USB tree; 1 is a port of the host.' },
    },
    ['class'],
    'USB devices.',
  ),
});

const presets = list(
  object({ name: text('anonymousMapExec, filelessExec, protectEnv, exec or protectProc.'), action }),
  'Protections that KubeArmor brings along; BPF-LSM only.',
);

/** The sections of a container policy's spec, without its selector. */
export const containerSections: Schema = {
  ...verdict,
  process,
  file,
  network: network(false),
  capabilities: capabilities(false),
  syscalls,
  presets,
  apparmor: text('Raw AppArmor rules.'),
};

/** The sections of a host policy's spec, without its selector. */
export const hostSections: Schema = {
  ...verdict,
  process,
  file,
  network: network(true),
  capabilities: capabilities(true),
  syscalls,
  device,
  apparmor: text('Raw AppArmor rules.'),
};
