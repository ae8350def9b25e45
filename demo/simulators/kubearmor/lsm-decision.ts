import type { FileHook, LsmCall, Process } from './process.ts';
import {
  ARGUMENTS,
  DENY,
  lookUpDirectory,
  lookUpPath,
  OWNER,
  type Posture,
  PROTOCOLS,
  type RuleMap,
  type RuleTable,
  ruleKey,
  SOCKET_TYPES,
  TERMINAL,
  WRITE,
} from './rule-map.ts';

/** What KubeArmor's BPF programs make of a hook: whether it is denied, and whether an event says so. */
export interface LsmDecision {
  readonly denied: boolean;
  /** Absent: silence. The event's resource where the hook's own subject is not it. */
  readonly event?: { readonly resource: string };
}

export interface Postures {
  readonly file: Posture;
  readonly network: Posture;
  readonly capabilities: Posture;
}

const SILENT_PASS: LsmDecision = { denied: false };

/** The decision of a container's rules on one call (reference/kubearmor.md §4.5). */
export function decide(rules: RuleMap, postures: Postures, process: Process, call: LsmCall): LsmDecision {
  switch (call.hook) {
    case 'SECURITY_BPRM_CHECK':
      return decideExec(rules, postures.file, process, call);
    case 'SOCKET_CREATE':
    case 'SOCKET_CONNECT':
    case 'SOCKET_ACCEPT':
      return decideSocket(rules.network, postures.network, process, call.type, call.protocol);
    case 'SOCKET_SENDMSG':
      return decideDns(rules.dns, postures.network, process, call.domain);
    case 'CAPABLE':
      return decideCapability(rules.capabilities, postures.capabilities, process, call.capability);
    case 'PRESET':
      return SILENT_PASS;
    default:
      return decideFile(rules.file, postures.file, process, call);
  }
}

function decideExec(
  { process: table, allowedArguments }: RuleMap,
  posture: Posture,
  process: Process,
  { file, args }: Extract<LsmCall, { hook: 'SECURITY_BPRM_CHECK' }>,
): LsmDecision {
  const { path } = file;
  const shortName = path.slice(path.lastIndexOf('/') + 1);
  const ways = [
    [ruleKey(path, process.parentExecutable), lookUpPath(table, path, process.parentExecutable)],
    [ruleKey(path), table.rules.get(ruleKey(path))],
    [ruleKey(shortName), table.rules.get(ruleKey(shortName))],
    [ruleKey(path), lookUpDirectory(table, path, '')],
  ] as const;
  const [key, mask] = ways.find(([, found]) => found !== undefined) ?? ['', undefined];
  if (mask === undefined) return unlisted(table, posture, path);
  if (mask & ARGUMENTS && argumentsFit(args, allowedArguments.get(key) ?? [])) return SILENT_PASS;
  if (mask & OWNER) return file.owner === process.uid && !(mask & ARGUMENTS) ? SILENT_PASS : denied(path);
  if (mask & TERMINAL) return process.tty === '' ? SILENT_PASS : denied(path);
  return mask & DENY ? denied(path) : SILENT_PASS;
}

/** Up to 20 with the program's own name, each one listed; none at all does not fit. */
function argumentsFit(args: readonly string[], allowed: readonly string[]): boolean {
  return args.length > 0 && args.length < 20 && args.every((arg) => allowed.includes(arg));
}

function decideFile(
  table: RuleTable,
  posture: Posture,
  process: Process,
  { hook, file, uid }: Extract<LsmCall, { hook: FileHook }>,
): LsmDecision {
  // The root's own path cannot be read in the kernel: nothing is decided on it, and nothing told.
  if (file.path === '/') return SILENT_PASS;
  const mask = lookUpPath(table, file.path, process.executable) ?? lookUpPath(table, file.path, '');
  if (mask === undefined) return unlisted(table, posture, file.path);
  const owner = hook === 'FILE_MKNOD' || hook === 'FILE_MKDIR' ? file.parentOwner : file.owner;
  const readOnly = !(mask & WRITE);
  if (hook === 'FILE_PERMISSION') {
    // Writing: everything else was decided when the file was opened.
    return (mask & OWNER && owner !== uid) || readOnly ? denied(file.path) : SILENT_PASS;
  }
  if (mask & OWNER) return owner === uid ? SILENT_PASS : denied(file.path);
  if (hook === 'FILE_OPEN' && readOnly) return SILENT_PASS;
  if (mask & TERMINAL) return process.tty !== '' && mask & DENY ? denied(file.path) : SILENT_PASS;
  return mask & DENY ? denied(file.path) : SILENT_PASS;
}

