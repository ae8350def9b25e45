import type { EventRecord } from './event-record.ts';
import type { FeederRule } from './feeder-rules.ts';

/** The single questions that the feeder asks when it attributes an event (see feeder-match.ts). */

/** A process or file rule's source is the acting program, or its parent. */
export function matchesSource(event: EventRecord, source: string): boolean {
  return source === event.parentProcessName || source === event.processName;
}

export function matchesPath(event: EventRecord, rule: FeederRule): boolean {
  switch (rule.kind) {
    case 'Glob':
      return matchesGlob(rule.resource, event.resource) || matchesGlob(rule.resource, event.processName);
    case 'ExecName':
      return event.processName.endsWith(`/${rule.resource}`);
    case 'Path':
      return rule.resource === subjectOf(event);
    default:
      return matchesDirectory(event, rule);
  }
}

/** What a path rule is about: the program that was started, or the file without what follows a blank. */
function subjectOf(event: EventRecord): string {
  return event.operation === 'Process' ? event.processName : (event.resource.split(' ')[0] ?? '');
}

function matchesDirectory(event: EventRecord, { resource, recursive, operation }: FeederRule): boolean {
  const directory = directoryOf(subjectOf(event));
  const depth = slashes(directory) - slashes(resource);
  if (directory.startsWith(resource) && (recursive ? depth >= 0 : depth === 0)) return true;
  // The directory itself was opened; or the rule is for everything.
  return operation === 'File' && (resource === `${event.resource}/` || (resource === '/' && recursive === true));
}

/** With its slash; of something right below the root it has two. */
function directoryOf(path: string): string {
  if (!path.startsWith('/')) return '';
  return `${path.slice(0, path.lastIndexOf('/')) || '/'}/`;
}

function slashes(path: string): number {
  return path.split('/').length - 1;
}

/** As Go's filepath.Match: `*` and `?` stop at a slash. */
function matchesGlob(pattern: string, path: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  try {
    return new RegExp(`^${expression}$`).test(path);
  } catch {
    return false;
  }
}

/** Whether readOnly, ownerOnly and pts let the rule speak about this event. */
export function matchesFlags(event: EventRecord, rule: FeederRule): boolean {
  const reads = event.data.includes('O_RDONLY');
  const owns = event.uid === event.ownerId;
  const allow = rule.action.includes('Allow');
  if (rule.readOnly && event.resource !== '' && rule.ownerOnly) return reads && owns ? allow : true;
  if (rule.readOnly && event.resource !== '') return reads ? allow : true;
  if (rule.ownerOnly) return owns ? allow : true;
  return rule.pts === false ? event.tty !== '' : true;
}

const PROTOCOL_OF: readonly (readonly [name: string, matches: (resource: string) => boolean])[] = [
  [
    'tcp',
    (text) => text.includes('protocol=TCP') || (text.includes('SOCK_STREAM') && text.includes('protocol=HOPOPT')),
  ],
  ['udp', (text) => text.includes('protocol=UDP') || (text.includes('SOCK_DGRAM') && text.includes('protocol=HOPOPT'))],
  ['icmpv6', (text) => text.includes('protocol=IPv6-ICMP')],
  ['icmp', (text) => text.includes('protocol=ICMP')],
  ['sctp', (text) => text.includes('protocol=SCTP')],
  ['raw', (text) => text.includes('SOCK_RAW')],
  ['stream', (text) => text.includes('SOCK_STREAM')],
  ['dgram', (text) => text.includes('SOCK_DGRAM')],
  ['rdm', (text) => text.includes('SOCK_RDM')],
  ['seqpacket', (text) => text.includes('SOCK_SEQPACKET')],
  ['dccp', (text) => text.includes('SOCK_DCCP')],
  ['packet', (text) => text.includes('SOCK_PACKET')],
];

/** The protocol that a socket's description stands for: one name only, so a rule for `stream` misses a tcp socket. */
export function protocolOf(resource: string): string {
  return PROTOCOL_OF.find(([, matches]) => matches(resource))?.[0] ?? resource;
}

/** The domain, a parent of what was asked for, or what a search path made of either. */
export function matchesDns(event: EventRecord, domain: string): boolean {
  const asked = /(?:^| )domain=(\S*)/.exec(event.data)?.[1] ?? event.resource;
  const labels = asked.toLowerCase().split('.');
  return labels
    .map((_, index) => labels.slice(index).join('.'))
    .some((name) => name === domain || name.startsWith(`${domain}.`));
}

export function matchesSyscall(event: EventRecord, rule: FeederRule): boolean {
  const call = /SYS_(\S+)/.exec(event.data.split(' ')[0] ?? '')?.[1];
  if (call !== rule.syscall) return false;
  if (rule.source !== undefined && !isFrom(event.source.split(' ')[0] ?? '', rule.source, rule.recursive)) return false;
  return rule.resource === '' || isOn(event.resource, rule.resource, rule.pathRecursive);
}

function isFrom(program: string, source: string, recursive: boolean | undefined): boolean {
  if (source === program) return true;
  if (!source.endsWith('/') || !program.startsWith(source)) return false;
  return recursive === true || !program.slice(source.length).includes('/');
}

function isOn(resource: string, path: string, recursive: boolean | undefined): boolean {
  if (path === resource) return true;
  return path.endsWith('/') && ((recursive === true && resource.startsWith(path)) || path === `${resource}/`);
}
