/**
 * One KubeArmor event in one spelling, whichever stream or file it came from (reference/kubearmor.md §2.1, §5).
 * normalise.ts makes them; evaluate.ts judges them; the agent attributes, merges and fans them out.
 */

export type EventOrigin = 'alert' | 'log';

export type EventCategory =
  | 'process'
  | 'file'
  | 'network'
  | 'dns'
  | 'capabilities'
  | 'syscall'
  | 'device'
  | 'throttle'
  | 'other';

/** Who acted. Paths are those of executables, without arguments; ids are the container's own where KubeArmor knows them. */
export interface Actor {
  /** Of an exec: the new program. Empty where KubeArmor did not know it (runc on its way into a container, say). */
  readonly executable: string;
  readonly parentExecutable: string;
  /** As KubeArmor's `Source`: command line of the acting process; of an exec, the path of the parent. */
  readonly commandLine: string;
  readonly pid: number;
  readonly ppid: number;
  readonly hostPid: number;
  readonly hostPpid: number;
  readonly uid: number;
  readonly cwd: string;
  /** `pts0`; empty without a terminal. */
  readonly tty: string;
  /** Set for processes that entered the container from outside (`docker exec`). */
  readonly execId?: string;
}

export interface ContainerRef {
  readonly id: string;
  readonly name: string;
  readonly image: string;
}

/** What an event was about, by category. */
export interface NetworkPeer {
  readonly address?: string;
  readonly port?: number;
  /** AF_INET, AF_INET6, AF_UNIX …: the address family, never a DNS name (both are called Domain in EventData). */
  readonly family?: string;
  /** Lower case: tcp, udp, icmp, icmpv6, sctp, raw …; absent for families that have none (AF_UNIX, AF_NETLINK …). */
  readonly protocol?: string;
  /** As the caller of socket() gave it: 0 means the type's own. Absent where KubeArmor does not say. */
  readonly protocolNumber?: number;
  /** SOCK_STREAM, SOCK_DGRAM …, without flags. */
  readonly socketType?: string;
  readonly direction?: 'connect' | 'accept' | 'bind' | 'listen' | 'create' | 'send';
}

export interface DnsQuery {
  readonly domain: string;
  readonly type?: string;
}

/** A USB device as KubeArmor's device handler reports it (reference/kubearmor.md §4.7). */
export interface UsbDevice {
  readonly class: number;
  readonly subClass: number;
  readonly protocol: number;
  readonly level: number;
}

export interface SecurityEvent {
  readonly origin: EventOrigin;
  readonly category: EventCategory;
  /** Microseconds since the epoch, from UpdatedTime. */
  readonly timeMicros: number;
  readonly host: string;
  readonly nodeId: string;
  /** Absent for events of the host. */
  readonly container?: ContainerRef;
  readonly actor: Actor;
  /** As KubeArmor wrote it: path, command line or socket text. */
  readonly resource: string;
  /** File and process events: the path alone, without arguments. */
  readonly path?: string;
  /** Process events: the arguments behind the path. */
  readonly args?: readonly string[];
  /** File events: whether the access can write (from flags or the LSM hook); absent where the event does not tell. */
  readonly write?: boolean;
  /** Opens: who owns the file. Only KubeArmor's stdout JSON says (`oid`). */
  readonly ownerUid?: number;
  readonly network?: NetworkPeer;
  readonly dns?: DnsQuery;
  readonly device?: UsbDevice;
  /** Lower case without `cap_`. */
  readonly capability?: string;
  /** Lower case without `SYS_`. */
  readonly syscall?: string;
  /** The LSM hook without prefix: FILE_OPEN, SECURITY_BPRM_CHECK … */
  readonly lsm?: string;
  readonly data: string;
  readonly eventData: Readonly<Record<string, string>>;
  readonly denied: boolean;
  readonly result: string;
  /** Only alerts have the following. */
  readonly policyName?: string;
  readonly severity?: number;
  readonly tags: readonly string[];
  readonly message?: string;
  readonly action?: string;
  readonly enforcer?: string;
  /** Throttle notices. */
  readonly throttle?: { readonly maxAlertsPerSecond: number; readonly silentSeconds: number };
}
