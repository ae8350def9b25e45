/** What KubeArmor's BPF programs answer, walking the map of kernel-map.ts as they do. */
import type { PostureAction } from '#policy/evaluate.ts';
import {
  CAPABILITIES,
  DENY,
  DIR,
  type Entry,
  EXEC,
  get,
  HINT,
  type KernelMap,
  kernelKey,
  OWNER,
  PTS,
  READ,
  RECURSIVE,
  SIZE,
  WRITE,
} from './kernel-map.ts';

export interface Answer {
  readonly deny: boolean;
  readonly notice: boolean;
}

interface Found {
  readonly mask: number;
}

/** The walks of enforcer.bpf.c and shared.h, which differ in how they break off. */
function find(map: KernelMap, index: 0 | 1, path: Buffer, source: Buffer, name: Buffer | undefined): Found | undefined {
  const wanted = index === 0 ? EXEC : READ;
  const none = Buffer.alloc(0);
  for (const from of [source, none]) {
    const entity = get(map.entries, kernelKey(path, from));
    if (entity !== undefined && entity.mask[index] & wanted) return { mask: entity.mask[index] };
    if (from === none && name !== undefined) {
      const named = get(map.entries, kernelKey(name, none));
      if (named !== undefined && named.mask[index] & wanted) return { mask: named.mask[index] };
    }
    let match = false;
    let hinted: Entry | undefined;
    let last: Entry | undefined;
    for (let i = 0; i < 64; i++) {
      if (path[i] === undefined) break;
      if (path[i] !== 0x2f) continue;
      match = false;
      last = get(map.entries, kernelKey(path.subarray(0, i + 1), from));
      if (last === undefined) break;
      const mask = last.mask[index];
      if (mask & DIR && mask & wanted) {
        match = true;
        if (!(mask & RECURSIVE)) continue;
        if (!(mask & HINT)) return { mask };
        hinted = last;
        continue;
      }
      if (index === 0 && from === none && !(mask & HINT)) break;
    }
    if (hinted !== undefined) return { mask: hinted.mask[index] };
    if (match && last !== undefined) return { mask: last.mask[index] };
  }
  return undefined;
}

export interface Subject {
  readonly path: string;
  readonly source: string;
  readonly owner: boolean;
  readonly tty: boolean;
}

const cut = (path: string): Buffer => Buffer.from(path).subarray(0, SIZE - 1);

export function execAnswer(map: KernelMap, subject: Subject, posture: PostureAction): Answer {
  const path = cut(subject.path);
  const name = Buffer.from(subject.path.slice(subject.path.lastIndexOf('/') + 1)).subarray(0, SIZE - 1);
  const found = find(map, 0, path, cut(subject.source), name);
  let deny = false;
  if (found !== undefined) {
    const { mask } = found;
    if (mask & PTS && subject.tty) deny = true;
    if (mask & OWNER) {
      if (subject.owner) return { deny: false, notice: false };
      deny = true;
    }
    if (mask & DENY && !(mask & PTS)) deny = true;
    return { deny, notice: deny };
  }
  if (!map.processList) return { deny: false, notice: false };
  return { deny: posture === 'block', notice: true };
}

export function fileAnswer(
  map: KernelMap,
  hook: 'open' | 'change' | 'write',
  subject: Subject,
  posture: PostureAction,
): Answer {
  const found = find(map, 1, cut(subject.path), cut(subject.source), undefined);
  const pass = { deny: false, notice: false };
  const refuse = { deny: true, notice: true };
  if (found !== undefined) {
    const { mask } = found;
    const readOnly = (mask & READ) !== 0 && !(mask & WRITE);
    if (mask & OWNER) {
      if (!subject.owner) return refuse;
      if (hook !== 'write') return pass;
    }
    if (hook === 'open' && readOnly) return pass;
    if (hook === 'write' && readOnly) return refuse;
    if (hook !== 'write' && mask & DENY && (!(mask & PTS) || subject.tty)) return refuse;
    if (map.fileList && mask & PTS) return { deny: subject.tty, notice: true };
    return pass;
  }
  if (!map.fileList) return pass;
  return { deny: posture === 'block', notice: true };
}

/** @returns also how the hook's event prints the socket: by the key that matched, or the last looked up */
export function socketAnswer(
  map: KernelMap,
  socket: { readonly type: number; readonly protocol: number; readonly source: string; readonly tty: boolean },
  posture: PostureAction,
): Answer & { readonly printed: string } {
  let { protocol } = socket;
  if (protocol === 0 && socket.type === 1) protocol = 6;
  if (protocol === 0 && socket.type === 2) protocol = 17;
  if (protocol === 0 && socket.type === 5) protocol = 132;
  const source = cut(socket.source);
  const byType = Buffer.from([2, socket.type]);
  const byProtocol = Buffer.from([3, protocol]);
  const names: Record<number, string> = { 1: 'STREAM', 2: 'DGRAM', 3: 'RAW', 5: 'SEQPACKET' };
  const protocols: Record<number, string> = {
    0: 'HOPOPT',
    1: 'protocol=ICMP type=SOCK_RAW',
    6: 'protocol=TCP type=SOCK_STREAM',
    17: 'protocol=UDP type=SOCK_DGRAM',
    132: 'protocol=SCTP type=SOCK_STREAM|SOCK_SEQPACKET',
  };
  for (const from of [source, Buffer.alloc(0)]) {
    for (const path of [byType, byProtocol]) {
      const entry = get(map.entries, kernelKey(path, from));
      if (entry === undefined) continue;
      const printed = path === byType ? `type=SOCK_${names[socket.type]}` : (protocols[protocol] ?? '');
      const [mask] = entry.mask;
      if (mask & DENY && (!(mask & PTS) || socket.tty)) return { deny: true, notice: true, printed };
      if (map.networkList && posture === 'block') {
        return { deny: (mask & PTS) !== 0 && socket.tty, notice: true, printed };
      }
      return { deny: false, notice: false, printed };
    }
  }
  const printed = protocols[protocol] ?? '';
  if (!map.networkList) return { deny: false, notice: false, printed };
  return { deny: posture === 'block', notice: true, printed };
}

export function dnsAnswer(map: KernelMap, domain: string, source: string, posture: PostureAction): Answer {
  for (const from of [cut(source), Buffer.alloc(0)]) {
    let name = domain.slice(0, 63);
    for (let label = 0; label <= 10; label++) {
      const entry = get(map.entries, kernelKey(Buffer.from(name), from));
      if (entry !== undefined) {
        const deny = (entry.mask[0] & DENY) !== 0;
        return { deny, notice: deny || map.dnsList };
      }
      const dot = name.indexOf('.');
      if (dot < 0) break;
      name = name.slice(dot + 1);
    }
  }
  if (!map.dnsList) return { deny: false, notice: false };
  return { deny: posture === 'block', notice: true };
}

export function capabilityAnswer(map: KernelMap, name: string, source: string, posture: PostureAction): Answer {
  const path = Buffer.from([200, CAPABILITIES[name.toUpperCase()] ?? 0]);
  for (const from of [cut(source), Buffer.alloc(0)]) {
    const entry = get(map.entries, kernelKey(path, from));
    if (entry !== undefined) {
      const deny = (entry.mask[0] & DENY) !== 0;
      return { deny, notice: deny };
    }
  }
  if (!map.capabilityList) return { deny: false, notice: false };
  return { deny: posture === 'block', notice: true };
}