const TYPE_NAMES = new Map(Object.entries(SOCKET_TYPES).map(([name, type]) => [type, name]));

function decideSocket(
  table: RuleTable,
  posture: Posture,
  process: Process,
  type: number,
  protocol: number,
): LsmDecision {
  const byType = `type:${type}`;
  const byProtocol = `protocol:${protocolOf(type, protocol)}`;
  const ways = [
    [byType, process.executable],
    [byProtocol, process.executable],
    [byType, ''],
    [byProtocol, ''],
  ] as const;
  const found = ways.find(([key, source]) => table.rules.has(ruleKey(key, source)));
  if (found === undefined) return unlisted(table, posture, socketText(byProtocol));
  const [key, source] = found;
  const mask = table.rules.get(ruleKey(key, source)) ?? 0;
  // Under posture block an allowed socket raises an event that nobody sees, but that counts towards throttling.
  if (!(mask & DENY)) return table.whitelist && posture === 'block' ? passedWith(socketText(key)) : SILENT_PASS;
  return mask & TERMINAL && process.tty === '' ? SILENT_PASS : denied(socketText(key));
}

/** The protocol that a socket of this type and protocol speaks; 0 is the type's own. */
function protocolOf(type: number, protocol: number): number {
  if (protocol !== 0) return protocol;
  if (type === SOCKET_TYPES.STREAM) return PROTOCOLS.TCP ?? 0;
  if (type === SOCKET_TYPES.DGRAM) return PROTOCOLS.UDP ?? 0;
  return type === SOCKET_TYPES.SEQPACKET ? (PROTOCOLS.SCTP ?? 0) : 0;
}

const PROTOCOL_TEXTS: Readonly<Record<string, string>> = {
  'protocol:0': 'HOPOPT',
  'protocol:1': 'protocol=ICMP type=SOCK_RAW',
  'protocol:6': 'protocol=TCP type=SOCK_STREAM',
  'protocol:17': 'protocol=UDP type=SOCK_DGRAM',
  'protocol:58': 'protocol=IPv6-ICMP type=SOCK_RAW',
  'protocol:132': 'protocol=SCTP type=SOCK_STREAM|SOCK_SEQPACKET',
};

/** What the event names: the rule's key in words, whatever the socket's type really was. */
function socketText(key: string): string {
  const [kind, number = ''] = key.split(':');
  if (kind === 'type') return `type=SOCK_${TYPE_NAMES.get(Number(number)) ?? number}`;
  return PROTOCOL_TEXTS[key] ?? number;
}

/** Exact, or any parent domain (§4.9). */
function decideDns(table: RuleTable, posture: Posture, process: Process, domain: string): LsmDecision {
  const labels = domain.split('.');
  const names = labels.map((_, index) => labels.slice(index).join('.'));
  const keys = [process.executable, ''].flatMap((source) => names.map((name) => ruleKey(name, source)));
  const found = keys.find((key) => table.rules.has(key));
  if (found === undefined) return unlisted(table, posture, domain);
  if ((table.rules.get(found) ?? 0) & DENY) return denied(domain);
  return table.whitelist ? passedWith(domain) : SILENT_PASS;
}

function decideCapability(table: RuleTable, posture: Posture, process: Process, code: number): LsmDecision {
  const key = String(code);
  const mask = table.rules.get(ruleKey(key, process.executable)) ?? table.rules.get(ruleKey(key));
  if (mask === undefined) return unlisted(table, posture, '');
  return mask & DENY ? denied('') : SILENT_PASS;
}

/** Nothing names it: silence, unless Allow rules make a whitelist; then posture decides, and an event comes anyway. */
function unlisted(table: RuleTable, posture: Posture, resource: string): LsmDecision {
  return table.whitelist ? { denied: posture === 'block', event: { resource } } : SILENT_PASS;
}

function passedWith(resource: string): LsmDecision {
  return { denied: false, event: { resource } };
}

function denied(resource: string): LsmDecision {
  return { denied: true, event: { resource } };
}
